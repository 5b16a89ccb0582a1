"""The recipes of deploy/ with the real nginx and HAProxy in front: what goes through standin, what goes past it when it
is down, and that the shop never makes two orders of one key on the way there and back."""
import base64
import http.client
import os
import re
import shutil
import socket
import subprocess
import threading

from harness import (
    BINARY,
    PATIENCE,
    UNAVAILABLE,
    Answer,
    Child,
    Scenario,
    ask,
    at_once,
    eventually,
    order_body,
    order_headers,
)

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")


class Place:
    """A port that nobody else is given while its process is dead."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]


class Router(Child):
    """A proxy with a recipe, whose addresses are the test's."""

    def __init__(self, folder: str, name: str, recipe: str, addresses: dict[str, str]):
        super().__init__(folder, name)
        self.place = Place()
        self.port = self.place.port
        self.environment: dict[str, str] = {}
        with open(os.path.join(DEPLOY, recipe)) as file:
            text = file.read()
        for written, meant in (addresses | self.own_addresses()).items():
            assert written in text, f"{recipe} has no {written}"
            text = text.replace(written, meant)
        self.file = os.path.join(folder, os.path.basename(recipe))
        with open(self.file, "w") as file:
            file.write(text)

    def own_addresses(self) -> dict[str, str]:
        raise NotImplementedError

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def let_go(self) -> None:
        self.place.socket.close()

    def post(self, key: str, body: bytes | None = None, **headers: str):
        return ask(self.port, "POST", "/orders", body or order_body(), order_headers(key, **headers))

    def get(self, target: str):
        return ask(self.port, "GET", target)

    def send_order(self, fields: list[tuple[str, str]]) -> Answer:
        """With exactly these fields, as often as they are there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.putrequest("POST", "/orders")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(order_body())))
            for name, value in fields:
                connection.putheader(name, value)
            connection.endheaders(order_body())
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


class Listener:
    """An application that answers once, and keeps what it was sent."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.head = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection:
            connection.settimeout(PATIENCE)
            while b"\r\n\r\n" not in self.head:
                self.head += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def fields(self) -> dict[str, str]:
        """Its header fields, by their names in small letters."""
        lines = self.head.decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

    def close(self) -> None:
        self.socket.close()


class Haproxy(Router):
    program = "/usr/sbin/haproxy"

    def own_addresses(self) -> dict[str, str]:
        return {"bind :80\n": f"bind 127.0.0.1:{self.port}\n"}

    def start(self, secret: str = "") -> "Haproxy":
        own = self.file + ".global"
        with open(own, "w") as file:
            file.write("global\n  log stdout format raw local0\n")
            if secret:
                file.write(f'  setenv STANDIN_ORDER_KEY "{secret}"\n')
        self.spawn("-db", "-f", own, "-f", self.file)
        self.has_written(self.listens)
        return self


class Nginx(Router):
    program = "/usr/sbin/nginx"
    ALONE = """daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  include {recipe};
}}
"""

    def own_addresses(self) -> dict[str, str]:
        return {"listen 80;": f"listen 127.0.0.1:{self.port};"}

    def start(self) -> "Nginx":
        whole = self.file + ".whole"
        with open(whole, "w") as file:
            file.write(self.ALONE.format(folder=os.path.dirname(self.file), recipe=self.file))
        self.spawn("-e", "stderr", "-c", whole)
        self.has_written(self.listens)
        return self


class Recipe(Scenario):
    """A shop and a standin at ports that stay the same."""

    def setUp(self):
        super().setUp()
        self.edge, self.console = Place(), Place()
        self.addCleanup(self.edge.socket.close)
        self.addCleanup(self.console.socket.close)
        edge = f'["127.0.0.1:{self.edge.port}"]'
        self.configuration.change("server", listen=edge, trusted_proxies='["127.0.0.1/32"]')
        self.configuration.change("console", listen=f'"127.0.0.1:{self.console.port}"')
        self.configuration.change("route.orders", tenant=None)

    def addresses(self) -> dict[str, str]:
        return {
            "127.0.0.1:8080": f"127.0.0.1:{self.edge.port}",
            "127.0.0.1:3000": f"127.0.0.1:{self.shop.port}",
        }

    def wait_long_for_the_shop(self):
        """For a shop that takes orders and hangs, so that standin is killed before it gives up."""
        patience = f'"{PATIENCE:.0f}s"'
        self.configuration.change("route.orders", deadline=patience)
        self.configuration.change("upstream.shop", timeouts=f"{{ response = {patience}, listen_late = {patience} }}")

    def order_key_secret(self) -> str:
        """As the recipe tells to find it. It has a zero byte, where text in C ends."""
        self.standin.prepare()
        with open(os.path.join(self.folder, "journal.keys"), "r+") as file:
            text = re.sub(r"(?m)^(order-key \w{20})\w\w", r"\g<1>00", file.read())
            file.seek(0)
            file.write(text)
        return base64.b64encode(bytes.fromhex(re.search(r"(?m)^order-key (\w+)$", text)[1])).decode()

    def kill_standin_while_it_waits(self, key: str, **faults):
        """The shop has the order, and answers nothing; with `no_unique_index` it would make two of one key. What the client is told."""
        self.shop.faults(answer="hang", at="after", **faults)
        answers = []
        client = threading.Thread(target=lambda: answers.append(self.router.post(key)))
        client.start()
        eventually(lambda: self.orders_of(key), "the shop has it, standin not its answer")
        self.standin.kill()
        client.join()
        return answers[0]

    def orders_of(self, key: str) -> list[dict]:
        return [order for order in self.shop.orders() if order["idempotency_key"] == key]


class HaproxyPastStandin(Recipe):
    """deploy/haproxy/bypass.cfg"""

    def setUp(self):
        super().setUp()
        addresses = self.addresses() | {"port 8081": f"port {self.console.port}"}
        self.router = self.child(Haproxy(self.folder, "haproxy", "haproxy/bypass.cfg", addresses))

    def start(self):
        secret = self.order_key_secret()
        self.shop.start()
        self.standin.start()
        self.router.start(secret)

    def wait_for_standin(self):
        """Until orders go through it again."""
        keys = iter(range(10_000))
        eventually(
            lambda: self.router.post(f"try{next(keys)}") and self.standin.metric("standin_requests_total"),
            "standin is asked again",
        )

    def test_one_key_is_one_order_through_standin_past_it_and_through_it_again(self):
        # As clients may write them: each is made into the same Standin-Key by both.
        keys = ["k1", '"k2"', "a b  c", "k\u00c3\u00bc", "{x}|%41+&?#", "k,1;q", "a\tb", "x" * 4000]
        self.start()
        through = {key: self.router.post(key).json()["order"]["id"] for key in keys}
        self.assertEqual(self.standin.metric("standin_requests_total"), len(keys))
        self.standin.kill()
        past = {key: self.router.post(key).json()["existing_order"]["id"] for key in keys}
        self.assertEqual(past, through)
        new = self.router.post("new").json()["order"]["id"]
        self.standin.start()
        self.wait_for_standin()
        again = {key: self.router.post(key).json()["existing_order"]["id"] for key in keys}
        self.assertEqual(again, through)
        self.assertEqual(self.router.post('"new"').json()["existing_order"]["id"], new)
        standin_keys = [order["standin_key"] for order in self.shop.orders()]
        self.assertEqual(len(set(standin_keys)), len(standin_keys))

    def test_what_was_sent_to_standin_when_it_died_is_sent_nowhere_else(self):
        self.wait_long_for_the_shop()
        self.start()
        answer = self.kill_standin_while_it_waits("k1", no_unique_index=True)
        self.assertEqual((answer.status, answer.body), (502, UNAVAILABLE))
        self.shop.faults()
        self.assertEqual(self.router.post("k2").status, 201)
        self.assertEqual(len(self.orders_of("k1")), 1)

    def test_the_retry_of_what_standin_was_sending_when_it_died_finds_the_order(self):
        self.wait_long_for_the_shop()
        self.start()
        self.kill_standin_while_it_waits("k1")
        self.shop.faults()
        self.assertEqual(self.router.post("k1").json()["existing_order"]["id"], self.orders_of("k1")[0]["id"])
        self.assertEqual(len(self.shop.standing_charges()), 1)

    def test_an_order_accepted_on_trust_and_asked_for_again_past_standin_is_delivered_once(self):
        self.start()
        self.shop.kill()
        self.assertIn("gateway-down-", self.router.post("k1").json()["order"]["id"])
        self.standin.kill()
        self.shop.start()
        self.assertIn("ord_", self.router.post("k1").json()["order"]["id"])
        self.standin.start()
        self.standin.replay()
        self.standin.wait_for_states({"matched": 1})
        self.assertEqual(len(self.orders_of("k1")), 1)
        self.assertEqual(len(self.shop.standing_charges()), 1)

    def test_an_answer_that_haproxy_has_is_not_taken_for_lost(self):
        self.start()
        self.shop.kill()
        at_once(8, lambda number: self.router.post(f"k{number}"))
        # HAProxy closes by resetting, each connection when its client has gone.
        eventually(lambda: self.standin.metric("standin_connections_open") <= 3, "HAProxy closed what it needs no more")
        self.assertEqual(self.standin.states(), {"accepted": 8})

    def test_what_has_no_standin_key_is_not_sent_past_standin(self):
        self.start()
        self.standin.kill()
        for name, headers in {
            "no key": [],
            "an empty key": [("Idempotency-Key", "")],
            "an empty quoted key": [("Idempotency-Key", '""')],
            "an escaped key": [("Idempotency-Key", '"k\\\\1"')],
            "half a quote": [("Idempotency-Key", '"k1')],
            "two keys": [("Idempotency-Key", "k1"), ("Idempotency-Key", "k2")],
            "a Standin-Key of its own": [("Standin-Key", "f" * 64)],
        }.items():
            with self.subTest(name):
                answer = self.router.send_order(headers)
                self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))
        self.assertEqual(self.shop.orders(), [])

    def test_without_standins_own_key_nothing_is_sent_past_it(self):
        self.shop.start()
        hexadecimal = base64.b64decode(self.order_key_secret()).hex()
        for secret in ("", "no key", hexadecimal):
            with self.subTest(secret):
                self.router.start(secret)
                self.assertEqual(self.router.post("k1").status, 503)
                self.router.kill()
        self.assertEqual(self.shop.orders(), [])

    def test_a_standin_key_of_the_clients_own_is_not_believed(self):
        self.start()
        self.standin.kill()
        self.assertEqual(self.router.post("k1", Standin_Key="f" * 64, Standin_Replay="t=1").status, 201)
        self.assertRegex(self.orders_of("k1")[0]["standin_key"], "^(?!f{64})[0-9a-f]{64}$")
        self.standin.start()
        self.wait_for_standin()
        self.assertEqual(self.router.post("k1").status, 409)
        self.assertEqual(len(self.orders_of("k1")), 1)

    def test_nobody_says_himself_who_he_is(self):
        names = ("Standin-Key", "standin_key", "Standin-Replay", "X-Forwarded-For", "X_FORWARDED_PROTO", "Forwarded")
        shop = Listener()
        self.addCleanup(shop.close)
        addresses = self.addresses() | {
            "127.0.0.1:3000": f"127.0.0.1:{shop.port}",
            "port 8081": f"port {self.console.port}",
        }
        router = self.child(Haproxy(self.folder, "alone", "haproxy/bypass.cfg", addresses)).start()
        ask(router.port, "GET", "/", headers={name: "for=x" for name in names})
        fields = shop.fields()
        self.assertEqual(fields["x-forwarded-for"], "127.0.0.1")
        self.assertEqual([name for name, value in fields.items() if value == "for=x"], [])

    def test_pages_stay_up(self):
        self.start()
        self.assertEqual(self.router.get("/ping").body, b"UP:shop")
        self.standin.kill()
        self.assertEqual(self.router.get("/ping").body, b"UP:shop")


class HaproxyFallback(Recipe):
    """deploy/haproxy/fallback.cfg"""

    def test_it_makes_keys_as_the_other_recipe_does(self):
        def rules(recipe: str) -> list[str]:
            with open(os.path.join(DEPLOY, "haproxy", recipe)) as file:
                return [line for line in file.read().splitlines() if line.startswith(("  http-request", "  acl"))]

        self.assertEqual(rules("fallback.cfg"), rules("bypass.cfg"))

    def setUp(self):
        super().setUp()
        self.configuration.change("route.orders", mode='"fallback"')
        self.router = self.child(Haproxy(self.folder, "haproxy", "haproxy/fallback.cfg", self.addresses()))

    def start(self):
        secret = self.order_key_secret()
        self.shop.start()
        self.standin.start()
        self.router.start(secret)

    def restart_shop(self):
        """Until orders go to it again."""
        self.shop.start()
        keys = iter(range(10_000))
        eventually(
            lambda: "ord_" in self.router.post(f"try{next(keys)}").json()["order"]["id"], "the shop is asked again"
        )

    def test_what_the_shop_takes_never_comes_to_standin(self):
        self.start()
        self.assertEqual(self.router.post("k1").status, 201)
        self.assertEqual(self.router.post("k1").status, 409)
        self.assertEqual(self.router.post("k2", order_body(90_000)).status, 422)
        self.assertEqual(self.standin.metric("standin_requests_total"), 0)
        self.assertRegex(self.orders_of("k1")[0]["standin_key"], "^[0-9a-f]{64}$")

    def test_what_standin_took_and_the_shop_is_asked_again_is_one_order(self):
        self.start()
        self.shop.kill()
        for key in ("k1", "k2"):
            self.assertIn("gateway-down-", self.router.post(key).json()["order"]["id"])
        self.assertEqual({order["cause"] for order in self.standin.orders()}, {"fallback"})
        self.restart_shop()
        self.assertIn("ord_", self.router.post("k1").json()["order"]["id"])
        self.standin.replay()
        eventually(lambda: set(self.standin.states()) <= {"matched", "settled"}, "everything is delivered")
        self.assertIn("matched", self.standin.states())
        self.assertEqual((len(self.orders_of("k1")), len(self.orders_of("k2"))), (1, 1))
        self.assertEqual(self.router.post("k2").status, 409)

    def test_what_reached_the_shop_before_it_died_and_is_accepted_is_one_order(self):
        self.start()
        self.shop.faults(answer="die", at="after")
        self.assertEqual(self.router.post("k1").status, 502)
        self.shop.wait()
        self.assertIn("gateway-down-", self.router.post("k1").json()["order"]["id"])
        self.restart_shop()
        self.standin.replay()
        eventually(lambda: set(self.standin.states()) <= {"matched", "settled"}, "everything is delivered")
        self.assertIn("matched", self.standin.states())
        self.assertEqual(len(self.orders_of("k1")), 1)

    def test_what_reached_the_shop_before_it_died_and_is_declined_is_withdrawn(self):
        self.start()
        self.shop.faults(answer="die", at="after")
        self.assertEqual(self.router.post("k1", order_body(9900)).status, 502)
        self.shop.wait()
        self.assertEqual(len(self.orders_of("k1")), 1)
        self.assertEqual(self.router.post("k1", order_body(9900)).status, 422)
        self.assertEqual(self.standin.states(), {"reversing": 1})
        self.shop.start()
        self.standin.wait_for_states({"reversed": 1})
        self.assertEqual([order["state"] for order in self.orders_of("k1")], ["cancelled"])
        self.assertEqual(self.shop.standing_charges(), [])

    def test_what_has_no_standin_key_never_comes_to_standin(self):
        self.start()
        self.shop.kill()
        answer = self.router.send_order([])
        self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))
        self.assertEqual(self.standin.orders(), [])


class NginxRouter(Recipe):
    """deploy/nginx/router.conf"""

    def setUp(self):
        super().setUp()
        self.router = self.child(Nginx(self.folder, "nginx", "nginx/router.conf", self.addresses()))

    def start(self):
        self.shop.start()
        self.standin.start()
        self.router.start()

    def test_orders_wait_for_standin_and_are_one_order_each(self):
        self.start()
        first = self.router.post("k1").json()["order"]["id"]
        self.standin.kill()
        for key in ("k1", "k2"):
            answer = self.router.post(key)
            self.assertEqual((answer.status, answer.body, answer.header("Retry-After")), (503, UNAVAILABLE, "5"))
        self.standin.start()
        self.assertEqual(self.router.post("k1").json()["existing_order"]["id"], first)
        self.assertEqual(self.router.post("k2").status, 201)
        self.assertEqual([order["idempotency_key"] for order in self.shop.orders()], ["k1", "k2"])

    def test_an_order_on_its_way_when_standin_died_is_sent_nowhere_else(self):
        self.wait_long_for_the_shop()
        self.start()
        answer = self.kill_standin_while_it_waits("k1", no_unique_index=True)
        self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))
        self.assertEqual(len(self.orders_of("k1")), 1)

    def test_standins_own_errors_are_passed_on(self):
        self.configuration.change("route.orders", mode='"off"')
        self.start()
        self.shop.kill()
        self.assertEqual(self.router.post("k1").status, 502)

    def test_pages_stay_up_and_what_is_not_a_page_is_sent_once(self):
        # No route is protected here: what is sent past standin is told from what is not by the shop's ledger.
        self.configuration.change("route.orders", match='"POST /elsewhere"')
        addresses = self.addresses() | {"location = /orders": "location = /elsewhere"}
        self.router = self.child(Nginx(self.folder, "pages", "nginx/router.conf", addresses))
        self.wait_long_for_the_shop()
        self.start()
        self.shop.faults(answer="hang", at="after", no_unique_index=True)
        answers = []
        client = threading.Thread(target=lambda: answers.append(self.router.post("sent")))
        client.start()
        eventually(lambda: self.orders_of("sent"), "the shop has it")
        self.standin.kill()
        client.join()
        self.assertEqual(answers[0].status, 502)
        self.shop.faults()
        self.assertEqual(self.router.get("/ping").body, b"UP:shop")
        self.assertEqual(self.router.post("never sent").status, 201)
        self.assertEqual([order["idempotency_key"] for order in self.shop.orders()], ["sent", "never sent"])


class Service(Scenario):
    """deploy/systemd"""

    def test_systemd_takes_the_units_as_they_are(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze: this machine does not run systemd")
        copies = []
        for name in ("standin.service", "standin.socket"):
            with open(os.path.join(DEPLOY, "systemd", name)) as file:
                unit = file.read()
            copies.append(os.path.join(self.folder, name))
            with open(copies[-1], "w") as file:
                file.write(unit.replace("/usr/bin/standin ", os.path.abspath(BINARY) + " "))
        done = subprocess.run(["systemd-analyze", "verify", *copies], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
