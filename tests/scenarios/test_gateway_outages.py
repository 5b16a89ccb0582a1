"""Outages of a part: one country's or network's acquirer, one party of two, a name that moves; and the kill switch."""
from gateways import CARD, MASTERCARD, Gateway, NameServer, TillScenario
from harness import eventually

TRIPS = '{ key = ["target", "card_network"], consecutive = 2, minimum = 1000, open_for = "3s", probe_timeout = "1s" }'


class AcquirerGone(TillScenario):
    def breakers(self) -> dict[str, set[str]]:
        """The keys whose breakers are not closed, of each upstream."""
        keys: dict[str, set[str]] = {}
        for target in self.standin.api("GET", "upstreams").json()["targets"]:
            keys.setdefault(target["upstream"], set()).update(key["key"] for key in target["keys"])
        return keys

    def test_one_networks_outage_leaves_the_other_alone(self):
        self.configuration.without_folding().change("upstream.cardgate", breaker=TRIPS)
        self.gateway.faults({"fault": "hang", "card_last4": MASTERCARD[-4:]})
        self.standin.start()
        for number in range(4):  # two at each location
            self.assert_stood_in_for(self.sale(f"m{number}", UMkey="sandbox", UMcard=MASTERCARD))
        self.assertEqual(self.breakers(), {"cardgate": {"mastercard"}})
        before = self.standin.metric("standin_target_requests_total")
        self.assert_stood_in_for(self.sale("fast", UMkey="sandbox", UMcard=MASTERCARD))
        self.assertEqual(next(order["cause"] for order in self.standin.orders() if order["client_reference"] == "fast"), "breaker")
        self.assertEqual(self.standin.metric("standin_target_requests_total"), before)
        for number in range(4):
            self.assert_by_the_gateway(self.sale(f"v{number}", UMkey="sandbox"))
        self.gateway.faults()

        def closed() -> bool:
            self.sale(f"probe{closed.number}", UMkey="sandbox", UMcard=MASTERCARD)
            closed.number += 1
            return not self.breakers()["cardgate"]

        closed.number = 0
        eventually(closed, "its breakers are closed again")

    def test_one_countrys_outage_leaves_the_other_alone(self):
        """Two merchants of one gateway, told apart by their source keys."""
        self.write_secret("cardgate.keys", "sandbox - US\nsandbox-gb - GB\n")
        self.configuration.change("upstream.cardgate", breaker=TRIPS.replace("card_network", "merchant_country"))
        self.gateway.faults({"fault": "error", "error": "00027", "country": "GB"})
        self.standin.start()
        for number in range(4):
            self.assert_stood_in_for(self.sale(f"gb{number}", UMkey="sandbox-gb", UMcurrency="GBP"))
            self.assert_by_the_gateway(self.sale(f"us{number}", UMkey="sandbox"))
        self.assertEqual({payment["country"] for payment in self.gateway.payments()}, {"US"})
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 4})
        self.assertEqual(self.gateway.standing(), 8)

    def test_an_error_of_the_acquirer_that_says_nothing_happened_is_tried_at_the_next_location(self):
        self.gateway.faults({"fault": "error", "error": "09001", "location": 1})
        self.standin.start()
        for number in range(4):
            self.assert_by_the_gateway(self.sale(str(number)))
        self.assertEqual({payment["location"] for payment in self.gateway.payments()}, {2})


class KillSwitch(TillScenario):
    def turn(self, action: str, *more: str) -> str:
        done = self.standin.verb("upstreams", action, "cardgate", "--why", "the acquirer charges twice", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_cut_and_restored(self):
        self.standin.start()
        self.assert_by_the_gateway(self.sale("1"))
        self.assertIn("cardgate", self.turn("cut"))
        self.assert_stood_in_for(self.sale("2"))
        self.assertEqual(self.standin.only_order()["cause"], "breaker")
        self.standin.replay()
        self.standin.restart()
        self.assert_stood_in_for(self.sale("3"))
        self.assertEqual(len(self.gateway.payments()), 1)
        eventually(lambda: self.standin.metric("standin_switches_cut", upstream="cardgate") == 1, "its metric says so")
        self.turn("restore")
        self.assert_by_the_gateway(self.sale("4"))
        self.standin.replay()
        self.standin.wait_for_states({"settled": 2})
        self.assertEqual(self.gateway.standing(), 4)

    def test_one_key_of_several(self):
        self.configuration.change("upstream.cardgate", breaker=TRIPS.replace('"card_network"', '"merchant_country", "card_network"'))
        self.standin.start()
        self.turn("cut", "--key", "US/visa")
        self.assert_stood_in_for(self.sale("1"))
        self.assert_by_the_gateway(self.sale("2", UMcard=MASTERCARD))
        self.turn("restore", "--key", "US/visa")
        self.assert_by_the_gateway(self.sale("3"))

    def test_it_ends_by_itself(self):
        self.standin.start()
        self.turn("cut", "--for", "1s")
        self.assert_stood_in_for(self.sale("1"))
        eventually(lambda: not self.standin.api("GET", "upstreams").json()["cut"], "it is over")
        self.assert_by_the_gateway(self.sale("2"))


class SecondParty(TillScenario):
    def setUp(self):
        super().setUp()
        self.backup = self.child(Gateway(self.folder, 1, "backup")).start()
        self.configuration.add_backup(f"http://127.0.0.1:{self.backup.ports[0]}")

    def test_a_charge_goes_there_when_nothing_was_sent_to_the_first(self):
        self.gateway.gone()
        self.standin.start()
        theirs = self.sale("17", UMcvv2="123", UMname="Jo Doe", UMcommand="cc:authonly")
        self.assert_approved(theirs)
        payment, = self.backup.payments()
        self.assertEqual((payment["amount_minor"], payment["currency"], payment["card"][-4:], payment["kind"]),
                         (2500, "USD", CARD[-4:], "hold"))
        self.assertEqual(self.counts(), {"settled": 1})
        self.assertEqual(self.sale("17", UMcvv2="123", UMname="Jo Doe", UMcommand="cc:authonly"), theirs)
        self.assertEqual(self.backup.standing(), 1)

    def test_its_decline_is_told_in_the_words_of_the_first(self):
        self.gateway.gone()
        self.standin.start()
        answer = self.sale(UMcard="4000300611112224")
        self.assertEqual((answer["UMresult"], answer["UMerrorcode"]), ("D", "10251"))
        self.assertEqual((self.gateway.standing(), self.backup.standing()), (0, 0))

    def test_what_may_have_happened_at_the_first_is_not_tried_there(self):
        for number, fault in enumerate(("hang", "reset", "status")):
            with self.subTest(fault):
                self.gateway.faults({"fault": fault})
                if number == 0:
                    self.standin.start()
                self.assert_stood_in_for(self.sale(fault))
                self.gateway.gone()
                self.assert_stood_in_for(self.sale(fault))
        self.assertEqual(self.backup.payments(), [])
        self.gateway.faults()
        self.standin.replay()
        eventually(lambda: not self.standin.states().keys() - {"matched", "settled"}, "every charge is delivered")
        self.assertEqual((self.gateway.standing(), self.backup.standing()), (3, 0))

    def test_what_the_first_says_it_did_not_do_is_not_tried_there(self):
        """Something was sent to it: whether its word is good shows later."""
        self.gateway.faults({"fault": "error", "error": "09001"})
        self.standin.start()
        self.assert_stood_in_for(self.sale())
        self.assertEqual(self.backup.payments(), [])

    def test_a_charge_told_no_stays_with_the_first_though_its_breakers_open(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assertEqual(self.sale(UMkey="sandbox", UMamount="150.00")["UMresult"], "D")
        self.gateway.gone()
        self.sale(UMkey="sandbox", UMamount="150.00")
        self.standin.restart()
        self.sale(UMkey="sandbox", UMamount="150.00")
        self.assertEqual(self.backup.payments(), [])

    def test_a_token_of_the_first_cannot_move(self):
        self.standin.start()
        saved = self.sale(UMsaveCard="yes")
        self.gateway.gone()
        answer = self.sale("2", UMcard=saved["UMcardRef"], UMexpir="0000")
        self.assertEqual((answer["UMresult"], answer["UMerrorcode"]), ("E", "00018"))
        self.assert_stood_in_for(self.sale("3", UMsaveCard="yes"))
        self.assertEqual(self.backup.payments(), [])
        self.assertEqual(self.standin.states(), {"accepted": 1})

    def test_with_both_gone_the_answer_is_ours_and_the_charge_is_made_once(self):
        self.gateway.gone()
        self.backup.gone()
        self.standin.start()
        self.assert_stood_in_for(self.sale())
        self.gateway.faults()
        self.backup.faults()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(self.gateway.standing() + self.backup.standing(), 1)

    def test_a_lost_answer_of_the_second_is_resolved_there(self):
        self.gateway.gone()
        self.backup.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assert_stood_in_for(self.sale())
        self.gateway.faults()
        self.standin.replay()
        eventually(lambda: not self.standin.states().keys() - {"matched", "settled"}, "the charge is delivered")
        self.assertEqual((self.gateway.standing(), self.backup.standing()), (0, 1))


class NamesThatMove(TillScenario):
    """Two locations behind one name: the one at 127.0.0.2 is a gateway of its own, with its own ledger."""

    def setUp(self):
        super().setUp()
        self.names = NameServer()
        self.addCleanup(self.names.close)
        self.moved = self.child(Gateway(self.folder, name="moved", places=(("127.0.0.2", self.gateway.ports[0]),))).start()
        self.names.addresses = {"www.gateway.test": ["127.0.0.1"]}
        self.configure(f"http://www.gateway.test:{self.gateway.ports[0]}/gate")
        self.configuration.change("dns", servers=f'["127.0.0.1:{self.names.port}"]', ttl_min='"200ms"', ttl_max='"300ms"')

    def sale_is_made_at(self, gateway: Gateway) -> None:
        def made() -> bool:
            made.number += 1
            self.assert_approved(self.sale(f"{gateway.ledger_file[-12]}{made.number}"))
            return gateway.standing() > before

        made.number, before = 0, gateway.standing()
        eventually(made, "a sale is made there")

    def test_a_name_that_moves_is_followed(self):
        self.standin.start()
        self.sale_is_made_at(self.gateway)
        self.names.addresses = {"www.gateway.test": ["127.0.0.2"]}
        self.sale_is_made_at(self.moved)
        listed = self.standin.api("GET", "upstreams").json()["names"]
        self.assertEqual([(each["name"], each["addresses"]) for each in listed], [("www.gateway.test", ["127.0.0.2"])])

    def test_of_several_addresses_one_that_answers_is_found(self):
        self.names.addresses = {"www.gateway.test": ["127.0.0.3", "127.0.0.4", "127.0.0.1"]}
        self.standin.start()
        self.assert_by_the_gateway(self.sale())

    def test_a_name_that_moved_because_its_place_is_gone_is_looked_up_again(self):
        self.configuration.change("dns", ttl_min='"1s"', ttl_max='"1h"')
        self.names.ttl = 3600
        self.standin.start()
        self.assert_by_the_gateway(self.sale())
        self.names.addresses = {"www.gateway.test": ["127.0.0.2"]}
        self.gateway.gone()
        self.sale_is_made_at(self.moved)

    def test_with_the_name_server_silent_the_last_known_address_serves(self):
        self.standin.start()
        self.assert_by_the_gateway(self.sale("0"))
        self.names.silent = True
        eventually(self.name_is_stale, "the address is stale")
        self.assert_by_the_gateway(self.sale("last"))

    def name_is_stale(self) -> bool:
        self.sale_number = getattr(self, "sale_number", 0) + 1
        self.assert_approved(self.sale(f"s{self.sale_number}"))
        return self.standin.api("GET", "upstreams").json()["names"][0]["stale"]

    def test_a_name_that_nobody_knows_is_nothing_sent(self):
        self.names.addresses = {}
        self.standin.start()
        self.assert_stood_in_for(self.sale())
        self.assertEqual(self.standin.only_order()["unresolved"], False)
        self.names.addresses = {"www.gateway.test": ["127.0.0.1"]}
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
