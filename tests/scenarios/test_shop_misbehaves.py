"""A shop that answers half, hangs, talks nonsense or is late: the customer has an answer in time, and the truth is found out."""
import os
import time

from harness import PATIENCE, Scenario, Shop, ask, eventually, order_body, order_headers

# What the shop does -> the cause that stands in the journal.
NO_ANSWER = {
    "hangs": ({"answer": "hang"}, "timed_out_in_service"),
    "answers half and hangs": ({"answer": "half_answer"}, "timed_out_in_service"),
    "answers after the deadline": ({"delay_after_ms": 2500}, "timed_out_in_service"),
    "sends garbage": ({"answer": "garbage", "at": "after"}, "untrustworthy"),
    "closes after the head": ({"answer": "close_after_head", "at": "after"}, "untrustworthy"),
    "resets": ({"answer": "reset", "at": "after"}, "untrustworthy"),
    "shows a login page with 200": ({"answer": "login_page"}, "untrustworthy"),
    "answers 500": ({"answer": "status", "status": 500}, "server_error"),
    "answers 503": ({"answer": "status", "status": 503}, "server_error"),
}


class ShopMisbehaves(Scenario):
    def test_the_customer_has_an_answer_within_the_deadline_and_nothing_is_served_twice(self):
        self.shop.start()
        self.standin.start()
        for number, (name, (faults, cause)) in enumerate(NO_ANSWER.items()):
            with self.subTest(name):
                self.shop.faults(**faults)
                began = time.monotonic()
                answer = self.standin.order(f"k{number}", cart_id=f"cart-{number}")
                took = time.monotonic() - began
                self.assertEqual(answer.status, 201)
                self.assertTrue(answer.json()["order"]["id"].startswith("gateway-down-"))
                self.assertLess(took, PATIENCE / 4)
                order = self.standin.orders()[0]
                self.assertEqual((order["state"], order["cause"], order["unresolved"]), ("accepted", cause, True))
        self.shop.faults()
        self.standin.replay()
        carts = {f"cart-{number}" for number in range(len(NO_ANSWER))}
        eventually(lambda: set(self.standin.states()) <= {"settled", "matched"}, "every order is delivered")
        self.assertEqual(sorted(self.shop.standing_charges()), sorted(carts))
        self.assertEqual(self.standin.exposure(), 0)

    def test_a_shop_that_refuses_connections_costs_no_time(self):
        self.standin.start()
        began = time.monotonic()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertLess(time.monotonic() - began, 1.5)
        order = self.standin.only_order()
        self.assertEqual((order["cause"], order["unresolved"]), ("refused", False))

    def test_a_refusal_by_the_shop_is_passed_on_and_never_stood_in_for(self):
        self.shop.start()
        self.standin.start()
        for status in (401, 403):
            with self.subTest(status):
                self.shop.faults(answer="status", status=status)
                answer = self.standin.order(f"k{status}")
                self.assertEqual(answer.status, status)
                self.assertEqual(answer, ask(self.shop.port, "POST", "/orders", order_body(), order_headers("direct")))
        self.shop.faults()
        declined = self.standin.order("kd", card={"token": "declined"})
        self.assertEqual(declined.status, 422)
        self.assertEqual(self.standin.orders(), [])

    def test_a_replay_pauses_at_an_answer_that_every_order_would_get_and_is_finished_once_resumed(self):
        self.standin.start()
        for number in range(6):
            self.assertEqual(self.standin.order(f"k{number}", cart_id=f"cart-{number}").status, 201)
        self.shop.start()
        for status in (401, 403, 429):
            with self.subTest(status):
                self.shop.faults(answer="status", status=status)
                self.standin.replay()
                self.standin.api("POST", "replay/resume", {})
                paused = eventually(self.paused, "the replay is paused")
                self.assertIn(str(status), paused["why"])
                self.assertEqual(self.standin.metric("standin_replay_paused", route="orders"), 1)
                eventually(lambda: set(self.standin.states()) == {"accepted"}, "every order waits again")
                self.assertEqual(self.standin.follow_ups(), [])
                self.assertEqual(self.shop.orders(), [])
        self.shop.faults()
        self.standin.api("POST", "replay/resume", {})
        self.standin.wait_for_states({"settled": 6})
        self.assertEqual(self.standin.metric("standin_replay_paused", route="orders"), 0)
        self.assertEqual(len(self.shop.standing_charges()), 6)

    def paused(self):
        return next((route for route in self.standin.replay_status() if route["paused"]), None)

    def test_a_replay_into_a_shop_that_still_fails_delivers_each_order_once_in_the_end(self):
        self.standin.start()
        for number in range(4):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}")
        self.shop.start()
        for faults in ({"answer": "close_after_head", "at": "after"}, {"answer": "status", "status": 500, "at": "after"}):
            self.shop.faults(**faults)
            self.standin.replay()
            eventually(lambda: self.standin.metric("standin_replay_attempts_total", kind="error") >= 2, "it has been tried")
        self.shop.faults()
        self.standin.api("POST", "replay/resume", {})
        eventually(lambda: set(self.standin.states()) <= {"settled", "matched"}, "every order is delivered")
        self.assertEqual(len(self.shop.standing_charges()), 4)

    def test_a_late_answer_settles_the_order_without_a_second_request(self):
        self.shop.start().faults(delay_after_ms=2500)
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.standin.wait_for_states({"settled": 1})
        order = self.standin.only_order()
        self.assertEqual(order["upstream_reference"], self.shop.orders()[0]["id"])
        self.assertTrue(order["upstream_had_done_it"])
        self.assertEqual(order["attempts"], 0)

    def test_a_late_decline_of_an_accepted_order_is_a_persons_case(self):
        self.shop.start().faults(delay_before_ms=2500)
        self.standin.start()
        self.assertEqual(self.standin.order("k1", card={"token": "declined"}).status, 201)
        self.standin.wait_for_states({"refused": 1})
        self.assertEqual([case["order"] for case in self.standin.follow_ups()], [self.standin.only_order()["id"]])
        self.assertEqual(self.standin.exposure(), 1000)

    def test_of_two_targets_the_one_that_is_there_is_used(self):
        other = self.child(Shop(self.folder, "other"))
        self.configuration.change(
            "upstream.shop", targets=f'["http://127.0.0.1:{other.port}", "http://127.0.0.1:{self.shop.port}"]'
        )
        self.shop.start()
        self.standin.start()
        for number in range(10):
            self.assertTrue(self.standin.order(f"k{number}").json()["order"]["id"].startswith("ord_"))
        self.assertEqual(self.standin.orders(), [])

    def test_a_plain_route_is_passed_on_and_has_an_outage_page(self):
        page = os.path.join(self.folder, "outage.html")
        with open(page, "w") as file:
            file.write("<h1>Back soon</h1>")
        self.configuration.change("route.rest", outage_page='"outage.html"')
        self.shop.start()
        self.standin.start()
        for method, target in (("GET", "/ping"), ("GET", "/nothing-here"), ("POST", "/orders/none/cancel"), ("GET", "/orders?key=x")):
            with self.subTest(target):
                self.assertEqual(ask(self.standin.port, method, target), ask(self.shop.port, method, target))
        self.shop.kill()
        answer = ask(self.standin.port, "GET", "/ping")
        self.assertEqual((answer.status, answer.body), (503, b"<h1>Back soon</h1>"))

    def test_an_open_breaker_answers_at_once_and_closes_when_the_shop_is_well(self):
        self.configuration.change(
            "upstream.shop",
            breaker='{ consecutive = 2, open_for = "300ms", successes = 1 }',
            health='{ path = "/ping", every = "100ms", timeout = "100ms" }',
        )
        self.shop.start().faults(answer="status", status=500, at="before", everywhere=True, ping="error")
        self.standin.start()
        self.shop.kill()
        for number in range(3):
            self.assertEqual(self.standin.order(f"k{number}").status, 201)
        self.assertIn("breaker", [order["cause"] for order in self.standin.orders()])
        self.shop.start()
        numbers = iter(range(100, 1000))
        eventually(
            lambda: self.standin.order(f"k{next(numbers)}").json()["order"]["id"].startswith("ord_"), "the breaker closes"
        )
