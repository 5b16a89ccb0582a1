"""Told no, not charged: what the shop did of an order that standin declined is undone, or a person has the case."""
from harness import DECLINED, Scenario, eventually

OVER_THE_FLOOR = 9900


class ToldNo(Scenario):
    def decline_what_the_shop_does(self, **faults):
        self.shop.start().faults(**faults)
        self.standin.start()
        answer = self.standin.order("k1", OVER_THE_FLOOR)
        self.assertEqual((answer.status, answer.body), (422, DECLINED))
        self.assertEqual(self.standin.states(), {"reversing": 1})
        self.assertEqual(self.standin.exposure(), 0)

    def test_a_late_approval_is_reversed(self):
        self.decline_what_the_shop_does(delay_after_ms=2500)
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual([order["state"] for order in self.shop.orders()], ["cancelled"])
        self.assertEqual(self.shop.standing_charges(), [])
        self.assertEqual(self.standin.follow_ups(), [])

    def test_what_the_shop_did_without_ever_answering_is_found_and_reversed(self):
        self.configuration.change("upstream.shop", timeouts='{ response = "2s", listen_late = "2s" }')
        self.decline_what_the_shop_does(answer="hang", at="after")
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual(self.shop.standing_charges(), [])

    def test_what_the_shop_did_before_it_answered_500_is_found_and_reversed(self):
        self.decline_what_the_shop_does(answer="status", status=500, at="after")
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual(self.shop.standing_charges(), [])

    def test_a_late_decline_leaves_nothing_to_undo(self):
        self.shop.start().faults(delay_before_ms=2500)
        self.standin.start()
        answer = self.standin.order("k1", OVER_THE_FLOOR, card={"token": "declined"})
        self.assertEqual(answer.body, DECLINED)
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual(self.shop.orders(), [])

    def test_an_order_that_never_reached_the_shop_is_found_not_to_be_there(self):
        self.configuration.change("upstream.shop", timeouts='{ response = "2s", listen_late = "2s" }')
        self.decline_what_the_shop_does(answer="hang")
        self.shop.faults()
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual(self.shop.orders(), [])
        self.assertEqual(self.standin.follow_ups(), [])

    def test_without_a_reversal_a_person_has_the_case(self):
        self.configuration.change("upstream.shop", reversal=None)
        self.decline_what_the_shop_does(delay_after_ms=2500)
        case = eventually(self.standin.follow_ups, "a follow-up is open")[0]
        self.assertEqual(case["order"], self.standin.only_order()["id"])
        self.assertEqual(self.shop.standing_charges(), ["cart"])
        self.assertEqual(self.standin.verb("followups", "close", str(case["id"]), "--as", "collected").returncode, 0)
        self.standin.wait_for_states({"collected": 1})

    def test_without_a_finder_a_person_has_the_case(self):
        self.configuration.change("upstream.shop", finder=None)
        self.decline_what_the_shop_does(answer="close_after_head", at="after")
        case = eventually(self.standin.follow_ups, "a follow-up is open")[0]
        self.assertEqual(case["order"], self.standin.only_order()["id"])

    def test_a_reversal_that_fails_is_tried_again(self):
        self.decline_what_the_shop_does(answer="status", status=500, at="after", everywhere=True)
        eventually(
            lambda: len(self.standin.show(self.standin.only_order()["id"])["tries"]) >= 3, "the finder has failed once"
        )
        self.assertEqual(self.standin.states(), {"reversing": 1})
        self.shop.faults()
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual(self.shop.standing_charges(), [])

    def test_it_is_reversed_after_sigkill_too(self):
        self.decline_what_the_shop_does(delay_after_ms=2500)
        self.standin.restart()
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual([order["state"] for order in self.shop.orders()], ["cancelled"])
        self.assertEqual(self.shop.standing_charges(), [])
        self.assertEqual(self.standin.order("k1", OVER_THE_FLOOR).body, DECLINED)
