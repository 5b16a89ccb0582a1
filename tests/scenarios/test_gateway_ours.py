"""Charges accepted on trust: asked about while they are ours, delivered once whoever delivers them, found where they were made already."""
import datetime
import hashlib
import zoneinfo

from gateways import MASTERCARD, Gateway, TillScenario
from harness import at_once, eventually


class StillInStandIn(TillScenario):
    def setUp(self):
        super().setUp()
        self.gateway.gone()
        self.standin.start()

    def accept(self, invoice: str = "1", **fields: str) -> str:
        """Our reference of a charge that the gateway knows nothing of."""
        answer = self.sale(invoice, **fields)
        self.assert_stood_in_for(answer)
        return answer["UMrefNum"]

    def deliver(self) -> None:
        self.gateway.faults()
        self.standin.replay()

    def assert_refused(self, answer: dict[str, str], code: str) -> None:
        self.assertEqual((answer["UMresult"], answer["UMerrorcode"]), ("E", code), answer)

    def test_a_voided_charge_is_never_made(self):
        reference = self.accept()
        self.assert_approved(self.about("cc:void", reference))
        self.assert_refused(self.about("void", reference), "00024")
        self.standin.wait_for_states({"cancelled": 1})
        self.deliver()
        self.assert_refused(self.about("void", reference), "00024")
        self.assert_refused(self.about("refund", reference, UMamount="1.00"), "00024")
        self.assertEqual(self.gateway.payments(), [])
        self.assertEqual(self.standin.exposure(), 0)

    def test_a_charge_that_may_have_been_made_is_voided_at_the_gateway(self):
        self.standin.kill()
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        reference = self.accept(UMkey="sandbox")
        self.assert_approved(self.about("void", reference, UMkey="sandbox"))
        self.standin.wait_for_states({"cancelled": 1})
        payment, = self.gateway.payments()
        self.assertEqual(payment["state"], "voided")

    def test_a_refund_is_given_after_its_charge(self):
        reference = self.accept()
        self.assert_refused(self.about("refund", reference, UMamount="25.01"), "00112")
        self.assert_approved(self.about("cc:refund", reference, UMamount="4.00"))
        self.deliver()
        self.standin.wait_for_states({"settled": 2})
        charge, refund = self.gateway.payments()
        self.assertEqual((charge["kind"], charge["refunded_minor"]), ("sale", 400))
        self.assertEqual((refund["kind"], refund["amount_minor"], refund["original"]), ("refund", 400, charge["refnum"]))
        self.assertEqual(self.standin.exposure(), 0)

    def test_refunds_of_more_than_the_charge_in_two_parts_are_refused_at_once(self):
        reference = self.accept()
        self.assert_approved(self.about("refund", reference, UMamount="20.00"))
        self.assert_refused(self.about("refund", reference, UMamount="20.00", UMcustom1="second"), "00112")
        self.deliver()
        eventually(lambda: not self.standin.states().get("accepted") and not self.standin.states().get("replaying"), "all is done")
        self.assertLessEqual(self.gateway.payments()[0]["refunded_minor"], 2500)

    def test_a_capture_is_made_after_its_hold(self):
        reference = self.accept(UMcommand="cc:authonly")
        self.assert_refused(self.about("capture", reference, UMamount="25.01"), "10129")
        self.assert_approved(self.about("cc:capture", reference, UMamount="20.00"))
        self.deliver()
        self.standin.wait_for_states({"settled": 2})
        payments = self.gateway.payments()
        self.assertEqual([(payment["state"], payment["amount_minor"]) for payment in payments], [("captured", 2000)], payments)

    def test_a_capture_of_a_sale_is_refused(self):
        self.assert_refused(self.about("capture", self.accept()), "10126")

    def test_after_settlement_our_reference_is_the_gateways(self):
        sale, hold = self.accept("1"), self.accept("2", UMcommand="authonly", UMamount="30.00")
        voided = self.accept("3", UMamount="35.00")
        self.deliver()
        self.standin.wait_for_states({"settled": 3})
        self.standin.restart()
        self.assert_approved(self.about("refund", sale, UMamount="5.00"))
        self.assert_approved(self.about("capture", hold))
        self.assert_approved(self.about("void", voided))
        self.assert_refused(self.about("void", voided), "00024")
        charges = {payment["invoice"]: payment for payment in self.gateway.payments() if payment["kind"] != "refund"}
        self.assertEqual(charges["1"]["refunded_minor"], 500)
        self.assertEqual((charges["2"]["state"], charges["3"]["state"]), ("captured", "voided"))

    def test_another_merchant_cannot_touch_it(self):
        reference = self.accept()
        self.gateway.faults()
        self.assert_refused(self.about("void", reference, UMkey="sandbox"), "00035")
        self.assert_refused(self.about("refund", reference, UMkey="sandbox"), "00110")
        self.assert_refused(self.about("capture", reference, UMkey="sandbox"), "10105")
        self.assertEqual(self.standin.states(), {"accepted": 1})

    def test_a_charge_that_the_gateway_declines_later_takes_its_refund_with_it(self):
        reference = self.accept(UMcard="4000300011112220")
        self.assert_approved(self.about("refund", reference, UMamount="4.00"))
        self.deliver()
        eventually(lambda: len(self.standin.follow_ups()) == 2, "a person has both")
        self.assertEqual(self.standin.states().get("refused"), 1)
        self.assertEqual(self.gateway.standing(), 0)


class AtTheSecondParty(TillScenario):
    def setUp(self):
        super().setUp()
        self.backup = self.child(Gateway(self.folder, 1, "backup")).start()
        self.configuration.add_backup(f"http://127.0.0.1:{self.backup.ports[0]}")
        self.gateway.gone()
        self.standin.start()

    def moved(self, invoice: str = "1", **fields: str) -> str:
        """Our reference of a charge that the second party has."""
        answer = self.sale(invoice, **fields)
        self.assert_stood_in_for(answer)
        return answer["UMrefNum"]

    def test_a_refund_is_given_there_once(self):
        reference = self.moved()
        refund = {"UMamount": "4.00"}
        answers = at_once(4, lambda _: self.about("refund", reference, **refund))
        for answer in answers:
            self.assert_approved(answer)
        self.assertEqual(sorted(answer["UMisDuplicate"] for answer in answers), ["N", "Y", "Y", "Y"])
        self.standin.kill()
        self.standin.start()
        self.assertEqual(self.about("refund", reference, **refund)["UMisDuplicate"], "Y")
        self.assertEqual(self.backup.payments()[0]["refunded_minor"], 400)
        self.assertEqual(self.about("refund", reference, UMamount="21.01")["UMerrorcode"], "00112")
        self.assert_approved(self.about("refund", reference, UMamount="21.00"))
        self.assertEqual(self.backup.payments()[0]["refunded_minor"], 2500)
        self.assertEqual(self.gateway.payments(), [])

    def test_a_refund_of_unknown_end_is_asked_for_again_under_the_same_key(self):
        reference = self.moved()
        self.backup.faults({"fault": "reset", "at": "after", "ask": "change", "count": 1})
        self.assertEqual(self.about("refund", reference, UMamount="4.00")["UMerrorcode"], "00027")
        eventually(lambda: self.about("refund", reference, UMamount="4.00")["UMresult"] == "A", "the second party says what it did")
        self.assertEqual(self.backup.payments()[0]["refunded_minor"], 400)

    def test_a_void_and_a_capture_are_made_there(self):
        sale, hold = self.moved("1"), self.moved("2", UMcommand="cc:authonly", UMamount="30.00")
        self.assert_approved(self.about("void", sale))
        self.assertEqual(self.about("void", sale)["UMerrorcode"], "00024")
        self.assert_approved(self.about("capture", hold, UMamount="20.00"))
        charges = [payment for payment in self.backup.payments() if payment["kind"] != "refund"]
        self.assertEqual(charges[0]["refunded_minor"], 2500)
        self.assertEqual((charges[1]["state"], charges[1]["amount_minor"]), ("captured", 2000))
        self.assertEqual(self.gateway.payments(), [])


class Delivered(TillScenario):
    def test_ten_replays_at_once_charge_each_once(self):
        """Some were made and their answers lost, of others nothing was heard by the gateway: the finder tells."""
        self.configuration.without_folding()
        self.gateway.faults(*[{"fault": "reset", "at": "after", "amount_minor": 2500}, {"fault": "reset", "amount_minor": 2600}])
        self.standin.start()
        made = [self.sale(f"made{n}", UMkey="sandbox") for n in range(8)]
        not_made = [self.sale(f"not{n}", UMkey="sandbox", UMamount="26.00", UMcard=MASTERCARD) for n in range(8)]
        for answer in made + not_made:
            self.assert_stood_in_for(answer)
        self.assertEqual(self.gateway.standing(), 8)
        self.gateway.faults()
        replays = at_once(10, lambda _: self.standin.verb("replay", "--all"))
        self.assertEqual([replay.returncode for replay in replays], [0] * 10)
        self.standin.wait_for_states({"matched": 8, "settled": 8})
        self.assertEqual(self.gateway.standing(), 16)
        self.assertEqual(self.standin.exposure(), 0)
        references = {order["upstream_reference"] for order in self.standin.orders()}
        self.assertEqual(references, {payment["refnum"] for payment in self.gateway.payments()})

    def test_ten_replays_at_once_of_a_party_that_folds(self):
        self.gateway.faults({"fault": "reset", "at": "after"})
        self.standin.start()
        for number in range(10):
            self.assert_stood_in_for(self.sale(str(number)))
        self.gateway.faults()
        at_once(10, lambda _: self.standin.verb("replay", "--all"))
        eventually(lambda: not self.standin.states().keys() - {"matched", "settled"}, "every charge is delivered")
        self.assertEqual(self.gateway.standing(), 10)

    def test_ten_replays_at_once_through_a_gateway_that_loses_answers(self):
        self.configuration.without_folding()
        self.gateway.gone()
        self.standin.start()
        for number in range(10):
            self.assert_stood_in_for(self.sale(str(number), UMkey="sandbox"))
        self.gateway.faults({"fault": "reset", "at": "after", "count": 3}, {"fault": "reset", "count": 3})
        at_once(10, lambda _: self.standin.verb("replay", "--all"))
        eventually(lambda: not self.standin.states().keys() - {"matched", "settled"}, "every charge is delivered", 90)
        self.assertEqual(self.gateway.standing(), 10)

    def test_the_finder_knows_the_times_of_a_party_in_another_zone_with_a_wrong_clock(self):
        self.configuration.without_folding()
        finder = '{ before = "2s", after = "2s", max_processing = "300ms", timezone = "America/Los_Angeles" }'
        self.configuration.change("upstream.cardgate", finder=finder)
        offset = datetime.datetime.now(zoneinfo.ZoneInfo("America/Los_Angeles")).utcoffset()
        self.gateway.control("PUT", "settings", {"timezone_minutes": int(offset.total_seconds()) // 60})
        lost = {"fault": "reset", "at": "after", "count": 1}
        skewed = {"fault": "skew", "skew_ms": 90_000}
        self.gateway.faults(skewed, lost)
        self.standin.start()
        self.assert_stood_in_for(self.sale(UMkey="sandbox"))
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.gateway.standing(), 1)

    def test_two_alike_are_not_taken_for_each_other(self):
        """Same card and amount: one is in the gateway's books, the other is not, and each has its reference."""
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assert_stood_in_for(self.sale("first", UMkey="sandbox"))
        self.gateway.faults({"fault": "reset", "count": 1})
        self.assert_stood_in_for(self.sale("second", UMkey="sandbox"))
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1, "settled": 1})
        self.assertEqual(sorted(payment["invoice"] for payment in self.gateway.payments()), ["first", "second"])

    def test_a_charge_in_a_currency_that_the_listing_does_not_tell_is_for_a_person(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assert_stood_in_for(self.sale("", UMkey="sandbox-gb", UMcurrency="GBP"))
        self.standin.replay()
        eventually(self.standin.follow_ups, "a person has it")
        self.assertEqual(self.standin.states(), {"held": 1})
        self.assertEqual(self.gateway.standing(), 1)

    def test_within_the_partys_limit_of_searches(self):
        self.configuration.without_folding()
        self.configuration.change("upstream.cardgate",
                                  finder='{ before = "5s", after = "5s", max_processing = "300ms", searches = ["3/min"] }')
        self.gateway.control("PUT", "settings", {"searches_per_minute": 3})
        self.gateway.faults({"fault": "reset", "at": "after"})
        self.standin.start()
        for number in range(12):
            self.assert_stood_in_for(self.sale(str(number), UMkey="sandbox"))
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"matched": 12})
        self.assertEqual(self.gateway.standing(), 12)

    def test_with_a_pin_the_replay_signs_as_the_client_did_and_the_finder_signs_itself(self):
        self.configuration.without_folding()
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        self.assert_stood_in_for(self.signed_sale("1"))
        self.gateway.gone()
        self.assert_stood_in_for(self.signed_sale("2"))
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1, "settled": 1})
        self.assertEqual(self.gateway.standing(), 2)

    def signed_sale(self, invoice: str) -> dict[str, str]:
        digest = hashlib.sha1(f"cc:sale:1234:25.00:{invoice}:seed".encode()).hexdigest()
        return self.sale(invoice, UMkey="sandbox-pin", UMhash=f"s/seed/{digest}/n")


class RefundedTwice(TillScenario):
    """Without a key, of a charge by our number that its client's own party has."""

    def setUp(self):
        super().setUp()
        self.configuration.without_folding()
        self.gateway.gone()
        self.standin.start()
        self.ours = self.sale(UMkey="sandbox")["UMrefNum"]
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.gateway.control("POST", "close_batch")

    def refund(self) -> dict[str, str]:
        return self.about("cc:refund", self.ours, UMkey="sandbox", UMamount="5.00")

    def test_the_second_gets_the_firsts_answer(self):
        first, second = self.refund(), self.refund()
        self.assert_approved(first)
        self.assertEqual(first | {"UMisDuplicate": "Y"}, second)
        self.assertEqual(len(self.gateway.payments()), 2)

    def test_while_the_firsts_end_is_not_known_there_is_no_second(self):
        self.gateway.faults({"fault": "reset", "at": "after", "ask": "change", "count": 1})
        for answer in self.refund(), self.refund():
            self.assertEqual(answer["UMresult"], "E")
        self.assertEqual(len(self.gateway.payments()), 2)


class FoldedWithoutAKey(TillScenario):
    def setUp(self):
        super().setUp()
        self.configuration.change("route.till", key=None, fold_duplicates='"10m"')

    def test_a_second_one_that_looks_alike_gets_the_first_answer(self):
        self.standin.start()
        first, second = self.sale(UMkey="sandbox"), self.sale(UMkey="sandbox")
        self.assertEqual((first["UMisDuplicate"], second["UMisDuplicate"]), ("N", "Y"))
        self.assertEqual(first | {"UMisDuplicate": "Y"}, second)
        self.assertEqual(len(self.gateway.payments()), 1)
        for other in ({"invoice": "2"}, {"UMamount": "25.01"}, {"UMcard": MASTERCARD}):
            self.assertEqual(self.sale(**({"UMkey": "sandbox"} | other))["UMisDuplicate"], "N", other)
        self.assertEqual(len(self.gateway.payments()), 4)

    def test_a_sale_is_not_taken_for_the_hold_before_it(self):
        self.standin.start()
        self.assertEqual(self.sale(UMkey="sandbox", UMcommand="cc:authonly")["UMisDuplicate"], "N")
        self.assertEqual(self.sale(UMkey="sandbox")["UMisDuplicate"], "N")
        self.assertEqual([payment["state"] for payment in self.gateway.payments()], ["authorized", "captured"])

    def test_in_stand_in_too(self):
        self.gateway.gone()
        self.standin.start()
        first, second = self.sale(), self.sale()
        self.assert_stood_in_for(first)
        self.assertEqual(first | {"UMisDuplicate": "Y"}, second)
        self.assertEqual(self.standin.states(), {"accepted": 1})

    def test_those_at_once_are_one(self):
        self.standin.start()
        answers = at_once(8, lambda _: self.sale(UMkey="sandbox"))
        self.assertEqual(len({answer["UMrefNum"] for answer in answers}), 1)
        self.assertEqual(sorted(answer["UMisDuplicate"] for answer in answers), ["N"] + ["Y"] * 7)
        self.assertEqual(len(self.gateway.payments()), 1)

    def test_two_without_a_reference_are_two_purchases(self):
        self.standin.start()
        self.assertNotEqual(self.sale("", UMkey="sandbox")["UMrefNum"], self.sale("", UMkey="sandbox")["UMrefNum"])
