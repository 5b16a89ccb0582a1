"""Charges that may have happened: late answers, lost answers, clients that leave, what was told no and stands all the same."""
import signal
import socket
import time
import urllib.parse

from gateways import FORM, TillScenario, fields_of, request_bytes, sale_body
from harness import Answer, ask, eventually, reset

SLOW = {"fault": "late", "late_ms": 1500}  # longer than an answer is waited for, shorter than it is listened for


class LateAnswers(TillScenario):
    def test_a_slow_approval_of_what_we_accepted_is_adopted(self):
        self.gateway.faults(SLOW)
        self.standin.start()
        answer = self.sale()
        self.assert_stood_in_for(answer)
        self.standin.wait_for_states({"settled": 1})
        payment, = self.gateway.payments()
        self.assertEqual((payment["state"], payment["reversed"]), ("captured", False))
        order = self.standin.only_order()
        self.assertEqual((order["reference"], order["upstream_reference"]), (answer["UMrefNum"], payment["refnum"]))
        self.assertEqual(self.standin.exposure(), 0)
        self.standin.replay()
        self.assertEqual(self.sale(), answer)
        self.assertEqual(self.gateway.standing(), 1)

    def test_a_slow_decline_of_what_we_accepted_is_a_case_for_a_person(self):
        self.gateway.faults(SLOW)
        self.standin.start()
        self.assert_stood_in_for(self.sale(UMcard="4000300011112220"))
        self.standin.wait_for_states({"refused": 1})
        self.assertEqual(len(self.standin.follow_ups()), 1)
        self.assertEqual(self.standin.exposure(), 2500)

    def test_a_slow_approval_of_what_we_declined_is_undone_by_the_gateway_itself(self):
        self.gateway.faults({"fault": "late", "late_ms": 2300})
        self.standin.start()
        self.assertEqual(self.sale(UMamount="150.00")["UMresult"], "D")
        self.wait_for_counts({"reversed": 1})
        payment, = self.gateway.payments()
        self.assertEqual((payment["state"], payment["reversed"], payment["standing"]), ("voided", True, False))

    def test_told_no_and_charged_is_voided(self):
        self.configuration.change("route.till", deadline='"4s"')
        self.gateway.faults(SLOW)
        self.standin.start()
        self.assertEqual(self.sale(UMamount="150.00")["UMresult"], "D")
        self.wait_for_counts({"reversed": 1})
        payment, = self.gateway.payments()
        self.assertEqual((payment["state"], payment["reversed"]), ("voided", False))

    def test_told_no_and_charged_with_the_answer_lost_is_found_and_voided(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assertEqual(self.sale(UMkey="sandbox", UMamount="150.00")["UMresult"], "D")
        self.wait_for_counts({"reversed": 1})
        payment, = self.gateway.payments()
        self.assertEqual(payment["state"], "voided")

    def test_told_no_and_charged_after_the_batch_has_closed_is_for_a_person(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1}, {"fault": "status", "status": 503, "ask": "search"})
        self.standin.start()
        self.assertEqual(self.sale(UMkey="sandbox", UMamount="150.00")["UMresult"], "D")
        self.gateway.control("POST", "close_batch")
        self.gateway.faults()
        eventually(self.standin.follow_ups, "a person has the case")
        self.assertEqual(self.standin.only_order()["state"], "reversing")

    def test_told_no_and_never_charged_ends_without_a_void(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "count": 1})
        self.standin.start()
        self.assertEqual(self.sale(UMkey="sandbox", UMamount="150.00")["UMresult"], "D")
        self.wait_for_counts({"reversed": 1})
        self.assertEqual(self.gateway.payments(), [])

    def test_half_an_answer_two_answers_and_an_error_with_an_approved_body_charge_once(self):
        self.configuration.without_folding()
        self.standin.start()
        for number, fault in enumerate(({"fault": "truncate"}, {"fault": "status", "status": 500, "at": "after"},
                                        {"fault": "error", "error": "00027", "at": "after"})):
            with self.subTest(fault):
                self.gateway.faults(fault | {"count": 1})
                self.assert_stood_in_for(self.sale(f"n{number}", UMkey="sandbox"))
        self.gateway.faults({"fault": "duplicate", "count": 1})
        self.assert_by_the_gateway(self.sale("twice", UMkey="sandbox"))
        self.assert_by_the_gateway(self.sale("next", UMkey="sandbox"))
        self.standin.replay()
        self.standin.wait_for_states({"matched": 3})
        self.assertEqual(self.gateway.standing(), 5)

    def test_a_charge_found_after_sigkill_is_the_retrys_answer(self):
        self.gateway.faults({"fault": "hang", "at": "after"})
        self.configuration.without_folding()
        self.standin.start()
        self.send_and_keep(sale_body(UMkey="sandbox"))
        eventually(self.gateway.payments, "the gateway has charged")
        self.standin.kill()
        self.gateway.faults()
        self.standin.start()
        self.wait_for_counts({"settled": 1})
        answer = self.sale(UMkey="sandbox")
        self.assert_approved(answer)
        self.assertEqual(answer["UMrefNum"], self.gateway.payments()[0]["refnum"])
        self.assertEqual(self.gateway.standing(), 1)

    def test_after_sigkill_the_charge_stays_bound_to_the_party_that_may_have_it(self):
        backup = self.child(type(self.gateway)(self.folder, 1, "backup")).start()
        self.configuration.add_backup(f"http://127.0.0.1:{backup.ports[0]}")
        self.gateway.faults({"fault": "hang", "at": "after"})
        self.standin.start()
        self.send_and_keep(sale_body())
        eventually(self.gateway.payments, "the gateway has charged")
        self.standin.kill()
        self.gateway.gone()
        self.standin.start()
        self.sale()
        self.assertEqual(backup.payments(), [])


class TriedAgainLater(TillScenario):
    """What was passed on unwritten and charged, and whose answer was lost, is found by what its retry became."""

    def setUp(self):
        super().setUp()
        self.configuration.without_folding().change("route.till", idempotency='"pass"')
        self.configuration.change("upstream.cardgate", finder='{ before = "50ms", after = "5s", max_processing = "300ms" }')
        self.gateway.faults({"fault": "reset", "at": "after", "late_ms": 600, "count": 1})
        self.standin.start()

    def charge_unheard(self, amount: str) -> None:
        connection = self.send_and_keep(sale_body(UMkey="sandbox", UMamount=amount))
        self.in_flight()
        reset(connection)
        eventually(self.gateway.payments, "the gateway has charged")
        self.heard_of_all()
        self.gateway.gone()
        # The gateway tells seconds: what is looked for from the retry on would still meet the first try's.
        later = time.monotonic() + 2.5
        eventually(lambda: time.monotonic() > later, "the retry comes later")

    def assert_retry_is_matched(self) -> None:
        self.assert_stood_in_for(self.sale(UMkey="sandbox"))
        self.gateway.faults()
        self.standin.replay()
        self.wait_for_counts({"matched": 1})
        self.assertEqual(self.gateway.standing(), 1)

    def test_a_yes_is_matched(self):
        self.charge_unheard("25.00")
        self.assert_retry_is_matched()

    def test_a_no_is_undone(self):
        self.charge_unheard("150.00")
        self.assertEqual(self.sale(UMkey="sandbox", UMamount="150.00")["UMresult"], "D")
        self.gateway.faults()
        self.wait_for_counts({"reversed": 1})
        self.assertEqual(self.gateway.standing(), 0)

    def test_a_yes_after_a_restart_is_matched(self):
        self.charge_unheard("25.00")
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.standin.start()
        self.assert_retry_is_matched()


class ClientsLeave(TillScenario):
    def gone(self) -> int:
        return self.standin.metric("standin_clients_gone_total")

    def slow_till(self, late_ms: int) -> None:
        """The gateway is slower than the client is patient, and standin waits for it."""
        self.configuration.change("upstream.cardgate", timeouts='{ write = "200ms", response = "8s", listen_late = "10s" }')
        self.configuration.change("route.till", deadline='"9s"')
        self.gateway.faults({"fault": "late", "late_ms": late_ms})

    def test_a_client_gives_up_and_its_retry_gets_the_late_answer(self):
        self.slow_till(1500)
        self.standin.start()
        connection = self.send_and_keep(sale_body())
        self.in_flight()
        reset(connection)
        answer = self.sale()
        self.assert_by_the_gateway(answer)
        self.assertEqual(answer["UMisDuplicate"], "N")
        self.assertEqual(len(self.gateway.payments()), 1)
        self.assertEqual(self.counts(), {"settled": 1})

    def test_a_retry_that_comes_after_the_late_answer_gets_it(self):
        self.slow_till(300)
        self.standin.start()
        connection = self.send_and_keep(sale_body(UMkey="sandbox"))
        self.in_flight()
        reset(connection)
        self.wait_for_counts({"settled": 1})
        self.gateway.gone()
        answer = self.sale(UMkey="sandbox")
        self.assert_by_the_gateway(answer)
        self.standin.restart()
        self.assertEqual(self.sale(UMkey="sandbox"), answer)
        self.assertEqual(self.gateway.payments()[0]["refnum"], answer["UMrefNum"])

    def test_a_client_that_left_in_the_middle_of_its_request_asked_for_nothing(self):
        self.standin.start()
        connection = self.standin.connect()
        connection.sendall(request_bytes(sale_body())[:-5])
        reset(connection)
        connection = self.standin.connect()
        connection.sendall(request_bytes(sale_body())[:-5])
        connection.shutdown(socket.SHUT_WR)
        eventually(lambda: self.standin.metric("standin_connections_open") <= 1, "its connection is closed")
        connection.close()
        self.assertEqual(self.gateway.payments(), [])
        self.assertEqual(self.counts(), {})

    def test_a_client_that_left_before_the_answer_is_promised_nothing_and_what_may_stand_is_undone(self):
        self.configuration.without_folding().stand_in(undelivered='"reverse"')
        self.gateway.faults({"fault": "reset", "at": "after", "late_ms": 600, "count": 1})
        self.standin.start()
        connection = self.send_and_keep(sale_body(UMkey="sandbox"))
        self.in_flight()
        reset(connection)
        self.wait_for_counts({"reversed": 1})
        payment, = self.gateway.payments()
        self.assertEqual(payment["state"], "voided")
        self.assertEqual(self.standin.exposure(), 0)

    def test_a_client_that_left_before_the_answer_is_charged_once_by_its_retry(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "late_ms": 600, "count": 1})
        self.standin.start()
        connection = self.send_and_keep(sale_body(UMkey="sandbox"))
        self.in_flight()
        reset(connection)
        self.heard_of_all()
        answer = eventually(lambda: (each := self.sale(UMkey="sandbox"))["UMresult"] == "A" and each, "the retry is answered")
        self.standin.replay()
        eventually(lambda: not self.standin.states().keys() - {"matched", "settled"}, "the charge is settled")
        self.assertEqual(self.gateway.standing(), 1, answer)

    def test_a_client_that_left_after_a_yes_of_ours_is_held_until_its_retry(self):
        self.gateway.gone()
        self.standin.start()
        connection = self.send_and_keep(sale_body())
        eventually(self.standin.orders, "the charge is committed")
        reset(connection)
        eventually(lambda: self.standin.only_order()["undelivered"], "the charge is marked")
        self.assertEqual(self.standin.only_order()["state"], "held")
        self.gateway.faults()
        answer = self.sale()
        self.assertEqual(answer["UMrefNum"], self.standin.only_order()["reference"])
        self.standin.wait_for_states({"accepted": 1})
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(self.gateway.standing(), 1)

    def test_a_client_that_left_after_a_yes_of_ours_is_charged_only_if_it_asks_again_where_the_route_says_so(self):
        self.configuration.stand_in(undelivered='"reverse"')
        self.gateway.gone()
        self.standin.start()
        connection = self.send_and_keep(sale_body())
        eventually(self.standin.orders, "the charge is committed")
        reset(connection)
        self.standin.wait_for_states({"cancelled": 1})
        self.gateway.faults()
        self.standin.replay()
        self.assertEqual(self.gateway.payments(), [])
        # Under a key made of facts what was withdrawn is over, and asking again is a new try.
        retry = self.sale()
        self.assertEqual((retry["UMresult"], retry["UMerrorcode"]), ("A", "00000"))
        self.assertEqual(self.gateway.standing(), 1)

    def test_a_client_that_left_after_the_gateways_yes_gets_it_on_its_retry(self):
        self.gateway.faults({"fault": "late", "late_ms": 300})
        self.standin.start()
        connection = self.send_and_keep(sale_body(UMkey="sandbox"))
        self.wait_for_counts({"settled": 1})
        reset(connection)
        answer = self.sale(UMkey="sandbox")
        self.assertEqual(answer["UMrefNum"], self.gateway.payments()[0]["refnum"])
        self.assertEqual(len(self.gateway.payments()), 1)

    def test_a_graceful_stop_listens_for_the_late_answer(self):
        self.gateway.faults(SLOW)
        self.standin.start()
        self.assert_stood_in_for(self.sale())
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.standin.start()
        self.assertEqual(self.standin.states(), {"settled": 1})
        self.assertEqual(self.gateway.standing(), 1)


class ChargesUnderAKeyOfFacts(TillScenario):
    """At a gateway that goes by Idempotency-Key, from clients that send a new one, or none, at each try."""

    def setUp(self):
        super().setUp()
        self.configuration.for_stripe(f"http://127.0.0.1:{self.gateway.ports[0]}")
        self.configuration.change("route.payments", key='["reference", "amount", "card"]')

    def charge(self, key: str = "", card: str = "4242424242424242", cvc: str = "111") -> Answer:
        fields = {"amount": "2500", "currency": "usd", "card[number]": card, "card[exp_month]": "1", "card[exp_year]": "2031",
                  "card[cvc]": cvc, "metadata[order_id]": "cart-1"}
        headers = {"Authorization": "Bearer sk_test_1", "Content-Type": FORM} | ({"Idempotency-Key": key} if key else {})
        return ask(self.standin.port, "POST", "/v1/charges", urllib.parse.urlencode(fields).encode(), headers)

    def test_one_whose_answer_was_lost_is_not_charged_again_under_the_clients_next_key(self):
        self.configuration.change("route.payments", mode='"off"')
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assertGreaterEqual(self.charge("first-try").status, 500)
        self.assertEqual(self.charge("second-try").status, 200)
        self.assertEqual(self.gateway.standing(), 1)

    def test_one_that_looks_like_another_goes_out_under_the_same_key(self):
        self.configuration.change("route.payments", key=None, fold_duplicates='"10m"', mode='"off"')
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assertGreaterEqual(self.charge("first-try").status, 500)
        self.assertEqual(self.charge("second-try").status, 200)
        self.assertEqual(self.gateway.standing(), 1)

    def test_the_next_order_of_the_same_facts_is_charged(self):
        self.configuration.change("route.payments", key_window='"1s"')
        self.standin.start()
        first = self.charge("first").json()["id"]
        eventually(lambda: self.charge("second").json()["id"] != first, "its window is over")
        self.assertEqual(self.gateway.standing(), 2)
        self.assertEqual(self.counts(), {"settled": 2})

    def test_one_that_was_declined_is_not_approved_when_its_code_is_typed_anew(self):
        self.standin.start()
        declined = "4000300011112220"
        self.assertEqual(self.charge(card=declined).status, 402)
        self.assertEqual(self.charge(card=declined, cvc="222").json()["error"]["type"], "idempotency_error")
        self.assertEqual(self.standin.exposure(), 0)
