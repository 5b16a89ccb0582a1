"""Clients speak HTTP/2: the same routes and answers, streams in little memory, and those who only make work are sent away."""
import hashlib
import os
import re
import struct
import subprocess
import threading
import unittest.mock

from certificates import Authority
from harness import PATIENCE, Scenario, ask, eventually, order_body, reset
from test_streaming import MEBIBYTE, PIECE, Origin, Wire

LARGE = 20 * MEBIBYTE
GROWTH_MAX = 3 * LARGE // 4  # of which sanitizers hold back the most
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
ENHANCE_YOUR_CALM = 11
# GET / of host "a", by HPACK's static table.
GET = b"\x82\x86\x84\x41\x01a"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)


def frames_of(said: bytes) -> list[tuple[int, int, int, bytes]]:
    """(kind, flags, stream, payload) of each."""
    found = []
    while len(said) >= 9:
        size = int.from_bytes(said[:3], "big")
        found.append((said[3], said[4], int.from_bytes(said[5:9], "big"), said[9 : 9 + size]))
        said = said[9 + size :]
    return found


def goaway_code(said: bytes) -> int | None:
    codes = [int.from_bytes(payload[4:8], "big") for kind, _, _, payload in frames_of(said) if kind == GOAWAY]
    return codes[-1] if codes else None


class Http2(Scenario):
    def origin(self, serve) -> Origin:
        origin = Origin(serve)
        self.addCleanup(origin.close)
        self.configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{origin.port}"]')
        self.configuration.change("route.rest", upstream='"pages"')
        return origin

    def curl(self, target: str, *arguments: str, body: bytes | None = None) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["curl", "-sS", "--http2-prior-knowledge", "--max-time", f"{PATIENCE:.0f}", *arguments]
            + [f"http://127.0.0.1:{self.standin.port}{target}"],
            input=body,
            capture_output=True,
            timeout=2 * PATIENCE,
            check=True,
        )

    def h2load(self, requests: int, target: str, *arguments: str) -> str:
        done = subprocess.run(
            ["h2load", "-n", str(requests), "-c", "4", "-m", "50", *arguments]
            + [f"http://127.0.0.1:{self.standin.port}{target}"],
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=True,
        )
        return done.stdout

    def client(self) -> Wire:
        connection = self.standin.connect()
        self.addCleanup(connection.close)
        wire = Wire(connection)
        wire.send(HELLO)
        return wire

    def resident(self, line: str) -> int:
        with open(f"/proc/{self.standin.process.pid}/status") as status:
            return next(int(each.split()[1]) * 1024 for each in status if each.startswith(line))

    def file(self, content: bytes) -> str:
        path = os.path.join(self.folder, "upload")
        with open(path, "wb") as out:
            out.write(content)
        return path

    def test_an_order_is_placed_once_and_stood_in_for(self):
        self.shop.start()
        self.standin.start()
        headers = ["-H", "Content-Type: application/json", "-H", "Idempotency-Key: k1"]
        body = order_body().decode()
        first, again = (self.curl("/orders", "-i", "-d", body, *headers).stdout for _ in range(2))
        self.assertTrue(first.startswith(b"HTTP/2 201 "), first)
        self.assertTrue(again.startswith(b"HTTP/2 409 "), "the shop has it already")
        self.assertEqual(len(self.shop.orders()), 1)
        self.shop.kill()
        headers[-1] = "Idempotency-Key: k2"
        first, again = (self.curl("/orders", "-d", body, *headers).stdout for _ in range(2))
        self.assertIn(b'"status":"accepted"', first)
        self.assertEqual(first, again)
        self.assertEqual(self.standin.order("k2").body, first, "HTTP/1.1 is told the same")
        self.assertEqual(self.standin.states(), {"accepted": 1})

    def test_many_orders_at_once_are_each_placed_once(self):
        self.configuration.change("route.orders", deadline=f'"{PATIENCE:.0f}s"')
        self.configuration.change("upstream.shop", timeouts=f'{{ response = "{PATIENCE:.0f}s" }}')
        self.shop.start()
        self.standin.start()
        body = self.file(order_body())
        said = self.h2load(2000, "/orders", "-d", body, "-H", "content-type: application/json")
        self.assertIn("2000 succeeded, 0 failed", said)
        self.assertIn("2000 2xx", said)
        self.assertEqual(len(self.shop.orders()), 2000)
        self.assertEqual(len(self.shop.standing_charges()), 2000)
        self.h2load(500, "/orders", "-d", body, "-H", "content-type: application/json", "-H", "idempotency-key: k1")
        self.assertEqual(len(self.shop.orders()), 2001)

    def test_many_plain_requests_are_each_passed_on_once(self):
        lock, count = threading.Lock(), [0]

        def serve(wire: Wire) -> None:
            while True:
                assert wire.until(b"\r\n\r\n").startswith(b"GET /page ")
                with lock:
                    count[0] += 1
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage")

        self.origin(serve)
        patience = f'{{ connect = "{PATIENCE:.0f}s", response = "{PATIENCE:.0f}s" }}'
        self.configuration.change("upstream.shop", concurrency="1000", timeouts=patience)
        self.standin.start()
        said = self.h2load(2000, "/page")
        self.assertIn("2000 2xx", said, [line for line in self.standin.output().splitlines() if '"status":5' in line][:3])
        self.assertEqual(count[0], 2000)
        eventually(lambda: self.standin.metric("standin_requests_in_flight") == 0, "all of them are done")

    def start_without_quarantine(self) -> None:
        """AddressSanitizer keeps what was freed: it would be taken for growth."""
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        with unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=options):
            self.standin.start()

    def test_large_bodies_pass_in_little_memory(self):
        digests = []
        down = PIECE * (LARGE // len(PIECE))

        def serve(wire: Wire) -> None:
            head = wire.until(b"\r\n\r\n")
            if head.startswith(b"PUT"):
                digests.append(wire.digest(int(re.search(rb"content-length: (\d+)", head, re.I)[1])))
                return wire.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            size = MEBIBYTE if b"/first" in head else LARGE
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size + down[:size])

        origin = self.origin(serve)
        self.start_without_quarantine()
        self.curl("/first", "-T", self.file(PIECE))
        self.assertEqual(len(self.curl("/first").stdout), MEBIBYTE)
        before = self.resident("VmRSS")
        self.curl("/export", "-T", self.file(down))
        received = self.curl("/export").stdout
        self.assertEqual(digests[-1], hashlib.sha256(down).hexdigest())
        self.assertEqual(hashlib.sha256(received).hexdigest(), digests[-1])
        self.assertLess(self.resident("VmHWM") - before, GROWTH_MAX)
        self.assertEqual(origin.failures, [])

    def test_a_client_that_does_not_read_holds_up_nobody_and_nothing_piles_up(self):
        sent = [0]

        def serve(wire: Wire) -> None:
            if b"GET /other " in wire.until(b"\r\n\r\n"):
                return wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother")
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MEBIBYTE))
            while sent[0] < 64 * MEBIBYTE:
                sent[0] += wire.connection.send(PIECE)

        self.origin(serve)
        self.standin.start()
        ask(self.standin.port, "GET", "/other")
        before = self.resident("VmRSS")
        client = self.client()
        largest = 2**31 - 1
        client.send(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, largest)))
        client.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", largest - 65535)))
        client.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET))
        seen = [-1] * 50

        def still() -> bool:
            seen.append(sent[0])
            return sent[0] > 0 and len(set(seen[-50:])) == 1

        eventually(still, "no more is taken")
        self.assertLess(sent[0], 64 * MEBIBYTE)
        self.assertEqual(self.curl("/other").stdout, b"other")
        self.assertLess(self.resident("VmHWM") - before, GROWTH_MAX)

    def assert_sent_away(self, attack: bytes, code: int | None = ENHANCE_YOUR_CALM) -> None:
        """And others are served meanwhile."""
        client = self.client()
        try:
            client.send(attack)
        except (BrokenPipeError, ConnectionResetError):
            pass
        said = client.ends()
        if code is None:
            self.assertNotIn(goaway_code(said), (None, 0))
        else:
            self.assertEqual(goaway_code(said), code)
        self.assertEqual(self.curl("/other").stdout, b"other")

    def test_floods_end_their_connection_and_no_other(self):
        begun = [0]

        def serve(wire: Wire) -> None:
            while True:
                wire.until(b"\r\n\r\n")
                begun[0] += 1
                wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother")

        self.origin(serve)
        self.standin.start()
        cancelled = b"".join(
            frame(HEADERS, END_HEADERS | END_STREAM, number, GET) + frame(RST_STREAM, 0, number, struct.pack(">I", 8))
            for number in range(1, 20_001, 2)
        )
        self.assert_sent_away(cancelled)
        self.assertLess(begun[0], 500)
        self.assert_sent_away(frame(HEADERS, END_STREAM, 1, GET) + frame(CONTINUATION, 0, 1, b"\x84") * 100_000, None)
        field = b"\x40\x01x\x7f\xb9\x16" + b"y" * 3000
        self.assert_sent_away(frame(HEADERS, END_HEADERS | END_STREAM, 1, GET + field + b"\xbe" * 12_000))
        self.assert_sent_away(frame(PING, 0, 0, b"12345678") * 100_000)
        self.assert_sent_away(frame(SETTINGS, 0, 0) * 100_000)

    def test_a_client_that_left_is_told_nothing_and_its_order_stands(self):
        self.shop.start().faults(delay_before_ms=500)
        self.standin.start()
        body = order_body()
        head = b"\x83\x86\x41\x01a\x44\x07/orders\x40\x0ccontent-type\x10application/json\x40\x0fidempotency-key\x02k1"
        client = self.client()
        client.send(frame(HEADERS, END_HEADERS, 1, head) + frame(DATA, END_STREAM, 1, body))
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "it is on its way")
        client.send(frame(RST_STREAM, 0, 1, struct.pack(">I", 8)))
        eventually(lambda: self.shop.standing_charges(), "the shop has it")
        self.assertEqual(self.standin.order("k1").status, 201)
        self.assertEqual(len(self.shop.orders()), 1)
        reset(client.connection)

    def test_a_stop_lets_what_is_in_flight_end(self):
        may_answer = threading.Event()

        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            may_answer.wait(PATIENCE)
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate")

        self.origin(serve)
        self.standin.start()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.curl("/slow").stdout))
        asking.start()
        eventually(lambda: self.standin.metric("standin_requests_in_flight") == 1, "it is in flight")
        self.standin.send(15)
        eventually(lambda: self.standin.logged("draining"), "it drains")
        may_answer.set()
        asking.join()
        self.assertEqual((answers, self.standin.wait()), ([b"late"], 0))

    def test_under_tls_it_is_chosen_by_the_handshake(self):
        authority = Authority(self.folder)
        authority.issue("shop", "shop.test")
        tls = 'tls = { certificate = "shop.pem", key = "shop.key" }'
        listeners = [f'{{ address = "127.0.0.2:0", {tls} }}', f'{{ address = "127.0.0.3:0", {tls}, http2 = false }}']
        self.configuration.change("server", listen=f'["127.0.0.1:0", {", ".join(listeners)}]')
        self.shop.start()
        self.standin.start()
        serving = self.standin.logged("serving")[0]

        def version(host: str, key: str) -> tuple[str, str]:
            port = re.search(re.escape(host) + r":(\d+)", serving)[1]
            done = subprocess.run(
                ["curl", "-sS", "--http2", "--cacert", authority.file, "--connect-to", f"shop.test:443:{host}:{port}"]
                + ["-H", f"Idempotency-Key: {key}", "-H", "Content-Type: application/json", "-d", order_body().decode()]
                + ["-o", "/dev/null", "-w", "%{http_version} %{http_code}", "https://shop.test/orders"],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=True,
            )
            return tuple(done.stdout.split())

        self.assertEqual(version("127.0.0.2", "k1"), ("2", "201"))
        self.assertEqual(version("127.0.0.3", "k2"), ("1.1", "201"))
        self.assertEqual(len(self.shop.orders()), 2)
