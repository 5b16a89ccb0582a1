"""What monitoring sees: each request once in the log, errors apart from failures, and drift before the outage."""
import json
import os
import time

from harness import Scenario, ask, eventually, order_body, order_bytes
from test_doctor import Authority, Gateway


class Observed(Scenario):
    def access_log(self) -> list[dict]:
        with open(os.path.join(self.folder, "access.log")) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def test_each_request_is_one_line_with_its_ids_and_its_reason(self):
        self.configuration.change("server", trusted_proxies='["127.0.0.1/32"]')
        self.shop.start()
        self.standin.start()
        self.standin.post("k1", order_body(), X_Request_Id="from-the-proxy")
        self.shop.kill()
        self.standin.order("k2")
        self.standin.order("k3", 9900)
        self.standin.order("k2")
        ask(self.standin.port, "GET", "/ping")
        lines = eventually(lambda: (rows := self.access_log()) and len(rows) == 5 and rows, "five lines are written")
        self.assertEqual([line["answered"] for line in lines], ["forwarded", "accepted", "declined", "recalled", "unavailable"])
        self.assertEqual([line["status"] for line in lines], [201, 201, 422, 201, 502])
        self.assertEqual([line["route"] for line in lines], ["orders"] * 4 + ["rest"])
        self.assertEqual(lines[0]["request_id"], "from-the-proxy")
        self.assertEqual(self.shop.orders()[0]["request_id"], "from-the-proxy")
        orders = {order["id"]: order for order in self.standin.orders()}
        self.assertEqual(orders[lines[1]["order_id"]]["request_id"], lines[1]["request_id"])
        self.assertEqual({line["cause"] for line in lines[1:3]}, {"refused"})
        self.assertEqual({line["client"] for line in lines}, {"127.0.0.1"})
        self.assertEqual([line for line in lines if line["took_ms"] < 0], [])

    def test_a_request_id_from_just_anybody_is_not_believed(self):
        self.shop.start()
        self.standin.start()
        self.standin.post("k1", order_body(), X_Request_Id="mine")
        self.assertNotEqual(self.shop.orders()[0]["request_id"], "mine")

    def test_errors_are_counted_apart_from_failures(self):
        self.shop.start()
        self.standin.start()
        self.standin.order("k1")
        self.standin.order("k2", card={"token": "declined"})
        self.shop.faults(answer="status", status=500)
        self.standin.order("k3")
        for kind in ("success", "failure", "error"):
            with self.subTest(kind):
                self.assertEqual(self.standin.metric("standin_forwards_total", route="orders", kind=kind), 1)
        self.assertEqual(self.standin.metric("standin_stand_ins_total", cause="server_error", decision="accepted"), 1)
        self.assertEqual(self.standin.metric("standin_request_seconds_count", route="orders"), 3)
        self.assertEqual(self.standin.metric("standin_journal_committed_orders_total"), 1)
        self.assertEqual(self.standin.metric("standin_orders", state="accepted"), 1)
        self.shop.faults()
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1} if len(self.shop.orders()) == 2 else {"settled": 1})
        self.assertEqual(self.standin.metric("standin_orders", state="accepted"), 0)

    def test_where_the_time_goes_is_told_apart(self):
        self.shop.start()
        self.standin.start()
        self.shop.faults(delay_before_ms=600, everywhere=True)
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(ask(self.standin.port, "GET", "/orders?key=k1").status, 200)
        body = order_body()
        with self.standin.connect() as slow:
            request = order_bytes("k2", body)
            slow.sendall(request[:-1])
            time.sleep(0.3)
            slow.sendall(request[-1:])
            self.assertTrue(slow.recv(4096).startswith(b"HTTP/1.1 201 "))

        def seconds(part: str, **labels: str) -> float:
            return self.standin.metric(f"standin_{part}_seconds_sum", **labels)

        self.assertEqual(self.standin.metric("standin_request_receive_seconds_count", route="orders"), 2)
        self.assertEqual(self.standin.metric("standin_request_receive_seconds_count", route="rest"), 1)
        self.assertEqual(self.standin.metric("standin_target_first_byte_seconds_count", upstream="shop"), 3)
        self.assertIn(self.standin.metric("standin_target_connect_seconds_count", upstream="shop"), (1, 2))  # one a thread
        self.assertGreaterEqual(seconds("request_receive", route="orders"), 0.29)
        self.assertGreaterEqual(seconds("target_first_byte"), 3 * 0.59)
        self.assertLess(seconds("target_connect"), 0.6)
        self.assertLess(seconds("request_receive", route="rest"), 0.6)

    def test_it_is_known_when_an_upstreams_certificate_expires(self):
        authority = Authority(self.folder)
        gateway = Gateway(authority.certificate("localhost", days=20))
        self.addCleanup(gateway.stop)
        target = f"https://localhost:{gateway.port}"
        for name, more in (("asked", {}), ("pinged", {"health": '{ path = "/ping" }'})):
            section = {"targets": f'["{target}"]', "tls": f'{{ ca_file = "{authority.file}" }}'} | more
            self.configuration.change(f"upstream.{name}", **section)
            self.configuration.change(f"route.{name}", name=f'"{name}"', match=f'"/{name}"', upstream=f'"{name}"')
        self.shop.start()
        self.standin.start()

        def expires(upstream: str) -> float:
            return self.standin.metric("standin_upstream_certificate_expiry_seconds", upstream=upstream, target=target)

        eventually(lambda: expires("pinged"), "a health check has told")
        self.assertEqual(expires("asked"), 0)
        self.assertEqual(ask(self.standin.port, "GET", "/asked").status, 200)
        for upstream in ("asked", "pinged"):
            self.assertAlmostEqual(expires(upstream), time.time() + 20 * 86400, delta=600)

    def test_a_template_like_the_shops_own_answer_is_found_to_be_the_same(self):
        self.shop.start()
        self.standin.start()
        self.order_until_compared()
        self.assertEqual(self.standin.metric("standin_templates_compared_total", result="drifted"), 0)
        self.assertEqual(self.standin.logged("template_drift"), [])

    def test_a_template_that_drifted_is_known_before_the_outage_and_said_once(self):
        approve = self.configuration.sections["stand_in.order"]["approve"].replace('"currency":', '"currncy":')
        self.configuration.change("stand_in.order", approve=approve)
        self.configuration.change("server", threads="1")  # each thread says it once
        self.shop.start()
        self.standin.start()
        for _ in range(2):
            self.order_until_compared()
        self.assertGreaterEqual(self.standin.metric("standin_templates_compared_total", result="drifted"), 2)
        self.assertEqual(len(self.standin.will_log("template_drift")), 1)
        self.assertIn("currency", self.standin.logged("template_drift")[0])

    def order_until_compared(self) -> None:
        """One answer in fifty is compared, drawn by chance."""
        before = self.standin.metric("standin_templates_compared_total")
        for number in range(5000):
            self.standin.order(f"compared-{before}-{number}")
            if number % 20 == 0 and self.standin.metric("standin_templates_compared_total") > before:
                return
        self.fail("none of 5000 answers was compared")

    def test_facts_that_cannot_be_read_are_known_before_the_outage(self):
        facts = self.configuration.sections["stand_in.order"]["facts"].replace("/order/total_cents", "/order/total")
        self.configuration.change("stand_in.order", facts=facts)
        self.shop.start()
        self.standin.start()

        def counted() -> bool:
            for number in range(20):
                self.standin.order(f"{id(object())}-{number}")
            return self.standin.metric("standin_facts_unreadable_total", during="healthy") > 0

        eventually(counted, "it is counted")
        self.assertIn("/order/total", self.standin.will_log("facts_unreadable")[0])

    def test_every_metric_has_its_name_and_its_help(self):
        self.shop.start()
        self.standin.start()
        self.standin.order("k1")
        text = self.standin.metrics_text()
        names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP ") and len(line.split()) > 3}
        self.assertEqual([name for name in names if not name.startswith("standin_")], [])
        self.assertEqual(names - helped, set())
        self.assertEqual(ask(self.standin.console_port, "GET", "/orders").status, 404)
