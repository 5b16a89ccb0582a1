"""Plain routes pass everything on while it comes: large bodies in little memory, events one by one, tunnels. Protected
routes hold their requests, within a budget."""
import hashlib
import json
import os
import socket
import threading

from harness import PATIENCE, UNAVAILABLE, Scenario, ask, eventually, order_body, order_headers, order_bytes

MEBIBYTE = 1024 * 1024
LARGE = 64 * MEBIBYTE
# Of one process that passes LARGE on, either way; and what the kernel's buffers of four sockets may take of it.
GROWTH_MAX = 8 * MEBIBYTE
IN_KERNEL_MAX = 32 * MEBIBYTE
PIECE = bytes(range(256)) * 256


class Origin:
    """A server that does on each connection what the test says."""

    def __init__(self, serve):
        self.serve = serve
        self.failures: list[Exception] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with connection:
            try:
                self.serve(Wire(connection))
            except Exception as error:  # told by whoever looks at the failures
                self.failures.append(error)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Wire:
    """One end of a connection, byte by byte."""

    def __init__(self, connection: socket.socket):
        self.connection, self.buffer = connection, b""

    def until(self, end: bytes) -> bytes:
        """What comes up to and with `end`."""
        while end not in self.buffer:
            piece = self.connection.recv(65536)
            if not piece:
                raise AssertionError(f"ended before {end!r}: {self.buffer[-200:]!r}")
            self.buffer += piece
        at = self.buffer.index(end) + len(end)
        found, self.buffer = self.buffer[:at], self.buffer[at:]
        return found

    def digest(self, count: int) -> str:
        """Of so many bytes."""
        digest = hashlib.sha256(self.buffer)
        count -= len(self.buffer)
        self.buffer = b""
        while count > 0:
            piece = self.connection.recv(min(MEBIBYTE, count))
            if not piece:
                raise AssertionError(f"{count} bytes are missing")
            digest.update(piece)
            count -= len(piece)
        return digest.hexdigest()

    def send(self, content: bytes) -> None:
        self.connection.sendall(content)

    def ends(self) -> bytes:
        """The rest, up to the end of the connection, however it ends."""
        try:
            while piece := self.connection.recv(65536):
                self.buffer += piece
        except ConnectionResetError:
            pass
        return self.buffer


class Sending(threading.Thread):
    """Sends LARGE bytes, and counts what was taken."""

    def __init__(self, wire: Wire):
        super().__init__(daemon=True)
        self.wire, self.sent = wire, 0
        self.digest = hashlib.sha256(PIECE * (LARGE // len(PIECE))).hexdigest()
        self.start()

    def run(self) -> None:
        while self.sent < LARGE:
            self.sent += self.wire.connection.send(PIECE[self.sent % len(PIECE) :])

    def waits(self) -> int:
        """What was taken when no more was."""
        seen = [-1] * 50

        def still() -> bool:
            seen.append(self.sent)
            return self.sent == LARGE or len(set(seen[-50:])) == 1

        eventually(still, "no more is taken")
        return self.sent


class Streaming(Scenario):
    def origin(self, serve) -> Origin:
        origin = Origin(serve)
        self.addCleanup(origin.close)
        self.configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{origin.port}"]')
        self.configuration.change("route.rest", upstream='"pages"')
        return origin

    def client(self) -> Wire:
        connection = self.standin.connect()
        self.addCleanup(connection.close)
        return Wire(connection)

    def resident(self, line: str) -> int:
        with open(f"/proc/{self.standin.process.pid}/status") as status:
            return next(int(each.split()[1]) * 1024 for each in status if each.startswith(line))

    def logged(self, **having) -> list[dict]:
        with open(os.path.join(self.folder, "access.log")) as log:
            lines = [json.loads(line) for line in log if line.endswith("\n")]
        return [line for line in lines if having.items() <= line.items()]

    def assert_grew_little(self, before: int) -> None:
        grown = self.resident("VmHWM") - before
        self.assertLess(grown, GROWTH_MAX)

    def test_a_large_request_goes_up_in_little_memory_as_fast_as_the_server_reads(self):
        may_read, digests = threading.Event(), []

        def serve(wire: Wire) -> None:
            if wire.until(b"\r\n\r\n").startswith(b"PUT /first "):
                wire.digest(MEBIBYTE)
            else:
                may_read.wait(PATIENCE)
                digests.append(wire.digest(LARGE))
            wire.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        origin = self.origin(serve)
        self.standin.start()
        # What the program needs for its first one, code that was not yet loaded mostly, is no part of the growth.
        ask(self.standin.port, "PUT", "/first", b"x" * MEBIBYTE)
        client = self.client()
        before = self.resident("VmRSS")
        client.send(b"PUT /backup HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n\r\n" % LARGE)
        sending = Sending(client)
        self.assertLess(sending.waits(), IN_KERNEL_MAX)
        may_read.set()
        self.assertTrue(client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 204 "))
        self.assertEqual((digests, origin.failures), ([sending.digest], []))
        self.assert_grew_little(before)
        line = eventually(lambda: self.logged(status=204)[1:], "it is logged")[0]
        self.assertEqual((line["received"], line["method"], "cut" in line), (LARGE, "PUT", False))

    def test_a_large_answer_comes_down_in_little_memory_as_fast_as_the_client_reads(self):
        sending: list[Sending] = []

        def serve(wire: Wire) -> None:
            if wire.until(b"\r\n\r\n").startswith(b"GET /first "):
                return wire.send(b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n" % MEBIBYTE + bytes(MEBIBYTE))
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
            sending.append(Sending(wire))
            sending[0].join(PATIENCE)

        origin = self.origin(serve)
        self.standin.start()
        self.assertEqual(len(ask(self.standin.port, "GET", "/first").body), MEBIBYTE)
        client = self.client()
        before = self.resident("VmRSS")
        client.send(b"GET /export HTTP/1.1\r\nHost: shop\r\n\r\n")
        client.until(b"\r\n\r\n")
        self.assertLess(eventually(lambda: sending, "it is sent")[0].waits(), IN_KERNEL_MAX)
        self.assertEqual(client.digest(LARGE), sending[0].digest)
        self.assertEqual(origin.failures, [])
        self.assert_grew_little(before)
        line = eventually(lambda: self.logged(status=200), "it is logged")[0]
        self.assertEqual((line["sent"], "cut" in line), (LARGE, False))
        self.assertEqual(self.standin.metric("standin_requests_total", route="rest", status="2xx"), 2)

    def test_events_arrive_one_by_one(self):
        received = [threading.Event() for _ in range(5)]

        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number, arrived in enumerate(received):
                event = b"data: %d\n\n" % number
                wire.send(b"%x\r\n%s\r\n" % (len(event), event))
                assert arrived.wait(PATIENCE), f"event {number} did not arrive"
            wire.send(b"0\r\n\r\n")

        origin = self.origin(serve)
        self.standin.start()
        client = self.client()
        client.send(b"GET /events HTTP/1.1\r\nHost: shop\r\nAccept: text/event-stream\r\n\r\n")
        self.assertIn(b"Content-Type: text/event-stream\r\n", client.until(b"\r\n\r\n"))
        for number, arrived in enumerate(received):
            client.until(b"data: %d\n\n\r\n" % number)
            eventually(lambda: self.standin.metric("standin_requests_in_flight") == 1, "it counts as in flight")
            arrived.set()
        client.until(b"0\r\n\r\n")
        self.assertEqual(origin.failures, [])

    def test_hints_and_a_long_poll_are_answered_when_there_is_something_to_say(self):
        news = threading.Event()

        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            wire.send(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
            news.wait(PATIENCE)
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnews")

        self.origin(serve)
        self.standin.start()
        client = self.client()
        client.send(b"GET /poll HTTP/1.1\r\nHost: shop\r\n\r\n")
        self.assertIn(b"Link: </style.css>; rel=preload\r\n", client.until(b"\r\n\r\n"))
        news.set()
        self.assertTrue(client.until(b"news").startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_a_tunnel_echoes_until_standin_is_stopped(self):
        def serve(wire: Wire) -> None:
            assert b"\r\nUpgrade: websocket\r\n" in wire.until(b"\r\n\r\n")
            wire.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
            )
            while piece := wire.buffer or wire.connection.recv(65536):
                wire.buffer = b""
                wire.send(piece)

        origin = self.origin(serve)
        self.configuration.change("server", drain='"600s"')
        self.standin.start()
        client = self.client()
        client.send(
            b"GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        agreed = client.until(b"\r\n\r\n")
        self.assertTrue(agreed.startswith(b"HTTP/1.1 101 "), agreed)
        self.assertIn(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", agreed)
        for frame in (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", os.urandom(300_000) + b"(end)"):
            threading.Thread(target=client.send, args=(frame,), daemon=True).start()
            self.assertEqual(client.until(frame[-5:]), frame)
        self.standin.send(15)
        self.assertEqual(client.ends(), b"")
        self.assertEqual(self.standin.wait(), 0)
        self.assertEqual(origin.failures, [])
        self.assertEqual(self.logged(status=101)[0]["sent"], 300_016)

    def test_an_answer_that_breaks_off_is_not_ended_and_both_log_and_metric_say_so(self):
        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

        self.origin(serve)
        self.standin.start()
        client = self.client()
        client.send(b"GET /page HTTP/1.1\r\nHost: shop\r\n\r\n")
        self.assertTrue(client.ends().endswith(b"\r\n\r\n5\r\nhello\r\n"))
        line = eventually(lambda: self.logged(cut="upstream"), "it is logged")[0]
        self.assertEqual((line["status"], line["sent"]), (200, 5))
        self.assertEqual(self.standin.metric("standin_streams_cut_total", route="rest", by="upstream"), 1)

    def test_a_client_that_breaks_its_request_off_is_not_held_against_the_server(self):
        def serve(wire: Wire) -> None:
            wire.ends()

        self.origin(serve)
        self.configuration.change("upstream.pages", breaker='{ consecutive = 1, minimum = 1 }')
        self.standin.start()
        for _ in range(3):
            client = self.client()
            client.send(b"PUT /backup HTTP/1.1\r\nHost: shop\r\nContent-Length: 200000\r\n\r\nbegun")
            eventually(lambda: self.standin.metric("standin_target_in_flight", upstream="pages") == 1, "it is sent")
            client.connection.close()
            eventually(lambda: self.standin.metric("standin_target_in_flight", upstream="pages") == 0, "it is over")
        self.assertEqual(self.standin.metric("standin_breaker_state", upstream="pages", state="open"), 0)
        self.assertEqual(len(eventually(lambda: self.logged(status=499)[2:], "all are logged")), 1)

    def test_a_protected_route_is_given_whole_requests(self):
        self.shop.start()
        self.standin.start()
        body = order_body(note="x" * 200_000)
        self.assertEqual(self.standin.post("k1", body).status, 201)
        head = "".join(f"{name}: {value}\r\n" for name, value in order_headers("k2").items()).encode()
        client = self.client()
        client.send(b"POST /orders HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n")
        for at in range(0, len(body), 10_000):
            piece = body[at : at + 10_000]
            client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        client.send(b"0\r\n\r\n")
        self.assertTrue(client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 201 "))
        self.assertEqual([order["idempotency_key"] for order in self.shop.orders()], ["k1", "k2"])

    def test_without_memory_a_large_request_is_refused_before_it_is_read(self):
        self.configuration.change("server", limits='{ in_flight_memory = "300KiB" }')
        self.standin.start()
        body = order_body(note="x" * 200_000)
        first, second = (
            order_bytes(key, body).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n", 1).split(body)[0]
            for key in ("k1", "k2")
        )
        slow, refused = self.client(), self.client()
        slow.send(first)
        self.assertEqual(slow.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
        slow.send(body[:-100_000])
        refused.send(second)
        answer = refused.until(b"\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
        self.assertIn(b"Connection: close\r\n", answer)
        self.assertEqual(refused.ends(), UNAVAILABLE)
        self.assertEqual(self.standin.orders(), [])
        self.assertEqual(self.standin.order("k3").status, 201)  # a small one is still promised
        slow.send(body[-100_000:])
        self.assertTrue(slow.until(b"\r\n\r\n").startswith(b"HTTP/1.1 201 "))
        self.assertEqual(self.standin.post("k2", body).status, 201)
        self.assertEqual(len(self.standin.orders()), 3)

    def test_a_body_beyond_the_limit_of_its_route_is_refused(self):
        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            wire.digest(100_000)
            wire.send(b"HTTP/1.1 204 No Content\r\n\r\n")

        self.origin(serve)
        self.configuration.change("server", limits='{ body = "80KiB", streamed_body = "100KiB" }')
        self.standin.start()
        self.assertEqual(ask(self.standin.port, "PUT", "/page", b"x" * 100_000).status, 204)
        self.assertEqual(ask(self.standin.port, "PUT", "/page", b"x" * 103_000).status, 413)
        self.assertEqual(self.standin.order("k1", note="x" * 90_000).status, 413)
        self.assertEqual(self.standin.order("k1", note="x" * 70_000).status, 201)
