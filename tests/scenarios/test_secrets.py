"""Nothing secret in clear: not in a log, a metric, the journal's files, or what an operator is shown."""
import base64
import binascii
import http.server
import os
import signal
import threading

from harness import Scenario, eventually, order_body, order_bytes, reset

CARD = "5555555555554444"
CVV = "8312907"
TOKEN = "Bearer tok_4fJq8sZr2kQv"
SERVICE_TOKEN = "Bearer svc_9xLw3mTn7bYd"


def forms(secret: str) -> list[bytes]:
    """As it might be written down."""
    plain = secret.encode()
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)).encode()
    return [plain, binascii.hexlify(plain), base64.b64encode(plain)[:-4], spaced]


class Secrets(Scenario):
    def setUp(self):
        super().setUp()
        credential = os.path.join(self.folder, "replay.credential")
        with open(os.open(credential, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"Authorization: {SERVICE_TOKEN}\n")
        self.configuration.change(
            "stand_in.order",
            facts='{ amount = "/order/total_cents", currency = "/order/currency", merchant = "/order/merchant_id", '
            'customer = "/order/customer_id", reference = "/order/cart_id", card = "/order/card/number" }',
            strip='["/order/card/cvv"]',
            replay='{ rate = 200, credential_file = "replay.credential" }',
        )

    def order(self, key: str, cents: int = 1000, **more):
        card = {"number": CARD, "cvv": CVV}
        return self.standin.post(key, order_body(cents, card=card, **more), Authorization=TOKEN)

    def assert_nowhere(self, where: bytes, what: str):
        for secret in (CARD, CVV, TOKEN.split()[1], SERVICE_TOKEN.split()[1]):
            for form in forms(secret):
                self.assertNotIn(form, where, what)

    def test_a_whole_day_leaves_no_secret_in_clear(self):
        self.shop.start()
        self.standin.start()
        self.assertEqual(self.order("live").status, 201)
        self.shop.faults(answer="status", status=500, at="after")
        self.assertEqual(self.order("stood-in").status, 201)
        self.assertEqual(self.order("declined", 9900).status, 422)
        self.shop.kill()
        self.assertEqual(self.order("down", cart_id=CARD, customer_id=f"{CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}").status, 201)
        self.assertEqual(self.order("unreadable", currency=CARD).status, 422)
        self.standin.post("malformed", b'{"order":{"card":{"number":"' + CARD.encode() + b'","cvv":"' + CVV.encode(), Authorization=TOKEN)
        self.assertEqual(self.order("down", 1001).status, 422)
        connection = self.standin.connect()
        connection.sendall(order_bytes("gone", order_body(card={"number": CARD, "cvv": CVV})))
        eventually(lambda: any(order["cause"] for order in self.standin.orders("&state=accepted")), "an order is accepted")
        reset(connection)
        self.assert_nowhere(self.standin.metrics_text().encode(), "metrics")
        shown = b"".join(self.standin.api("GET", "orders/" + order["id"]).body for order in self.standin.orders())
        self.assert_nowhere(shown, "what operators are shown")
        self.shop.start()
        self.standin.replay()
        eventually(lambda: not self.standin.states().get("accepted"), "the accepted orders are delivered")
        self.assert_nowhere(self.standin.metrics_text().encode(), "metrics after the replay")
        self.assert_nowhere(self.standin.api("GET", "followups?all=true").body, "follow-ups")
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        written = self.standin.written()
        self.assertGreater(len(written), 10_000)
        self.assert_nowhere(written, "what is on the disk")

    def test_the_replayed_request_has_the_service_credential_and_no_security_code(self):
        arrived = []

        class RecordingShop(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                arrived.append((dict(self.headers), body))
                answer = b'{"order":{"id":"o1"}}'
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), RecordingShop)
        self.addCleanup(server.server_close)
        self.configuration.change("upstream.shop", targets=f'["http://127.0.0.1:{server.server_port}"]')
        self.standin.start()
        self.standin.verb("mode", "forced", "--for", "1m", "--why", "drill")
        self.assertEqual(self.order("k1").status, 201)
        order = self.standin.only_order()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        headers, body = arrived[0]
        self.assertEqual(headers["Authorization"], SERVICE_TOKEN)
        self.assertEqual(headers["Standin-Key"], order["order_key"])
        self.assertEqual(headers["X-Request-Id"], order["request_id"])
        self.assertEqual(headers["Idempotency-Key"], "k1")
        self.assertRegex(headers["Standin-Replay"], f"^t=[0-9]+,order={order['id']},v1=[0-9a-f]+$")
        self.assertNotIn(CVV.encode(), body)
        self.assertIn(CARD.encode(), body)

    def test_core_dumps_are_off(self):
        self.standin.start()
        with open(f"/proc/{self.standin.process.pid}/limits") as file:
            core = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])
