"""A till whose gateway is healthy, slow or gone: what passes is unchanged, and a yes or no of ours looks like the gateway's."""
import urllib.parse

from gateways import CARD, DECLINED_CARD, FORM, TillScenario, fields_of, headers_in, request_bytes, sale_body
from harness import ask, eventually


class HealthyGateway(TillScenario):
    def pass_through(self, body: bytes, **headers: str) -> tuple[dict[str, str], bytes, dict[str, str], bytes]:
        """What the gateway was sent, and what the client got of what the gateway answered: heads and bodies."""
        listener = self.listened_to()
        self.standin.start()
        connection = self.standin.connect()
        connection.sendall(request_bytes(body, **headers))
        connection.settimeout(10)
        got = b""
        while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < int(headers_in(got.split(b"\r\n\r\n", 1)[0])["Content-Length"]):
            got += connection.recv(65536)
        connection.close()
        head, answer = got.split(b"\r\n\r\n", 1)
        sent_headers, sent = listener.last_request()
        gateway_headers, gateway_answer = listener.last_answer()
        self.assertEqual(answer, gateway_answer)
        mine = headers_in(head)
        self.assertEqual({name: mine.get(name) for name in gateway_headers if name != "Connection"},
                         {name: value for name, value in gateway_headers.items() if name != "Connection"})
        return sent_headers, sent, mine, answer

    def test_a_sale_passes_byte_for_byte_but_for_the_deadline_field(self):
        body = b"UMname=J%f6rg+%C3%9Fen&umKEY=sandbox&UMcustom1=a%20b+c%2b&UMcommand=cc%3Asale&UMamount=25.00&UMcard=" + CARD.encode() + b"&UMexpir=12%2F30&UMinvoice=17&UMcvv2=123&=x&flag"
        headers, sent, answered, answer = self.pass_through(body, User_Agent="till/1.0", Accept_Language="de")
        self.assertEqual(sent, body + b"&UMtimeout=2")
        self.assertEqual({name: headers[name] for name in ("User-Agent", "Accept-Language", "Content-Type")},
                         {"User-Agent": "till/1.0", "Accept-Language": "de", "Content-Type": FORM})
        self.assertIn("Standin-Key", headers)
        self.assertIn("X-Request-Id", headers)

    def test_a_shorter_deadline_of_the_client_is_kept(self):
        body = sale_body(UMtimeout="1")
        self.assertEqual(self.pass_through(body)[1], body)

    def test_a_longer_deadline_of_the_client_is_replaced_where_it_stood(self):
        sent = self.pass_through(sale_body(UMtimeout="60", UMip="203.0.113.9"))[1]
        self.assertEqual(sent, sale_body(UMtimeout="2", UMip="203.0.113.9"))

    def test_where_we_would_decline_the_gateway_is_to_undo_what_comes_too_late(self):
        self.configuration.change("route.till", deadline='"2s"')
        sent = self.pass_through(sale_body(UMamount="150.00"))[1]
        self.assertEqual(sent, sale_body(UMamount="150.00") + b"&UMtimeout=1")

    def test_what_is_no_charge_passes_byte_for_byte(self):
        self.configuration.change("server", threads="1")
        listener = self.listened_to()
        self.standin.start()
        sale = self.sale("7", UMcommand="authonly")
        for body in (
            f"UMkey=sandbox-fold&UMcommand=capture&UMrefNum={sale['UMrefNum']}&UMamount=20.00".encode(),
            f"UMkey=sandbox-fold&UMcommand=void&UMrefNum={sale['UMrefNum']}".encode(),
            b"UMkey=sandbox&UMcommand=cc%3Afrobnicate&UMnonsense=1&UMnonsense2=%20",
            b"UMkey=sandbox&UMcommand=cc:save&UMcard=" + CARD.encode() + b"&UMexpir=1230",
            b"UMkey=sandbox&UMcommand=cc:sale&UMamount=0.00&UMtestmode=1",
        ):
            with self.subTest(body):
                listener.forget()
                answer = self.send(body)
                self.assertEqual(listener.last_request()[1], body)
                self.assertEqual(answer.body, listener.last_answer()[1])

    def test_a_decline_is_passed_on_and_the_next_try_is_a_new_one(self):
        self.standin.start()
        declined = self.sale(UMcard=DECLINED_CARD)
        self.assertEqual((declined["UMresult"], declined["UMerrorcode"]), ("D", "10251"))
        self.assertEqual(self.sale(UMcard=DECLINED_CARD)["UMrefNum"], str(int(declined["UMrefNum"]) + 1))
        self.assert_by_the_gateway(self.sale())
        self.assertEqual(self.counts(), {"declined": 2, "settled": 1})
        self.assertEqual(self.standin.exposure(), 0)

    def test_the_same_sale_again_is_given_its_answer_without_asking_the_gateway(self):
        self.standin.start()
        first = self.send(sale_body(UMkey="sandbox"))
        self.standin.restart()
        self.assertEqual(self.send(sale_body(UMkey="sandbox")).body, first.body)
        self.assertEqual(len(self.gateway.payments()), 1)


class GatewayGone(TillScenario):
    def test_an_approval_of_ours_looks_like_the_gateways(self):
        self.standin.start()
        theirs = self.send(sale_body("1"))
        self.gateway.gone()
        ours = self.send(sale_body("2"))
        self.assert_stood_in_for(fields_of(ours))
        self.assertEqual(set(fields_of(ours)), set(fields_of(theirs)))
        for name in ("UMversion", "UMstatus", "UMresult", "UMerror", "UMerrorcode", "UMauthAmount", "UMisDuplicate"):
            self.assertEqual(fields_of(ours)[name], fields_of(theirs)[name], name)
        self.assert_same_form(ours, theirs)

    def test_a_decline_of_ours_looks_like_the_gateways(self):
        self.standin.start()
        theirs = self.send(sale_body("1", UMcard="4000300011112220"))
        self.gateway.gone()
        ours = self.send(sale_body("2", UMamount="100.01"))
        self.assertEqual(set(fields_of(ours)), set(fields_of(theirs)))
        for name in ("UMversion", "UMstatus", "UMresult", "UMerror", "UMerrorcode", "UMauthCode"):
            self.assertEqual(fields_of(ours)[name], fields_of(theirs)[name], name)
        self.assert_same_form(ours, theirs)

    def assert_same_form(self, ours, theirs) -> None:
        self.assertEqual(ours.status, theirs.status)
        self.assertEqual(ours.header("Content-Type"), theirs.header("Content-Type"))
        for answer in (ours, theirs):
            self.assertEqual(int(answer.header("Content-Length")), len(answer.body))
            self.assertNotIn(b"\n", answer.body)
        # Who asked is told which one answered by nothing that only we send.
        self.assertEqual([name for name, _ in ours.headers if name.lower().startswith("standin")], [])

    def test_the_same_sale_again_is_given_the_same_yes(self):
        self.gateway.gone()
        self.standin.start()
        first = self.send(sale_body())
        self.assertEqual(self.send(sale_body()).body, first.body)
        self.standin.restart()
        self.assertEqual(self.send(sale_body()).body, first.body)
        self.assertEqual(self.standin.states(), {"accepted": 1})
        self.assertEqual(self.standin.exposure(), 2500)

    def test_the_same_order_with_other_details_is_told_so(self):
        self.gateway.gone()
        self.standin.start()
        self.assert_stood_in_for(self.sale())
        other = self.sale(UMname="Somebody Else")
        self.assertEqual((other["UMresult"], other["UMerrorcode"]), ("E", "10129"))
        self.assertEqual(self.standin.states(), {"accepted": 1})

    def test_with_stand_in_off_the_client_hears_the_gateways_own_word_for_it(self):
        self.configuration.change("route.till", mode='"off"')
        self.gateway.gone()
        self.standin.start()
        answer = self.sale()
        self.assertEqual((answer["UMresult"], answer["UMerrorcode"]), ("E", "00018"))
        self.wait_for_counts({"lapsed": 1})

    def test_at_the_cap_the_answer_is_no(self):
        self.configuration.change("policy.till", exposure='{ total = ["50.00 USD", "1.00 GBP"] }')
        self.gateway.gone()
        self.standin.start()
        self.assert_stood_in_for(self.sale("1"))
        self.assert_stood_in_for(self.sale("2"))
        self.assertEqual(self.sale("3")["UMresult"], "D")
        self.assertEqual(self.standin.exposure(), 5000)


class SeveralLocations(TillScenario):
    def test_with_one_gone_every_sale_is_made_at_the_other(self):
        self.gateway.faults({"fault": "refuse", "location": 1})
        self.standin.start()
        for number in range(6):
            self.assert_by_the_gateway(self.sale(str(number)))
        self.assertEqual({payment["location"] for payment in self.gateway.payments()}, {2})
        self.assertEqual(self.counts(), {"settled": 6})
        self.assertEqual(self.standin.metric("standin_stand_ins_total"), 0)

    def test_one_that_comes_back_is_used_again_when_its_errors_are_forgotten(self):
        self.configuration.change("upstream.cardgate", forget_errors_after='"500ms"')
        self.gateway.faults({"fault": "refuse", "location": 1})
        self.standin.start()
        for number in range(3):
            self.sale(str(number))
        self.gateway.faults()

        def made_at_the_first() -> bool:
            made_at_the_first.number += 1
            self.assert_by_the_gateway(self.sale(str(made_at_the_first.number)))
            return self.gateway.payments()[-1]["location"] == 1

        made_at_the_first.number = 100
        eventually(made_at_the_first, "the first location is chosen again")

    def test_an_answer_that_was_lost_is_asked_for_at_the_other_of_a_party_that_folds(self):
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        answer = self.sale()
        self.assert_by_the_gateway(answer)
        self.assertEqual(answer["UMisDuplicate"], "Y")
        self.assertEqual(self.gateway.standing(), 1)
        self.assertEqual(self.counts(), {"settled": 1})

    def test_an_answer_that_was_lost_is_not_asked_for_again_of_a_party_that_would_charge_again(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assert_stood_in_for(self.sale(UMkey="sandbox"))
        self.assertEqual(self.gateway.standing(), 1)
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.gateway.standing(), 1)

    def test_a_sale_that_forbids_folding_is_not_sent_again(self):
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assert_stood_in_for(self.sale(UMignoreDuplicate="yes"))
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.gateway.standing(), 1)

    def test_ping_says_down_and_then_up_again(self):
        self.configuration.change("upstream.cardgate", health='{ path = "/ping", every = "200ms", timeout = "200ms" }')
        self.standin.start()
        self.wait_for_health("good", "good")
        self.gateway.faults({"fault": "down", "location": 1})
        self.wait_for_health("down", "good")
        for number in range(4):
            self.assert_by_the_gateway(self.sale(str(number)))
        self.assertEqual([payment["location"] for payment in self.gateway.payments()], [2, 2, 2, 2])
        self.gateway.faults({"fault": "down", "location": 1}, {"fault": "refuse", "location": 2})
        self.wait_for_health("down", "out")
        self.assert_by_the_gateway(self.sale("last resort"))
        self.assertEqual(self.gateway.payments()[-1]["location"], 1)
        self.gateway.faults({"fault": "refuse", "location": 2})
        self.wait_for_health("good", "out")
        self.gateway.faults()
        self.wait_for_health("good", "good")
        self.assertEqual(self.standin.metric("standin_stand_ins_total"), 0)

    def wait_for_health(self, *expected: str) -> None:
        seen: list[str] = []

        def arrived() -> bool:
            listed = self.standin.api("GET", "upstreams").json()["targets"]
            in_order = sorted(listed, key=lambda target: self.gateway.ports.index(urllib.parse.urlsplit(target["url"]).port))
            seen[:] = [target["health"] + " " + target["location"] for target in in_order]
            return [target["health"] for target in in_order] == list(expected)

        try:
            eventually(arrived, "")
        except AssertionError:
            self.fail(f"the locations are not {expected}, but {seen}")
