"""A shop without the unique index, or that charges before it commits: our own replay never charges twice on a guess."""
from harness import Scenario, ask, eventually, order_body, order_headers

# The shop charges, and dies before its row is there: nothing that a finder could see.
CHARGES_FIRST = {"no_unique_index": True, "charge_before_commit": True}


class CarelessShop(Scenario):
    def forget_keys(self, finder: str | None = None):
        changes = {"duplicates": '{ kind = "none" }', "timeouts": '{ response = "2s", listen_late = "2s" }'}
        if finder is None:
            changes["finder"] = None
        self.configuration.change("upstream.shop", **changes)

    def accept_one_that_may_have_happened(self, **faults):
        self.shop.start().faults(**CHARGES_FIRST, **faults)
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertTrue(self.standin.only_order()["unresolved"])

    def test_without_key_and_finder_an_order_that_may_have_happened_waits_for_a_person(self):
        self.forget_keys()
        self.accept_one_that_may_have_happened(answer="status", status=500, at="after")
        self.shop.faults(**CHARGES_FIRST)
        self.standin.replay()
        self.standin.wait_for_states({"held": 1})
        case = eventually(self.standin.follow_ups, "a person has the case")[0]
        self.assertEqual(case["order"], self.standin.only_order()["id"])
        self.standin.restart()
        self.standin.replay()
        self.assertEqual(self.standin.order("k2", cart_id="other").status, 201)
        self.standin.wait_for_states({"held": 1})
        self.assertEqual(sorted(self.shop.standing_charges()), ["cart", "other"])

    def test_without_key_and_finder_an_order_that_certainly_did_not_happen_is_delivered(self):
        self.forget_keys()
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.shop.start().faults(**CHARGES_FIRST)
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_a_replay_that_got_no_answer_is_not_repeated(self):
        self.forget_keys()
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.shop.start().faults(**CHARGES_FIRST, answer="close_after_head", at="after")
        self.standin.replay()
        eventually(self.shop.standing_charges, "the replay has charged")
        self.shop.faults(**CHARGES_FIRST)
        self.standin.api("POST", "replay/resume", {})
        self.standin.wait_for_states({"held": 1})
        self.standin.api("POST", "replay/resume", {})
        eventually(self.standin.follow_ups, "a person has the case")
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_with_a_finder_what_happened_is_matched(self):
        self.forget_keys("kept")
        self.accept_one_that_may_have_happened(answer="status", status=500, at="after")
        self.shop.faults(**CHARGES_FIRST)
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_with_a_finder_what_did_not_happen_is_delivered_once_that_is_certain(self):
        self.forget_keys("kept")
        self.accept_one_that_may_have_happened(answer="status", status=500, at="before")
        self.shop.faults(**CHARGES_FIRST)
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])
        order = self.standin.show(self.standin.only_order()["id"])
        self.assertIn("finder", [one["kind"] for one in order["tries"]])

    def test_while_the_finder_is_down_nothing_is_sent(self):
        self.forget_keys("kept")
        self.accept_one_that_may_have_happened(answer="status", status=500, at="after")
        self.shop.faults(**CHARGES_FIRST, answer="status", status=500, everywhere=True)
        self.standin.replay()
        self.standin.wait_for_states({"held": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])
        self.shop.faults(**CHARGES_FIRST)
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_two_that_match_are_a_persons_case(self):
        self.forget_keys("kept")
        self.accept_one_that_may_have_happened(answer="status", status=500, at="after")
        key = self.shop.orders()[0]["standin_key"]
        self.shop.faults(**CHARGES_FIRST)
        ask(self.shop.port, "POST", "/orders", order_body(), order_headers("k1", Standin_Key=key))
        self.standin.replay()
        eventually(self.standin.follow_ups, "a person has the case")
        self.assertEqual(self.standin.states(), {"held": 1})
        self.assertEqual(len(self.shop.orders()), 2)

    def test_sigkill_in_the_middle_of_a_replay_charges_nothing_twice(self):
        self.forget_keys("kept")
        self.standin.start()
        for number in range(5):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}", customer_id=f"c{number}")
        self.shop.start().faults(**CHARGES_FIRST, delay_after_ms=1500)
        self.standin.replay()
        eventually(self.shop.standing_charges, "the replay has charged")
        self.standin.restart()
        self.shop.faults(**CHARGES_FIRST)
        self.standin.replay()
        eventually(lambda: set(self.standin.states()) <= {"settled", "matched"}, "every order is delivered")
        self.assertEqual(sorted(self.shop.standing_charges()), [f"cart-{number}" for number in range(5)])
