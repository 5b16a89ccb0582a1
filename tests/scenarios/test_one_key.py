"""Same key, same answer: in flight, afterwards, after a restart; another payload under it is refused."""
import signal
import threading

from harness import PATIENCE, Scenario, at_once, eventually, order_body


class OneKey(Scenario):
    def test_two_hundred_at_once_are_one_order_and_one_answer(self):
        self.configuration.change("route.orders", deadline=f'"{PATIENCE:.0f}s"')
        self.configuration.change("upstream.shop", timeouts=f'{{ response = "{PATIENCE:.0f}s" }}')
        self.shop.start()
        self.standin.start()
        self.shop.send(signal.SIGSTOP)
        answers: list = []
        crowd = threading.Thread(
            target=lambda: answers.extend(at_once(200, lambda number: self.standin.order("k1")))
        )
        crowd.start()
        eventually(lambda: self.standin.metric("standin_requests_in_flight") == 200, "all of them are in flight")
        self.shop.send(signal.SIGCONT)
        crowd.join()
        self.assertEqual(answers[0].status, 201)
        self.assertEqual([answer for answer in answers if answer != answers[0]], [])
        self.assertEqual(len(self.shop.orders()), 1)
        self.assertEqual(self.shop.standing_charges(), ["cart"])
        self.assertEqual(self.standin.orders(), [])

    def test_two_hundred_at_once_in_stand_in_are_one_order_and_one_answer(self):
        self.standin.start()
        answers = at_once(200, lambda number: self.standin.order("k1"))
        self.assertEqual(answers[0].status, 201)
        self.assertEqual([answer for answer in answers if answer != answers[0]], [])
        self.assertEqual(self.standin.states(), {"accepted": 1})
        self.assertEqual(self.standin.exposure(), 1000)

    def test_two_hundred_at_once_are_declined_once(self):
        self.standin.start()
        answers = at_once(200, lambda number: self.standin.order("k1", 9900))
        self.assertEqual(answers[0].status, 422)
        self.assertEqual([answer for answer in answers if answer != answers[0]], [])
        self.assertEqual(self.standin.states(), {"declined": 1})

    def test_keys_of_two_merchants_are_two_orders(self):
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(self.standin.order("k1", merchant_id="m2").status, 201)
        self.assertEqual(self.standin.states(), {"accepted": 2})

    def test_another_body_under_a_key_in_flight_is_refused(self):
        self.shop.start().faults(delay_before_ms=1000)
        self.standin.start()
        first = []
        sender = threading.Thread(target=lambda: first.append(self.standin.order("k1")))
        sender.start()
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the first is in flight")
        self.assert_refused_as_reused(self.standin.order("k1", 1001))
        sender.join()
        self.assertEqual(first[0].status, 201)
        self.assertEqual(len(self.shop.orders()), 1)

    def test_another_body_under_an_answered_key_is_refused_also_after_a_restart(self):
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(self.standin.order("k2", 9900).status, 422)
        for again in range(2):
            with self.subTest(restarted=again):
                self.assert_refused_as_reused(self.standin.order("k1", 1001))
                self.assert_refused_as_reused(self.standin.order("k2", 9901))
                self.standin.restart()
        self.assertEqual(self.standin.exposure(), 1000)

    def assert_refused_as_reused(self, answer):
        self.assertEqual(answer.status, 422)
        self.assertEqual(answer.header("Content-Type"), "application/problem+json")
        self.assertEqual(answer.json()["title"], "Idempotency key reused")

    def test_the_order_of_names_and_white_space_are_no_other_body(self):
        self.standin.start()
        first = self.standin.order("k1")
        body = order_body().replace(b'"total_cents": 1000, ', b"").replace(b'"cart"', b'"cart",\n   "total_cents":1000')
        self.assertEqual(self.standin.post("k1", body), first)

    def test_a_key_that_the_shop_knows_reaches_it_with_the_same_standin_key_after_a_restart(self):
        self.shop.start()
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.standin.restart()
        again = self.standin.order("k1")
        self.assertEqual(again.status, 409)
        self.assertEqual([again.json()["existing_order"]["id"]], [order["id"] for order in self.shop.orders()])
        self.assertEqual(self.shop.standing_charges(), ["cart"])

    def test_an_answer_given_in_stand_in_is_given_again_after_a_restart_and_when_the_shop_is_back(self):
        self.standin.start()
        yes, no = self.standin.order("k1"), self.standin.order("k2", 9900)
        self.standin.restart()
        self.shop.start()
        self.assertEqual(self.standin.order("k1"), yes)
        self.assertEqual(self.standin.order("k2", 9900), no)
        self.assertEqual(self.shop.orders(), [])

    def test_a_quoted_key_is_the_same_key(self):
        self.standin.start()
        first = self.standin.order("k1")
        self.assertEqual(self.standin.order('"k1"'), first)
        self.assertEqual(self.standin.states(), {"accepted": 1})

    def test_without_a_key_each_arrival_is_an_order_and_a_key_can_be_demanded(self):
        self.configuration.change("route.orders", key_required="true")
        self.standin.start()
        self.assertEqual(self.standin.order("").status, 400)
        self.standin.configuration.change("route.orders", key_required="false")
        self.standin.restart()
        self.assertNotEqual(self.standin.order("").json(), self.standin.order("").json())
        self.assertEqual(self.standin.states(), {"accepted": 2})

    def test_standin_fields_from_outside_are_not_believed(self):
        self.shop.start()
        self.standin.start()
        answer = self.standin.post("k1", order_body(), Standin_Key="f" * 64, Standin_Replay="t=1", X_Request_Id="mine")
        self.assertEqual(answer.status, 201)
        order = self.shop.orders()[0]
        self.assertRegex(order["standin_key"], "^[0-9a-f]{64}$")
        self.assertNotEqual(order["standin_key"], "f" * 64)
        self.assertRegex(order["request_id"], "^[0-9A-Z]{26}$")
