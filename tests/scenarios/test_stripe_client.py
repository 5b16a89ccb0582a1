"""The official Stripe client for Node, pointed at standin in front of the simulated gateway: whatever happens, one charge."""
import concurrent.futures
import fcntl
import hashlib
import json
import os
import shutil
import subprocess

from gateways import Listener, TillScenario
from harness import PATIENCE, eventually

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stripe")
CACHE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".cache")


def modules() -> str:
    """The folder of the client's modules, as the lock file has them; installed once."""
    with open(os.path.join(HERE, "package-lock.json"), "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()[:16]
    folder = os.path.join(CACHE, "stripe-client-" + version)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(folder, "installed")
        if not os.path.exists(done):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(HERE, name), folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            installed = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
            assert installed.returncode == 0, f"npm ci failed:\n{installed.stdout}{installed.stderr}"
            open(done, "w").close()
    return os.path.join(folder, "node_modules")


def setUpModule():
    modules()


CARD = {"payment_method": "pm_card_visa", "confirm": True, "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
INTENT = {"amount": 1999, "currency": "usd", "metadata": {"order_id": "cart-1"}} | CARD


class Client(TillScenario):
    def setUp(self):
        super().setUp()
        self.configuration.for_stripe(f"http://127.0.0.1:{self.gateway.ports[0]}")

    def call(self, *calls: tuple, port: int = 0, **options) -> list[dict]:
        """What the client makes of each call: ("paymentIntents.create", argument...)."""
        asked = {"port": port or self.standin.port, "key": "sk_test_simulated", "options": options,
                 "calls": [{"method": method, "arguments": arguments} for method, *arguments in calls]}
        done = subprocess.run(["node", os.path.join(HERE, "client.js"), json.dumps(asked)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=2 * PATIENCE, env=os.environ | {"NODE_PATH": modules()})
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def pay(self, key: str = "", **options) -> dict:
        return self.call(("paymentIntents.create", INTENT, {"idempotencyKey": key} if key else {}), **options)[0]

    def off(self) -> None:
        """Without stand-in: what is left is forwarding, with each charge written down before it is sent."""
        self.configuration.change("route.payments", mode='"off"')

    def assert_paid(self, told: dict) -> None:
        self.assertEqual(told.get("statusCode"), 200, told)
        self.assertEqual((told["object"]["object"], told["object"]["status"], told["object"]["amount"]), ("payment_intent", "succeeded", 1999))

    def assert_by_the_gateway(self, told: dict) -> None:
        self.assert_paid(told)
        self.assertEqual(told["object"]["id"], self.gateway.payments()[-1]["intent"])

    def assert_stood_in_for(self, told: dict) -> None:
        self.assert_paid(told)
        self.assertRegex(told["object"]["id"], "^pi_standin")
        self.assertRegex(told["requestId"], "^req_")

    def assert_charged_once(self) -> None:
        """Now, and still after everything was delivered."""
        self.gateway.faults()
        self.standin.replay()
        eventually(lambda: not self.counts().keys() - {"matched", "settled"}, "the charge is delivered")
        self.assertEqual(self.gateway.standing(), 1)
        self.assertEqual(self.standin.exposure(), 0)


class HealthyGateway(Client):
    def setUp(self):
        super().setUp()
        self.behind = Listener(self.gateway.ports[0])
        self.addCleanup(self.behind.close)
        self.configuration.change("upstream.stripegate", targets=f'["http://127.0.0.1:{self.behind.port}"]')

    def between(self) -> Listener:
        """In front of standin: what the client itself sent and got."""
        front = Listener(self.standin.port)
        self.addCleanup(front.close)
        return front

    def assert_unchanged(self, front: Listener, call: tuple) -> dict:
        told, = self.call(call, port=front.port)
        sent, body = front.last_request()
        arrived, arrived_body = self.behind.last_request()
        self.assertEqual(body, arrived_body)
        of_a_hop = {"Host", "Connection"}
        self.assertEqual({name: arrived.get(name) for name in sent.keys() - of_a_hop}, {name: sent[name] for name in sent.keys() - of_a_hop})
        self.assertEqual(arrived.keys() - sent.keys() - of_a_hop, {"X-Request-Id", "Standin-Key", "Via"})
        answered, answer = self.behind.last_answer()
        got, got_answer = front.last_answer()
        self.assertEqual(answer, got_answer)
        self.assertEqual({name: got.get(name) for name in answered.keys() - {"Connection"}},
                         {name: answered[name] for name in answered.keys() - {"Connection"}})
        return told

    def test_a_payment_passes_unchanged_there_and_back(self):
        self.standin.start()
        front = self.between()
        told = self.assert_unchanged(front, ("paymentIntents.create", INTENT, {"idempotencyKey": "my-own-key-1"}))
        self.assert_by_the_gateway(told)
        arrived, _ = self.behind.last_request()
        self.assertEqual(arrived["Idempotency-Key"], "my-own-key-1")
        self.assertEqual(arrived["Stripe-Version"], told["apiVersion"])
        self.assertEqual(self.behind.last_answer()[0]["Request-Id"], told["requestId"])
        self.assert_charged_once()

    def test_a_charge_passes_unchanged_with_a_key_of_the_clients_making(self):
        self.standin.start()
        told = self.assert_unchanged(self.between(), ("charges.create", {"amount": 500, "currency": "usd", "source": "tok_visa"}))
        self.assertEqual(told["object"]["id"], self.gateway.payments()[0]["id"])
        self.assertEqual(self.behind.last_request()[0]["Idempotency-Key"], told["idempotencyKey"])
        self.assertEqual(self.gateway.standing(), 1)

    def test_reads_and_lists_pass_unchanged_brackets_and_all(self):
        self.standin.start()
        self.pay()
        intent = self.gateway.payments()[0]
        front = self.between()
        self.assert_unchanged_read(front, ("paymentIntents.retrieve", intent["intent"], {"expand": ["latest_charge"]}))
        listed = self.assert_unchanged_read(front, ("charges.list", {"created": {"gte": 1700000000, "lte": 4000000000}, "limit": 3}))
        self.assertEqual([charge["id"] for charge in listed["object"]["data"]], [intent["id"]])
        self.assertIn(b"created[gte]=1700000000", bytes(self.behind.requests))

    def assert_unchanged_read(self, front: Listener, call: tuple) -> dict:
        front.forget()
        self.behind.forget()
        told, = self.call(call, port=front.port)
        self.assertEqual(bytes(front.requests).split(b"\r\n")[0], bytes(self.behind.requests).split(b"\r\n")[0])
        self.assertEqual(front.last_answer()[1], self.behind.last_answer()[1])
        self.assertEqual(told["statusCode"], 200)
        return told

    def test_a_decline_is_the_clients_own_card_error(self):
        self.standin.start()
        told, = self.call(("paymentIntents.create", INTENT | {"payment_method": "pm_card_chargeDeclined"}))
        self.assertEqual((told["error"], told["code"], told["statusCode"]), ("StripeCardError", "card_declined", 402))
        self.assertEqual(told["requestId"], self.behind.last_answer()[0]["Request-Id"])
        self.assertEqual(self.gateway.standing(), 0)
        self.assertEqual(self.counts(), {"declined": 1})

    def test_the_same_key_again_is_the_same_payment(self):
        self.standin.start()
        first, second = self.pay("k1"), self.pay("k1")
        self.assertEqual(first["object"], second["object"])
        other, = self.call(("paymentIntents.create", INTENT | {"amount": 2000}, {"idempotencyKey": "k1"}))
        self.assertEqual((other["error"], other["statusCode"]), ("StripeIdempotencyError", 400))
        self.assert_charged_once()

    def test_a_hold_is_captured_and_refunded(self):
        self.standin.start()
        hold, = self.call(("paymentIntents.create", INTENT | {"capture_method": "manual"}))
        intent = hold["object"]["id"]
        captured, refunded = self.call(("paymentIntents.capture", intent, {"amount_to_capture": 1500}),
                                       ("refunds.create", {"payment_intent": intent, "amount": 500}))
        self.assertEqual((captured["object"]["status"], captured["object"]["amount_received"]), ("succeeded", 1500))
        self.assertEqual((refunded["object"]["object"], refunded["object"]["amount"]), ("refund", 500))
        self.assertEqual(self.gateway.payments()[0]["refunded_minor"], 500)


class FailingGateway(Client):
    FAULTS = {
        "reset": {"fault": "reset"},
        "reset_after_the_charge": {"fault": "reset", "at": "after"},
        "hang": {"fault": "hang"},
        "hang_after_the_charge": {"fault": "hang", "at": "after"},
        "503": {"fault": "status", "status": 503},
        "503_after_the_charge": {"fault": "status", "status": 503, "at": "after"},
        "409": {"fault": "status", "status": 409},
        "half_an_answer": {"fault": "truncate"},
        "slow": {"fault": "late", "late_ms": 1500},
    }

    def test_the_payment_is_stood_in_for_and_charged_once(self):
        self.standin.start()
        for name, fault in self.FAULTS.items():
            with self.subTest(name):
                before = self.gateway.standing()
                self.gateway.faults(fault | {"count": 1})
                payment = ("paymentIntents.create", INTENT, {"idempotencyKey": f"key-{name}"})
                first, again = self.call(payment, payment)
                self.assert_stood_in_for(first)
                self.assertEqual(first, again)
                self.gateway.faults()
                self.standin.replay()
                eventually(lambda: not self.counts().keys() - {"matched", "settled"}, "the charge is delivered")
                self.assertEqual(self.gateway.standing(), before + 1)
        self.assertEqual(self.standin.exposure(), 0)

    def test_without_stand_in_the_clients_own_retries_charge_once(self):
        self.off()
        self.standin.start()
        for name, fault in self.FAULTS.items():
            with self.subTest(name):
                before = self.gateway.standing()
                self.gateway.faults(fault | {"count": 1})
                told = self.pay(f"key-{name}", maxNetworkRetries=4)
                self.assert_by_the_gateway(told)
                self.assertEqual(self.gateway.standing(), before + 1)
        self.assertEqual(self.counts(), {"settled": len(self.FAULTS)})

    def test_the_gateways_mark_of_a_repeated_answer_reaches_the_client(self):
        """The key's first request came by another way."""
        self.standin.start()
        first, = self.call(("paymentIntents.create", INTENT, {"idempotencyKey": "k1"}), port=self.gateway.ports[0])
        told = self.pay("k1")
        self.assertEqual(told["object"], first["object"])
        self.assertEqual(told["headers"].get("idempotent-replayed"), "true")
        self.assertNotEqual(told["requestId"], first["requestId"])
        self.assert_charged_once()

    def test_without_a_finder_the_clients_own_retry_is_the_question(self):
        self.off()
        self.configuration.change("upstream.stripegate", finder=None)
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1})
        self.standin.start()
        told = self.pay(maxNetworkRetries=2)
        self.assert_by_the_gateway(told)
        self.assertEqual(told["headers"].get("idempotent-replayed"), "true")
        self.assertEqual((self.gateway.standing(), self.counts()), (1, {"settled": 1}))

    def test_a_gateway_that_is_gone(self):
        self.gateway.gone()
        self.standin.start()
        told, declined, charge = self.call(("paymentIntents.create", INTENT), ("paymentIntents.create", INTENT | {"amount": 10001}),
                                           ("charges.create", {"amount": 1999, "currency": "usd", "source": "tok_visa"}))
        self.assert_stood_in_for(told)
        self.assertEqual((declined["error"], declined["code"], declined["declineCode"], declined["statusCode"]),
                         ("StripeCardError", "card_declined", "generic_decline", 402))
        self.assertRegex(charge["object"]["id"], "^ch_standin")
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 2, "declined": 1})
        self.assertEqual(self.gateway.standing(), 2)
        self.assertEqual({payment["idempotency_key"] for payment in self.gateway.payments()},
                         {told["idempotencyKey"], charge["idempotencyKey"]})

    def test_the_keys_first_request_is_still_in_progress_at_the_gateway(self):
        """It came by another way: 409 says neither yes nor no."""
        for mode in ("auto", "off"):
            with self.subTest(mode):
                self.configuration.change("route.payments", mode=f'"{mode}"')
                self.standin.start()
                self.gateway.faults({"fault": "late", "late_ms": 1500, "count": 1})
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    key = "k-" + mode
                    first = pool.submit(self.pay, key, port=self.gateway.ports[0])
                    eventually(lambda: not self.gateway.control("GET", "faults"), "the first request is in progress")
                    second = self.pay(key, maxNetworkRetries=4)
                    intent = first.result()["object"]["id"]
                self.assert_paid(second)
                if mode == "off":
                    self.assertEqual(second["object"]["id"], intent)
                self.standin.replay()
                eventually(lambda: not self.counts().keys() - {"matched", "settled"}, "the charge is delivered")
                self.assertEqual([payment["intent"] for payment in self.gateway.payments(idempotency_key=key)], [intent])
                self.standin.kill()

    def test_a_client_less_patient_than_the_gateway_is_slow(self):
        self.gateway.faults({"fault": "late", "late_ms": 700})
        self.standin.start()
        self.assert_by_the_gateway(self.pay("k1", timeout=400, maxNetworkRetries=4))
        self.assert_charged_once()

    def test_two_with_one_key_at_once(self):
        self.gateway.faults({"fault": "late", "late_ms": 500})
        self.standin.start()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            first, second = pool.map(lambda _: self.pay("k1"), range(2))
        self.assert_by_the_gateway(first)
        self.assertEqual(first["object"], second["object"])
        self.assert_charged_once()


class StillInStandIn(Client):
    def setUp(self):
        super().setUp()
        self.gateway.gone()
        self.standin.start()

    def test_it_can_be_read_captured_and_refunded_and_is_afterwards_the_gateways(self):
        told, = self.call(("paymentIntents.create", INTENT | {"capture_method": "manual"}))
        intent = told["object"]["id"]
        self.assertEqual(told["object"]["status"], "requires_capture")
        read, captured, refund, too_much = self.call(
            ("paymentIntents.retrieve", intent), ("paymentIntents.capture", intent, {"amount_to_capture": 1500}),
            ("refunds.create", {"payment_intent": intent, "amount": 500}), ("refunds.create", {"payment_intent": intent, "amount": 2500}))
        self.assertEqual(read["object"], told["object"])
        self.assertEqual((captured["object"]["id"], captured["object"]["status"]), (intent, "succeeded"))
        self.assertEqual((refund["object"]["status"], refund["object"]["payment_intent"]), ("pending", intent))
        self.assertEqual(too_much["error"], "StripeInvalidRequestError")
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"settled": 3})
        charge, given_back = self.gateway.payments()
        self.assertEqual((charge["amount_minor"], charge["refunded_minor"]), (1500, 500))
        later, = self.call(("paymentIntents.retrieve", intent))
        self.assertEqual((later["object"]["id"], later["object"]["amount_received"]), (charge["intent"], 1500))

    def test_cancelled_it_is_never_charged(self):
        intent = self.pay()["object"]["id"]
        cancelled, again, refund = self.call(("paymentIntents.cancel", intent), ("paymentIntents.retrieve", intent),
                                             ("refunds.create", {"payment_intent": intent}))
        self.assertEqual((cancelled["object"]["status"], again["object"]["status"]), ("canceled", "canceled"))
        self.assertEqual(refund["error"], "StripeInvalidRequestError")
        self.gateway.faults()
        self.standin.replay()
        self.standin.wait_for_states({"cancelled": 1})
        self.assertEqual(self.gateway.payments(), [])
