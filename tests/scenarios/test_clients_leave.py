"""The client that went away: before it was answered nothing is promised; afterwards somebody must know that it did not hear."""
import socket

from harness import DECLINED, Scenario, eventually, order_body, order_bytes, reset


class ClientsLeave(Scenario):
    def send_order(self, key: str, cents: int = 1000) -> socket.socket:
        connection = self.standin.connect()
        self.addCleanup(connection.close)
        connection.sendall(order_bytes(key, order_body(cents)))
        return connection

    def accept_one_that_its_client_did_not_hear_of(self) -> dict:
        self.standin.start()
        connection = self.send_order("k1")
        eventually(self.standin.orders, "the order is committed")
        reset(connection)
        order = eventually(lambda: (row := self.standin.only_order())["undelivered"] and row, "the order is marked")
        self.assertEqual((order["state"], order["due"]), ("held", None))
        self.assertEqual(self.standin.metric("standin_clients_gone_total", when="after_commit"), 1)
        self.assertEqual(self.standin.exposure(), 1000)
        return order

    def test_a_reset_after_the_commit_holds_the_order_until_a_person_releases_it(self):
        order = self.accept_one_that_its_client_did_not_hear_of()
        self.standin.order("k2", cart_id="heard")
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"held": 1, "settled": 1})
        self.assertEqual(self.shop.standing_charges(), ["heard"])
        self.assertEqual(self.standin.verb("replay", "--order", order["id"]).returncode, 0)
        self.standin.wait_for_states({"settled": 2})

    def test_a_reset_after_the_commit_holds_the_order_until_the_same_key_is_told(self):
        order = self.accept_one_that_its_client_did_not_hear_of()
        self.assertEqual(self.standin.order("k1").json()["order"]["id"], order["reference"])
        self.shop.start()
        self.standin.wait_for_states({"accepted": 1})
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})

    def test_an_undelivered_order_is_replayed_where_the_route_says_so(self):
        self.configuration.change("stand_in.order", undelivered='"replay"')
        self.standin.start()
        connection = self.send_order("k1")
        eventually(self.standin.orders, "the order is committed")
        reset(connection)
        eventually(lambda: self.standin.only_order()["undelivered"], "the order is marked")
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})

    def test_an_undelivered_order_is_withdrawn_where_the_route_says_so(self):
        self.configuration.change("stand_in.order", undelivered='"reverse"')
        self.standin.start()
        connection = self.send_order("k1")
        eventually(self.standin.orders, "the order is committed")
        reset(connection)
        self.standin.wait_for_states({"cancelled": 1})
        self.assertEqual(self.standin.exposure(), 0)

    def test_an_undelivered_order_that_the_shop_has_is_withdrawn_there(self):
        self.configuration.change("stand_in.order", undelivered='"reverse"')
        self.shop.start().faults(answer="status", status=500, at="after")
        self.standin.start()
        connection = self.send_order("k1")
        eventually(self.standin.orders, "the order is committed")
        reset(connection)
        self.standin.wait_for_states({"cancelled": 1})
        self.assertEqual(self.shop.standing_charges(), [])

    def test_a_client_that_half_closed_is_served(self):
        self.standin.start()
        connection = self.send_order("k1")
        connection.shutdown(socket.SHUT_WR)
        self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 201"))
        order = self.standin.only_order()
        self.assertEqual((order["state"], order["undelivered"]), ("accepted", False))

    def test_a_client_that_half_closed_hears_from_a_slow_shop(self):
        self.shop.start().faults(delay_after_ms=1000)
        self.standin.start()
        connection = self.send_order("k1")
        connection.shutdown(socket.SHUT_WR)
        self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 201"))
        self.assertEqual(len(self.shop.orders()), 1)
        self.assertEqual(self.standin.orders(), [])

    def test_a_client_gone_before_acceptance_is_promised_nothing_and_its_retry_gets_the_shops_answer(self):
        self.shop.start().faults(delay_after_ms=3000)
        self.standin.start()
        connection = self.send_order("k1")
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        reset(connection)
        eventually(lambda: self.standin.metric("standin_clients_gone_total", when="before_commit"), "it is known to be gone")
        self.assertEqual(self.standin.orders(), [])
        self.assertEqual(self.standin.exposure(), 0)
        eventually(self.shop.standing_charges, "the forward ran on")
        self.shop.faults()
        answer = self.standin.order("k1")
        self.assertIn(answer.status, (201, 409))
        self.assertEqual(len(self.shop.orders()), 1)

    def test_a_definite_answer_that_its_client_missed_is_kept_for_the_retry(self):
        self.shop.start().faults(delay_after_ms=800)
        self.standin.start()
        connection = self.send_order("k1")
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        reset(connection)
        eventually(lambda: not self.standin.metric("standin_target_in_flight"), "the shop has answered")
        self.shop.faults(answer="status", status=500)
        answer = self.standin.order("k1")
        self.assertEqual((answer.status, answer.json()["order"]["id"]), (201, self.shop.orders()[0]["id"]))

    def test_what_a_gone_client_may_have_been_charged_is_undone_where_the_route_says_so(self):
        self.configuration.change("stand_in.order", undelivered='"reverse"')
        self.shop.start().faults(delay_after_ms=2500)
        self.standin.start()
        connection = self.send_order("k1")
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        reset(connection)
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual(self.shop.standing_charges(), [])
        self.assertEqual(self.standin.order("k1").body, DECLINED)

    def test_connections_that_come_and_go_leave_nothing_behind(self):
        self.shop.start()
        self.standin.start()
        for number in range(50):
            connection = self.send_order(f"k{number}")
            if number % 2:
                reset(connection)
            else:
                read_head(connection)
                connection.close()
        eventually(lambda: self.standin.metric("standin_connections_open") == 0, "every connection is closed")
        eventually(lambda: self.standin.metric("standin_requests_in_flight") == 0, "no request is in flight")


def read_head(connection: socket.socket) -> bytes:
    seen = b""
    while b"\r\n\r\n" not in seen:
        chunk = connection.recv(65536)
        if not chunk:
            break
        seen += chunk
    return seen


def read_all(connection: socket.socket) -> bytes:
    seen = b""
    while chunk := connection.recv(65536):
        seen += chunk
    return seen
