"""What scenarios about payment gateways share: the simulated gateway, a till in front of it, and listeners in between."""
import json
import os
import re
import socket
import struct
import threading
import urllib.parse

from configuration import Configuration
from harness import Answer, Child, Scenario, ask, eventually

CARD = "4000100011112224"
MASTERCARD = "5555555555554444"
DECLINED_CARD = "4000300611112224"
FORM = "application/x-www-form-urlencoded"


def fields_of(answer: Answer) -> dict[str, str]:
    """Of the gate's answer, in which every field occurs once."""
    pairs = urllib.parse.parse_qsl(answer.body.decode(), keep_blank_values=True, strict_parsing=True)
    fields = dict(pairs)
    assert len(fields) == len(pairs), answer
    return fields


def sale_body(invoice: str = "1", **fields: str) -> bytes:
    sale = {"UMkey": "sandbox-fold", "UMcommand": "cc:sale", "UMamount": "25.00", "UMcard": CARD, "UMexpir": "1230"}
    return urllib.parse.urlencode(sale | ({"UMinvoice": invoice} if invoice else {}) | fields).encode()


def request_bytes(body: bytes, target: str = "/gate", **headers: str) -> bytes:
    """A request to the gate as it goes over a plain socket."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {target} HTTP/1.1\r\nHost: gateway\r\nContent-Type: {FORM}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def kept_place(host: str, port: int) -> socket.socket:
    """Bound and not listening: connections are refused until somebody who shares it listens."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind((host, port))
    return place


class Gateway(Child):
    """`standin sim gateway` and its ledger. Its ports are kept while it refuses or is dead: nobody else is given them."""

    def __init__(self, folder: str, locations: int = 2, name: str = "gateway", places: tuple[tuple[str, int], ...] = ()):
        super().__init__(folder, name)
        self.ledger_file = os.path.join(folder, name + "-ledger.db")
        self._places = [kept_place(*place) for place in places or [("127.0.0.1", 0)] * locations]
        self.hosts = [place.getsockname()[0] for place in self._places]
        self.ports: list[int] = [place.getsockname()[1] for place in self._places]
        self.control_port = 0

    def let_go(self) -> None:
        for place in self._places:
            place.close()

    def start(self, *options: str) -> "Gateway":
        listen = [option for place in zip(self.hosts, self.ports) for option in ("--listen", "%s:%d" % place)]
        self.spawn("sim", "gateway", *listen, "--ledger", self.ledger_file, "--timezone-minutes", "0", *options)
        found = lambda: re.findall(r"location \d+ listening on [\d.]+:(\d+)\n", self.output())
        self.has_written(lambda: len(found()) == len(self.hosts))
        self.control_port = int(re.search(r"control on 127\.0\.0\.1:(\d+)", self.output())[1])
        return self

    def control(self, method: str, what: str, body=None):
        data = None if body is None else json.dumps(body).encode()
        answer = ask(self.control_port, method, "/_control/" + what, data)
        assert answer.status == 200, answer
        return answer.json()

    def faults(self, *faults: dict) -> None:
        """Replaces what is wrong with it; nothing heals it."""
        self.control("PUT", "faults", list(faults))

    def gone(self) -> None:
        """Every location refuses connections."""
        self.faults({"fault": "refuse"})

    def gate(self, location: int = 1, **fields: str) -> Answer:
        body = sale_body("", **({"UMkey": "sandbox"} | fields))
        return ask(self.ports[location - 1], "POST", "/gate", body, {"Content-Type": FORM})

    def stripe(self, method: str, path: str, key: str = "", **fields) -> Answer:
        headers = {"Authorization": "Bearer sk_test_1"} | ({"Idempotency-Key": key} if key else {})
        body = urllib.parse.urlencode(fields).encode() if method == "POST" else None
        return ask(self.ports[0], method, "/v1/" + path, body, headers)

    def payments(self, **query: str) -> list[dict]:
        """The ledger's rows, oldest first."""
        return self.control("GET", "ledger?" + urllib.parse.urlencode(query))["payments"]

    def standing(self) -> int:
        """Charges that stand, none of them the second of one intent."""
        judged = self.control("GET", "judge")
        assert judged["charged_twice"] == [], judged
        return judged["standing"]


class TillConfiguration(Configuration):
    """The till of docs/examples/gateways.toml with short times: one party, `cardgate`, and one route, POST /gate."""

    def __init__(self, *targets: str):
        super().__init__("")
        for section in ("upstream.shop", "route.orders", "route.rest", "stand_in.order", "policy.default"):
            del self.sections[section]
        self.change("upstream.cardgate", dialect='"usaepay"', currency='"USD"', country='"US"',
                    credentials_file='"cardgate.keys"', targets=json.dumps(targets), balance='"scoreboard"',
                    forget_errors_after='"30m"', duplicates='{ kind = "folded", window = "10m" }', reversal='"void"',
                    timeouts='{ connect = "500ms", write = "200ms", response = "1s", listen_late = "3s" }',
                    finder='{ before = "5s", after = "5s", max_processing = "300ms" }',
                    # Scenarios are about single charges: the breaker has its own.
                    breaker='{ consecutive = 1000, minimum = 1000, open_for = "300ms" }')
        self.change("route.till", name='"till"', match='"POST /gate"', dialect='"usaepay"', upstream='"cardgate"',
                    stand_in='{ policy = "till", replay = { rate = 200, concurrency = 8 } }', idempotency='"journalled"',
                    key='["reference", "amount", "command", "card"]', deadline='"3s"')
        self.change("policy.till", floor_limit='{ USD = "100.00", GBP = "100.00" }',
                    exposure='{ total = ["5000.00 USD", "5000.00 GBP"] }')

    def stand_in(self, **more: str) -> "TillConfiguration":
        """Beside the policy, of the till's stand-in."""
        values = {"replay": "{ rate = 200, concurrency = 8 }"} | more
        listed = ", ".join(f"{name} = {value}" for name, value in values.items())
        self.change("route.till", stand_in=f'{{ policy = "till", {listed} }}')
        return self

    def without_folding(self) -> "TillConfiguration":
        """The party takes a repeat for a new charge: the finder has to be asked."""
        self.change("upstream.cardgate", duplicates='{ kind = "none" }')
        return self

    def for_stripe(self, target: str) -> "TillConfiguration":
        """One party, `stripegate`, and one route, /v1/*, in place of the till."""
        party, till = self.sections.pop("upstream.cardgate"), self.sections.pop("route.till")
        for name in ("currency", "balance", "forget_errors_after"):
            del party[name]
        party |= {"dialect": '"stripe"', "targets": json.dumps([target]), "credentials_file": '"backupgate.keys"',
                  "duplicates": '{ kind = "keyed", window = "24h" }'}
        till |= {"name": '"payments"', "match": '"/v1/*"', "dialect": '"stripe"', "upstream": '"stripegate"', "key": '"Idempotency-Key"'}
        self.change("upstream.stripegate", **party)
        self.change("route.payments", **till)
        return self

    def add_backup(self, target: str) -> "TillConfiguration":
        """A second party, of the Stripe kind, for when nothing was sent to the first."""
        self.change("upstream.backupgate", dialect='"stripe"', country='"US"', credentials_file='"backupgate.keys"',
                    targets=json.dumps([target]), duplicates='{ kind = "keyed", window = "24h" }', reversal='"void"',
                    timeouts='{ connect = "500ms", write = "200ms", response = "1s", listen_late = "3s" }',
                    breaker='{ consecutive = 1000, minimum = 1000, open_for = "300ms" }',
                    finder='{ max_processing = "300ms" }')
        self.change("route.till", upstream='["cardgate", "backupgate"]')
        return self


class TillScenario(Scenario):
    """A gateway of two locations, and standin between it and the till; standin runs once a test starts it."""

    source_keys = "sandbox\nsandbox-fold\nsandbox-pin 1234\n"

    def setUp(self):
        super().setUp()
        self.gateway = self.child(self.new_gateway()).start()
        self.configure(*[place + "/gate" for place in self.places()])
        self.write_secret("cardgate.keys", self.source_keys)
        self.write_secret("backupgate.keys", "sk_test_simulated\n")

    def new_gateway(self) -> Gateway:
        return Gateway(self.folder)

    def places(self) -> list[str]:
        """Where standin reaches the gateway's locations."""
        return ["http://%s:%d" % place for place in zip(self.gateway.hosts, self.gateway.ports)]

    def configure(self, *targets: str) -> None:
        self.configuration = self.standin.configuration = TillConfiguration(*targets)

    def write_secret(self, name: str, text: str) -> None:
        with open(os.open(os.path.join(self.folder, name), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)

    def listened_to(self, location: int = 1) -> "Listener":
        """Makes standin reach that location alone, by way of a listener."""
        listener = Listener(self.gateway.ports[location - 1])
        self.addCleanup(listener.close)
        self.configuration.change("upstream.cardgate", targets=f'["http://127.0.0.1:{listener.port}/gate"]')
        return listener

    # Clients

    def send(self, body: bytes, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.standin.port, "POST", "/gate", body, {"Content-Type": FORM} | named)

    def sale(self, invoice: str = "1", **fields: str) -> dict[str, str]:
        answer = self.send(sale_body(invoice, **fields))
        self.assertEqual(answer.status, 200)
        return fields_of(answer)

    def about(self, command: str, reference: str, **fields: str) -> dict[str, str]:
        """A capture, void or refund of the charge with that reference."""
        body = {"UMkey": "sandbox-fold", "UMcommand": command, "UMrefNum": reference} | fields
        return fields_of(self.send(urllib.parse.urlencode(body).encode()))

    def send_and_keep(self, body: bytes) -> socket.socket:
        """Sends a request, and does not read its answer."""
        connection = self.standin.connect()
        self.addCleanup(connection.close)
        connection.sendall(request_bytes(body))
        return connection

    # What became of it

    def assert_approved(self, answer: dict[str, str]) -> None:
        self.assertEqual((answer["UMresult"], answer["UMstatus"]), ("A", "Approved"), answer)

    def assert_stood_in_for(self, answer: dict[str, str]) -> None:
        """A yes of ours: the reference is ours."""
        self.assert_approved(answer)
        self.assertRegex(answer["UMrefNum"], r"^\d{16}$")
        self.assertRegex(answer["UMauthCode"], r"^\d{6}$")

    def assert_by_the_gateway(self, answer: dict[str, str]) -> None:
        self.assert_approved(answer)
        self.assertIn(answer["UMrefNum"], [payment["refnum"] for payment in self.gateway.payments()])

    def counts(self) -> dict[str, int]:
        """How many charges are in each state, those among them that the gateway answered: nobody is shown these."""
        return {state: count for state, count in self.standin.api("GET", "health").json()["orders"].items() if count}

    def wait_for_counts(self, expected: dict[str, int]) -> None:
        eventually(lambda: self.counts() == expected, f"the charges are {expected}")

    def in_flight(self, count: int = 1) -> None:
        eventually(lambda: self.standin.metric("standin_target_in_flight") >= count, "the forward is under way")

    def heard_of_all(self) -> None:
        eventually(lambda: not self.standin.metric("standin_target_in_flight"), "no forward is under way")


class Listener:
    """In front of one location: passes every byte on, and keeps it."""

    def __init__(self, target_port: int):
        self._target = target_port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.requests, self.answers = bytearray(), bytearray()
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            try:
                gateway = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            self._connections += [client, gateway]
            for work in ((client, gateway, self.requests), (gateway, client, self.answers)):
                self._threads.append(threading.Thread(target=self._pass_on, args=work))
                self._threads[-1].start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
        try:
            while data := source.recv(65536):
                kept += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, target):
                end.close()

    def forget(self) -> None:
        self.requests.clear()
        self.answers.clear()

    def last_request(self) -> tuple[dict[str, str], bytes]:
        return messages(self.requests)[-1]

    def last_answer(self) -> tuple[dict[str, str], bytes]:
        return messages(self.answers)[-1]

    def close(self) -> None:
        # A listening socket's accept ends when it is shut down, not when it is closed.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._threads[0].join()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()


def headers_in(head: bytes) -> dict[str, str]:
    """By their names as they were written; the first line is left out."""
    return dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])


def messages(data: bytearray) -> list[tuple[dict[str, str], bytes]]:
    """The requests or answers of one connection after the other: headers and body of each."""
    found, rest = [], bytes(data)
    while rest:
        head, rest = rest.split(b"\r\n\r\n", 1)
        headers = headers_in(head)
        size = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
        found.append((headers, rest[:size]))
        rest = rest[size:]
    return found


class NameServer:
    """A DNS server for one zone: what it says can change, and it can fall silent."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.addresses: dict[str, list[str]] = {}
        self.ttl = 1
        self.silent = False
        self.asked: list[str] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(4096)
            if not question:
                return
            if not self.silent:
                self._socket.sendto(self._answer(question), client)

    def _answer(self, question: bytes) -> bytes:
        """RFC 1035; one question, of type A or another, which has no records."""
        labels, at = [], 12
        while size := question[at]:
            labels.append(question[at + 1 : at + 1 + size].decode())
            at += 1 + size
        name, asked = ".".join(labels).lower(), question[12 : at + 5]
        self.asked.append(name)
        address_type = struct.unpack(">H", question[at + 1 : at + 3])[0] == 1
        addresses = self.addresses.get(name, []) if address_type else []
        code = 0 if name in self.addresses else 3
        head = question[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(addresses), 0, 0)
        records = [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, self.ttl, 4) + socket.inet_aton(each) for each in addresses]
        return head + asked + b"".join(records)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ender:
            ender.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()
