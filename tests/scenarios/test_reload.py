"""SIGHUP takes all of a new configuration or nothing of it."""
import http.client
import os
import pathlib
import signal
import threading

from harness import PATIENCE, Scenario, eventually, exchange, order_body, order_headers


class Reload(Scenario):
    def reload(self) -> str:
        self.standin.write_configuration()
        return self.standin.reload()

    def test_a_good_one_is_in_force_at_once_and_no_connection_is_dropped(self):
        self.standin.start()
        connection = http.client.HTTPConnection("127.0.0.1", self.standin.port, timeout=PATIENCE)
        self.addCleanup(connection.close)

        def order(key: str, cents: int) -> int:
            return exchange(connection, "POST", "/orders", order_body(cents), order_headers(key)).status

        self.assertEqual(order("k1", 5000), 422)
        connected = connection.sock
        self.configuration.change("policy.default", floor_limit='{ USD = "60.00" }')
        self.assertEqual(self.reload(), "")
        self.assertEqual(order("k2", 5000), 201)
        self.assertIs(connection.sock, connected)
        self.assertEqual(order("k1", 5000), 422)

    def test_what_waits_for_a_restart_is_named(self):
        self.standin.start()
        self.configuration.change("console", socket='"another.sock"')
        self.configuration.change("log", access='"another.log"')
        self.standin.write_configuration()
        self.standin.reload()
        said = " ".join(self.standin.logged("waits_for_restart"))
        self.assertIn("[console]", said)
        self.assertIn("[log]", said)
        self.assertEqual(said.count("["), 2)

    def test_the_access_log_is_opened_anew(self):
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        access = pathlib.Path(self.standin.folder, "access.log")
        access.rename(access.with_suffix(".1"))
        self.assertEqual(self.standin.reload(), "")
        eventually(access.exists, "the file is there again")
        self.assertEqual(self.standin.order("k2").status, 201)
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(access.with_suffix(".1").read_text().count("\n"), 1)
        self.assertEqual(access.read_text().count("\n"), 1)

    def test_a_request_under_way_is_finished_as_it_began(self):
        self.shop.start().faults(delay_before_ms=1000)
        self.standin.start()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.standin.order("k1")))
        thread.start()
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.configuration.change("policy.default", floor_limit='{ USD = "1.00" }')
        self.assertEqual(self.reload(), "")
        thread.join()
        self.assertTrue(answers[0].json()["order"]["id"].startswith("ord_"))

    def test_a_bad_one_leaves_the_old_in_force_and_says_where_it_is_wrong(self):
        self.standin.start()
        self.configuration.change("policy.default", floor_limt='{ USD = "60.00" }', floor_limit=None)
        complaint = self.reload()
        line = 1 + self.configuration.text().split("\n").index('floor_limt = { USD = "60.00" }')
        self.assertIn(f"standin.toml:{line}:1", complaint)
        self.assertIn("floor_limit", complaint)
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(self.standin.order("k2", 5000).status, 422)

    def test_a_file_that_is_no_toml_or_gone_leaves_the_old_in_force(self):
        self.standin.start()
        with open(self.standin.file, "a") as file:
            file.write("[[[\n")
        self.assertRegex(self.standin.reload(), r"standin\.toml:\d+:\d+")
        os.unlink(self.standin.file)
        self.assertNotEqual(self.standin.reload(), "")
        self.assertEqual(self.standin.order("k1").status, 201)

    def test_one_that_would_orphan_open_orders_is_refused_and_taken_once_they_are_delivered(self):
        self.standin.start()
        self.assertEqual(self.standin.order("k1").status, 201)
        self.configuration.change("route.orders", name='"purchases"')
        self.assertIn("1 open order of route 'orders' would be orphaned", self.reload())
        self.assertEqual(self.standin.order("k2").status, 201)
        self.assertEqual({order["route"] for order in self.standin.orders()}, {"orders"})
        self.shop.start()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 2})
        self.assertEqual(self.standin.reload(), "")
        self.shop.kill()
        self.assertEqual(self.standin.order("k3").status, 201)
        self.assertEqual(self.standin.orders()[0]["route"], "purchases")

    def test_a_start_that_would_orphan_open_orders_is_refused(self):
        self.standin.start()
        self.standin.order("k1")
        self.standin.kill()
        self.configuration.change("route.orders", name='"purchases"')
        self.standin.prepare()
        self.standin.spawn("serve", "-c", self.standin.file)
        self.assertEqual(self.standin.wait(), 1)
        self.assertIn("would be orphaned", self.standin.errors())

    def test_a_route_that_no_longer_exists_is_no_longer_replayed_or_listed(self):
        self.standin.start()
        self.configuration.change("route.orders", name='"purchases"')
        self.assertEqual(self.reload(), "")
        self.assertEqual([row["route"] for row in self.standin.api("GET", "modes").json()["modes"]], ["purchases"])
        self.assertEqual([row["route"] for row in self.standin.replay_status()], ["purchases"])
