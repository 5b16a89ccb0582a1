"""Real processes for scenarios: a sample shop, standin in front of it, clients, and what each of them wrote down.

Every scenario has a folder of its own and ports that the kernel chose, so that any number run side by side. Nothing
sleeps to pass: `eventually` looks again until something holds, or fails at a deadline.
"""
import ctypes
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from configuration import Configuration

BINARY = os.environ["STANDIN_BINARY"]
# A machine that runs other tests beside this one is slow, not wrong.
PATIENCE = float(os.environ.get("STANDIN_PATIENCE", "30"))
SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|broken invariant", re.I)


def eventually(holds, what: str, within: float = PATIENCE):
    """The first true value of `holds()`."""
    deadline = time.monotonic() + within
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}; last seen: {value!r}")
        time.sleep(0.01)


# --- speaking HTTP ----------------------------------------------------------------------------------------------------


class Answer:
    """What a client read, to the last byte."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def json(self):
        return json.loads(self.body)

    def __eq__(self, other) -> bool:
        return (self.status, self.headers, self.body) == (other.status, other.headers, other.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def exchange(connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None, headers: dict) -> Answer:
    connection.request(method, target, body=body, headers=headers)
    response = connection.getresponse()
    return Answer(response.status, response.getheaders(), response.read())


def ask(port: int, method: str, target: str, body: bytes | None = None, headers: dict | None = None, within: float = PATIENCE) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=within)
    try:
        return exchange(connection, method, target, body, headers or {})
    finally:
        connection.close()


def order_body(cents: int = 1000, **more) -> bytes:
    order = {"total_cents": cents, "currency": "USD", "merchant_id": "m1", "customer_id": "c1", "cart_id": "cart"}
    return json.dumps({"order": order | more}).encode()


def order_headers(key: str, **more: str) -> dict:
    return {"Content-Type": "application/json", "Idempotency-Key": key} | {
        name.replace("_", "-"): value for name, value in more.items()
    }


def order_bytes(key: str, body: bytes) -> bytes:
    """The request as it goes over a plain socket."""
    head = "".join(f"{name}: {value}\r\n" for name, value in order_headers(key).items())
    return f"POST /orders HTTP/1.1\r\nHost: shop\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def reset(connection: socket.socket) -> None:
    """Closes it as a client does that crashed: the peer hears RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def at_once(count: int, work) -> list:
    """`work(0)` ... `work(count - 1)`, each on a thread, all let go at the same moment; their results in order."""
    results: list = [None] * count
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = work(number)
        except Exception as error:  # told by whoever looks at the results
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def samples(text: str):
    """(name, labels, value) of each line of the Prometheus text format."""
    for match in re.finditer(r"(?m)^(\w+)(?:\{(.*)\})? (\S+)$", text):
        labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        yield match[1], labels, float(match[3])


# --- processes --------------------------------------------------------------------------------------------------------


def end_with_parent() -> None:
    """In a child: SIGKILL when the test is killed, so that a test cut off by its time limit leaves nothing running."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


class Child:
    """One process, ended by its own id and nothing else. Its output goes to files, which outlive a restart."""

    program = BINARY

    def __init__(self, folder: str, name: str):
        self.out, self.err = os.path.join(folder, name + ".out"), os.path.join(folder, name + ".err")
        self.process: subprocess.Popen | None = None

    def spawn(self, *arguments: str, prepare=lambda: None) -> None:
        """`prepare` runs in the child before the program."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        # Another process's output is told from this one's by where it begins.
        self.began = os.path.getsize(self.err) if os.path.exists(self.err) else 0
        self.began_out = os.path.getsize(self.out) if os.path.exists(self.out) else 0
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.process = subprocess.Popen(
                [self.program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=lambda: (end_with_parent(), prepare()),
            )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.alive():
            self.process.kill()
        self.process.wait()

    def wait(self, within: float = PATIENCE) -> int:
        return self.process.wait(within)

    def let_go(self) -> None:
        """Of what it holds besides its process."""

    def output(self) -> str:
        return _read_from(self.out, self.began_out)

    def errors(self) -> str:
        return _read_from(self.err, self.began)

    def has_written(self, found) -> str:
        """The first value that `found` makes of what the process wrote; an error if it ends before."""

        def look():
            value = found()
            if not value and not self.alive():
                raise AssertionError(f"ended with {self.process.returncode}: {self.errors()[-2000:]}")
            return value

        return eventually(look, "the process says that it is ready")


def _read_from(path: str, offset: int) -> str:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read().decode(errors="replace")


class Shop(Child):
    """`standin sim shop`, and its ledger. Its port is kept while it is dead: nobody else is given it."""

    def __init__(self, folder: str, name: str = "shop"):
        super().__init__(folder, name)
        self.ledger = os.path.join(folder, name + "-ledger.db")
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.port: int = self._place.getsockname()[1]

    def start(self) -> "Shop":
        self.spawn("sim", "shop", "--port", str(self.port), "--ledger", self.ledger)
        self.has_written(lambda: "listening on" in self.output())
        return self

    def let_go(self) -> None:
        self._place.close()

    def faults(self, **faults) -> None:
        """Replaces what is wrong with it; nothing heals it."""
        answer = ask(self.port, "PUT", "/faults", json.dumps(faults).encode(), {"Content-Type": "application/json"})
        assert answer.status == 200, answer

    def rows(self, sql: str, *values) -> list[tuple]:
        database = sqlite3.connect(self.ledger, timeout=PATIENCE)
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()

    def orders(self) -> list[dict]:
        names = ("id", "standin_key", "idempotency_key", "request_id", "cart_id", "state")
        return [dict(zip(names, row)) for row in self.rows(f"SELECT {', '.join(names)} FROM orders ORDER BY rowid")]

    def standing_charges(self) -> list[str]:
        """The cart of each charge that stands."""
        return [row[0] for row in self.rows("SELECT cart_id FROM charges WHERE state = 'standing' ORDER BY rowid")]


DECLINED = b'{"error":{"message":"Card failed"}}'
UNAVAILABLE = b'{"error":{"message":"Please try again"}}'


class Standin(Child):
    """`standin serve` with a journal of its own."""

    def __init__(self, folder: str, configuration: Configuration, journal_folder: str = ""):
        super().__init__(folder, "standin")
        self.folder, self.configuration = folder, configuration
        self.file = os.path.join(folder, "standin.toml")
        self.journal = os.path.join(journal_folder or folder, "journal.db")
        self.socket = os.path.join(journal_folder or folder, "standin.sock")
        self.port = self.console_port = 0

    def prepare(self) -> None:
        keys = os.path.join(self.folder, "journal.keys")
        if not os.path.exists(keys):
            subprocess.run([BINARY, "keys", "new", keys], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        self.write_configuration()

    def write_configuration(self) -> None:
        with open(self.file, "w") as file:
            file.write(self.configuration.text())

    def start(self, prepare=lambda: None, forget_deaths=True) -> "Standin":
        """Without `forget_deaths`, a third death within a minute starts it in pass-through."""
        if forget_deaths and os.path.exists(self.journal + ".starts"):
            os.remove(self.journal + ".starts")
        self.prepare()
        self.spawn("serve", "-c", self.file, prepare=prepare)
        serving = self.has_written(lambda: next(iter(self.logged("serving")), None))
        self.port = int(re.search(r"edge 127\.0\.0\.1:(\d+)", serving)[1])
        self.console_port = int(re.search(r"console port (\d+)", serving)[1])
        return self

    def restart(self) -> "Standin":
        self.kill()
        return self.start()

    def logged(self, event: str) -> list[str]:
        """The details of the lines of this process with that event."""
        found = []
        for line in self.errors().splitlines():
            if line.startswith("{") and line.endswith("}"):
                entry = json.loads(line)
                if entry["event"] == event:
                    found.append(entry.get("detail", ""))
        return found

    def will_log(self, event: str) -> list[str]:
        """The same, when there is one: another thread writes them."""
        return eventually(lambda: self.logged(event), f"{event} is logged")

    def reload(self) -> str:
        """Sends SIGHUP; the event that tells how it went, and its detail."""
        before = len(self.logged("reloaded")) + len(self.logged("not_reloaded"))
        good = len(self.logged("reloaded"))
        self.send(signal.SIGHUP)
        eventually(
            lambda: len(self.logged("reloaded")) + len(self.logged("not_reloaded")) > before, "the reload is over"
        )
        return "" if len(self.logged("reloaded")) > good else self.logged("not_reloaded")[-1]

    # Clients

    def order(self, key: str, cents: int = 1000, **more) -> Answer:
        return self.post(key, order_body(cents, **more))

    def post(self, key: str, body: bytes, **headers: str) -> Answer:
        return ask(self.port, "POST", "/orders", body, order_headers(key, **headers))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    # Operators

    def api(self, method: str, target: str, body: dict | None = None) -> Answer:
        connection = UnixConnection(self.socket, PATIENCE)
        try:
            data = None if body is None else json.dumps(body).encode()
            return exchange(connection, method, "/api/v1/" + target, data, {"Content-Type": "application/json"})
        finally:
            connection.close()

    def verb(self, *arguments: str, within: float = PATIENCE) -> subprocess.CompletedProcess:
        """An operator's verb, as a person would run it."""
        environment = {name: value for name, value in os.environ.items() if name != "STANDIN_SOCKET"}
        return subprocess.run(
            [BINARY, *arguments, "--socket", self.socket],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            env=environment,
        )

    def orders(self, query: str = "") -> list[dict]:
        return self.api("GET", "orders?limit=10000" + query).json()["orders"]

    def only_order(self) -> dict:
        orders = self.orders()
        assert len(orders) == 1, orders
        return orders[0]

    def show(self, order: str) -> dict:
        return self.api("GET", "orders/" + order).json()

    def states(self) -> dict[str, int]:
        """How many orders are in each state."""
        states: dict[str, int] = {}
        for order in self.orders():
            states[order["state"]] = states.get(order["state"], 0) + 1
        return states

    def follow_ups(self) -> list[dict]:
        return self.api("GET", "followups").json()["follow_ups"]

    def exposure(self) -> int:
        return sum(entry["amount_minor"] for entry in self.api("GET", "exposure").json()["exposure"])

    def replay_status(self) -> list[dict]:
        return self.api("GET", "replay").json()["routes"]

    def replay(self) -> None:
        assert self.api("POST", "replay", {"all": True}).status == 202

    def wait_for_states(self, expected: dict[str, int], within: float = PATIENCE) -> None:
        seen: dict[str, int] = {}

        def arrived() -> bool:
            seen.clear()
            seen.update(self.states())
            return seen == expected

        try:
            eventually(arrived, "", within)
        except AssertionError:
            raise AssertionError(f"not within {within:g} s: orders are {expected}; they are {seen}") from None

    # Monitoring

    def metrics_text(self) -> str:
        return ask(self.console_port, "GET", "/metrics").body.decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum over the metric's series that have these labels."""
        found = [
            value
            for sample, having, value in samples(self.metrics_text())
            if sample == name and labels.items() <= having.items()
        ]
        return sum(found)

    def written(self) -> bytes:
        """Everything it left on disk: logs and journal."""
        content = b""
        for folder in {self.folder, os.path.dirname(self.journal)}:
            for name in sorted(os.listdir(folder)):
                if name.startswith(("standin.out", "standin.err", "access.log", "journal.db")):
                    with open(os.path.join(folder, name), "rb") as file:
                        content += file.read()
        return content


class Scenario(unittest.TestCase):
    """A folder, a shop and a standin; `standin` runs once a test starts it."""

    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="standin-")
        self.children: list[Child] = []
        self.addCleanup(self.clean_up)
        self.shop = self.child(Shop(self.folder))
        self.configuration = Configuration(f"http://127.0.0.1:{self.shop.port}")
        self.standin = self.child(Standin(self.folder, self.configuration))

    def child(self, child):
        self.children.append(child)
        return child

    def clean_up(self):
        """Ends the processes, the shops at once and standin as its supervisor would, and reads what they complained of."""
        problems = []
        for child in sorted(self.children, key=lambda child: isinstance(child, Standin)):
            problems += _end(child)
        if problems or not _passed(self):
            print(f"\n--- {self.id()}: the end of what standin wrote ---")
            for child in self.children:
                if os.path.exists(child.err):
                    print(f"{child.err}:\n{_most_telling(_read_from(child.err, 0))}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual(problems, [])


def _most_telling(errors: str) -> str:
    report = SANITIZER_REPORT.search(errors)
    return errors[max(0, report.start() - 1000) :][:6000] if report else errors[-4000:]


def _passed(test: unittest.TestCase) -> bool:
    result = test._outcome.result
    return all(failed is not test for failed, _ in result.errors + result.failures) and test._outcome.success


def _end(child: Child) -> list[str]:
    problems = []
    if child.alive() and isinstance(child, Standin):
        child.send(signal.SIGTERM)
        try:
            status = child.wait()
            if status != 0:
                problems.append(f"{child.err}: ended with {status}")
        except subprocess.TimeoutExpired:
            problems.append(f"{child.err}: did not drain")
    if child.process is not None:
        child.kill()
        if SANITIZER_REPORT.search(_read_from(child.err, 0)):
            problems.append(f"{child.err}: a sanitizer's report or a broken invariant")
    child.let_go()
    return problems
