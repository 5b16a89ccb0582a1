"""What is promised, held and let in has an end, also when everybody comes at once."""
from harness import UNAVAILABLE, Scenario, ask, at_once, eventually, order_body, order_headers


class Limits(Scenario):
    def test_exposure_never_exceeds_its_cap_when_many_come_at_once(self):
        self.configuration.change("policy.default", exposure='{ total = "100.00 USD" }')
        self.standin.start()
        answers = at_once(50, lambda number: self.standin.order(f"k{number}", 1000))
        self.assertEqual(sorted(answer.status for answer in answers), [201] * 10 + [422] * 40)
        self.assertEqual(self.standin.exposure(), 10_000)
        self.assertEqual(self.standin.metric("standin_exposure_peak_minor"), 10_000)

    def test_exposure_is_the_same_after_a_restart_and_falls_as_orders_are_delivered(self):
        self.configuration.change("policy.default", exposure='{ total = "20.00 USD" }')
        self.standin.start()
        self.assertEqual([self.standin.order(f"k{number}").status for number in range(3)], [201, 201, 422])
        self.standin.restart()
        self.assertEqual(self.standin.exposure(), 2000)
        self.assertEqual(self.standin.order("k3", 1).status, 422)
        self.shop.start()
        self.standin.replay()
        eventually(lambda: self.standin.exposure() == 0, "everything is delivered")
        self.shop.kill()
        self.assertEqual(self.standin.order("k4").status, 201)

    def test_more_than_the_shop_can_carry_is_stood_in_for_at_once(self):
        self.configuration.change("upstream.shop", concurrency="4")
        self.shop.start().faults(delay_after_ms=800)
        self.standin.start()
        answers = at_once(12, lambda number: self.standin.order(f"k{number}", cart_id=f"cart-{number}"))
        by_shop = [answer for answer in answers if answer.json()["order"]["id"].startswith("ord_")]
        self.assertEqual({answer.status for answer in answers}, {201})
        self.assertEqual(len(by_shop), 4)
        self.assertEqual({order["cause"] for order in self.standin.orders()}, {"timed_out_in_queue"})
        self.assertEqual({order["unresolved"] for order in self.standin.orders()}, {False})

    def test_a_body_beyond_the_limit_is_refused_and_one_beyond_the_memory_for_stand_in_is_not_promised(self):
        self.configuration.change("server", limits='{ body = "64KiB", in_flight_memory = "16KiB" }')
        self.standin.start()
        self.assertEqual(self.standin.order("k1", note="x" * 70_000).status, 413)
        answer = self.standin.order("k2", note="x" * 20_000)
        self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))
        self.assertEqual(self.standin.order("k3").status, 201)
        self.shop.start()
        self.assertTrue(self.standin.order("k4", note="x" * 20_000).json()["order"]["id"].startswith("ord_"))

    def test_connections_beyond_the_limit_do_not_harm_those_within(self):
        self.configuration.change("server", limits="{ connections = 8 }", threads="1")
        self.shop.start()
        self.standin.start()
        connections = [self.standin.connect() for _ in range(20)]
        for connection in connections:
            self.addCleanup(connection.close)
        eventually(lambda: self.standin.metric("standin_connections_open") == 8, "eight are open")
        for connection in connections:
            connection.close()
        eventually(lambda: self.standin.metric("standin_connections_open") == 0, "all are closed")
        self.assertEqual(self.standin.order("k1").status, 201)

    def test_many_customers_at_once_each_have_their_own_order(self):
        self.standin.start()
        answers = at_once(100, lambda number: self.standin.order(f"k{number}", 1, cart_id=f"cart-{number}"))
        self.assertEqual({answer.status for answer in answers}, {201})
        references = {answer.json()["order"]["id"] for answer in answers}
        self.assertEqual(len(references), 100)
        self.assertEqual({order["reference"] for order in self.standin.orders()}, references)

    def test_a_request_that_two_programs_could_read_in_two_ways_is_refused(self):
        self.shop.start()
        self.standin.start()
        body = order_body()
        head = b"POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
        for name, fields in {
            "two lengths": b"Content-Length: %d\r\nContent-Length: 3\r\n" % len(body),
            "length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(body),
            "a length that is no number": b"Content-Length: +%d\r\n" % len(body),
            "a space before the colon": b"Content-Length : %d\r\n" % len(body),
            "no host": b"Host: other\r\nContent-Length: %d\r\n" % len(body),
        }.items():
            with self.subTest(name):
                connection = self.standin.connect()
                self.addCleanup(connection.close)
                connection.sendall(head + fields + b"\r\n" + body)
                self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 400"))
        self.assertEqual(self.shop.orders(), [])
        self.assertEqual(ask(self.standin.port, "POST", "/orders", body, order_headers("k1")).status, 201)
