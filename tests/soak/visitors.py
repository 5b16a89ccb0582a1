"""Everybody else at the door: pages and large bodies, over HTTP/1.1 and HTTP/2, in clear and under TLS, and those who behave badly."""
import contextlib
import hashlib
import http.client
import itertools
import os
import random
import re
import socket
import ssl
import struct
import subprocess
import threading

from certificates import Authority
from fault_proxy import ANSWER, EVERY_CUT, STALL, Cut, FaultProxy
from harness import PATIENCE, end_with_parent, exchange, order_body, order_bytes, reset
from test_http2 import END_HEADERS, END_STREAM, GET, HEADERS, HELLO, RST_STREAM, frame
from test_streaming import PIECE, Origin, Wire

TLS_HOST = "127.0.0.2"
# Requests a second of each kind. Of the first two: over HTTP/1.1 in clear, over HTTP/2 under TLS, each half of them.
PINGS, KEPT_PAGES = 400, 400
LARGE, NEW_CONNECTIONS, BAD_MANNERS = 2, 20, 8
# Pages that the cache is asked for: together they are larger than it is, so that it makes room all the time.
PAGES, PAGE_BYTES = 200, 8192
PIECES_MAX = 64  # of a large body, in 64 KiB


class Pace(threading.Event):
    """An end of work that lets nobody who asks whether it has come go on sooner than after so many seconds."""

    def __init__(self, seconds: float):
        super().__init__()
        self._seconds = seconds

    def is_set(self) -> bool:
        return self.wait(self._seconds)


def serve_pages(wire: Wire) -> None:
    """What is behind the plain routes: takes bodies in and tells their digest, and gives large ones out."""
    while True:
        head = wire.until(b"\r\n\r\n")
        if b"\r\nif-none-match:" in head.lower():
            wire.send(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
            continue
        if head.startswith(b"PUT "):
            body = wire.digest(int(re.search(rb"content-length: (\d+)", head, re.I)[1])).encode()
        elif found := re.match(rb"GET /pages/(\d+) ", head):
            body = PIECE * int(found[1])
        else:
            body = PIECE[:PAGE_BYTES]
        # In one piece, as the proxy in between expects it.
        wire.send(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n' % len(body) + body)


class Visitors:
    """They come through `under_way`. `wrong`: what they were given and should not have been."""

    def __init__(self, folder: str, standin, seed: int):
        self.folder, self.standin = folder, standin
        self.authority = Authority(folder)
        self.authority.issue("shop", "shop.test")
        self.origin = Origin(serve_pages)
        self.to_pages = FaultProxy(("127.0.0.1", self.origin.port))
        self.ends = contextlib.ExitStack()
        self.ends.callback(self.origin.close)
        self.ends.callback(self.to_pages.close)
        self.chance = random.Random(seed)
        self.lock = threading.Lock()
        self.good: dict[str, int] = {}
        self.wrong: list[str] = []

    def close(self) -> None:
        """Answers that were stalled on their way end too."""
        self.ends.close()

    def configure(self, configuration) -> None:
        listener = f'{{ address = "{TLS_HOST}:0", tls = {{ certificate = "shop.pem", key = "shop.key" }} }}'
        configuration.change("server", listen=f'["127.0.0.1:0", {listener}]', limits='{ receive = "3s", idle = "10s" }')
        configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{self.to_pages.port}"]',
                             timeouts='{ response = "2s", listen_late = "2s" }', breaker='{ open_for = "500ms", half_open_max = "1s" }')
        configuration.change("route.pages", name='"pages"', match='"/pages/*"', upstream='"pages"')
        configuration.change("route.kept", name='"kept"', match='"GET /kept/*"', upstream='"pages"',
                             cache='{ fresh = "2s", stale_while_revalidate = "2s", stale_if_error = "1m", size = "1MiB" }')

    @contextlib.contextmanager
    def under_way(self):
        """Each on a thread of its own; they go on until the end of the block."""
        self.tls_port = int(re.search(re.escape(TLS_HOST) + r":(\d+)", self.standin.logged("serving")[0])[1])
        self.to_standin = FaultProxy(("127.0.0.1", self.standin.port))
        self.ends.callback(self.to_standin.close)
        self.to_standin.choose = lambda direction: self.choose_cut(0.1)
        ends: list[Pace] = []
        threads = []
        for work, a_second in ((self.ask_much_in_clear, 2), (self.ask_much_under_tls, 2), (self.pass_large, LARGE),
                               (self.come_anew, NEW_CONNECTIONS), (self.behave_badly, BAD_MANNERS), (self.read_slowly, 1),
                               (self.write_slowly, 1)):
            ends.append(Pace(1 / a_second))
            threads.append(threading.Thread(target=self._go_on, args=(work, ends[-1])))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for end in ends:
                end.set()
            for thread in threads:
                thread.join()
            self.close()

    def _go_on(self, work, over: Pace) -> None:
        for turn in itertools.count():
            if over.is_set():
                return
            try:
                served = work(turn)
            except (OSError, http.client.HTTPException):
                served = 0  # faults are on: it was refused, cut off or too late
            except Exception as error:  # told at the end
                served = 0
                with self.lock:
                    self.wrong.append(f"{work.__name__}: {error!r}")
            with self.lock:
                self.good[work.__name__] = self.good.get(work.__name__, 0) + served

    def choose_cut(self, share: float) -> Cut | None:
        return self.chance.choice(EVERY_CUT) if self.chance.random() < share else None

    def cut_answers(self) -> None:
        """A stalled one is waited for longer than most soaks last: such connections would only add up."""
        cuts = [cut for cut in EVERY_CUT if cut.direction == ANSWER and cut.how != STALL]
        self.to_pages.choose = lambda direction: self.chance.choice(cuts) if direction == ANSWER and self.chance.random() < 0.3 else None

    def heal(self) -> None:
        self.to_pages.choose = lambda direction: None

    # --- many small requests ------------------------------------------------------------------------------------------

    def ask_much(self, base: str, *options: str) -> int:
        """For five seconds; how many were answered well."""
        clients, seconds = 8, 5
        rate = (PINGS + KEPT_PAGES) // 2
        uris = [target for page in range(PAGES) for target in ["/ping"] * (PINGS // KEPT_PAGES) + [f"/kept/{page}"]]
        file = os.path.join(self.folder, f"uris-{len(options)}")
        with open(file, "w") as out:
            out.write("".join(f"{base}{target}\n" for target in uris))
        command = ["h2load", *options, "-c", str(clients), "-n", str(rate * seconds), "--rps", str(rate // clients), "-i", file]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE + 10 * seconds, preexec_fn=end_with_parent)
        return int((re.search(r"(\d+) 2xx", done.stdout) or ["", 0])[1])

    def ask_much_in_clear(self, _: int) -> int:
        return self.ask_much(f"http://127.0.0.1:{self.standin.port}", "--h1")

    def ask_much_under_tls(self, _: int) -> int:
        return self.ask_much(f"https://{TLS_HOST}:{self.tls_port}")

    # --- large bodies, new connections --------------------------------------------------------------------------------

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.standin.port), timeout=PATIENCE)

    def connection(self, secure: bool) -> http.client.HTTPConnection:
        if not secure:
            return http.client.HTTPConnection("127.0.0.1", self.standin.port, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=self.authority.file)
        asking = http.client.HTTPConnection("shop.test")
        plain = socket.create_connection((TLS_HOST, self.tls_port), timeout=PATIENCE)
        asking.sock = context.wrap_socket(plain, server_hostname="shop.test")
        return asking

    def pass_large(self, turn: int) -> int:
        """Up or down, in clear or under TLS; what arrives whole is what was sent."""
        pieces = self.chance.randint(1, PIECES_MAX)
        content = PIECE * pieces
        with contextlib.closing(self.connection(secure=turn % 2 == 1)) as connection:
            upward = turn % 4 < 2
            answer = exchange(connection, "PUT", "/pages/in", content, {}) if upward else exchange(connection, "GET", f"/pages/{pieces}", None, {})
        expected = hashlib.sha256(content).hexdigest().encode() if upward else content
        if answer.status == 200 and answer.body != expected:
            raise AssertionError(f"a body of {len(content)} bytes arrived as another")
        return answer.status == 200

    def come_anew(self, turn: int) -> int:
        """Each time on a new connection: through what cuts some off, in clear, or under TLS."""
        if turn % 4 == 0:
            connection = http.client.HTTPConnection("127.0.0.1", self.to_standin.port, timeout=5)
        else:
            connection = self.connection(secure=turn % 4 == 1)
        with contextlib.closing(connection):
            return exchange(connection, "GET", "/ping", None, {}).status == 200

    # --- bad manners --------------------------------------------------------------------------------------------------

    def behave_badly(self, turn: int) -> int:
        """Begins something and leaves it, by a reset or in an orderly way."""
        stream = frame(HEADERS, END_HEADERS | END_STREAM, 1, GET)
        begun = [
            b"",
            b"GET /ping HT",
            b"GET /ping HTTP/1.1\r\nHost: shop\r\n\r\n",
            b"NONSENSE\r\n\r\n",
            b"GET /pages/%d HTTP/1.1\r\nHost: shop\r\n\r\n" % PIECES_MAX,
            b"PUT /pages/in HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000\r\n\r\n" + PIECE,
            order_bytes(f"left-{turn}", order_body(10, cart_id=f"left-{turn}")),
            HELLO + stream,
            HELLO + stream + frame(RST_STREAM, 0, 1, struct.pack(">I", 8)),
            bytes([22, 3, 1, 2, 0, 1]),  # of a TLS handshake
        ][turn % 10]
        host, port = (TLS_HOST, self.tls_port) if begun.startswith(b"\x16") else ("127.0.0.1", self.standin.port)
        connection = socket.create_connection((host, port), timeout=PATIENCE)
        with connection:
            connection.sendall(begun)
            if self.chance.random() < 0.5:
                connection.settimeout(0.2)
                with contextlib.suppress(TimeoutError):
                    connection.recv(self.chance.choice([1, 65536]))
            if self.chance.random() < 0.5:
                reset(connection)
        return 1

    def read_slowly(self, _: int) -> int:
        """A large answer, a little at a time, and not to its end."""
        with self.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.sendall(b"GET /pages/%d HTTP/1.1\r\nHost: shop\r\n\r\n" % PIECES_MAX)
            slowness = Pace(0.1)
            taken = 0
            for _ in range(self.chance.randint(10, 40)):
                slowness.is_set()
                taken += len(connection.recv(4096))
        return taken > 0

    def write_slowly(self, _: int) -> int:
        """A head, byte by byte, until standin has had enough; or not even that."""
        with self.connect() as connection:
            slowness = Pace(0.1)
            for at in range(self.chance.randint(10, 60)):
                slowness.is_set()
                connection.sendall(b"GET /ping HTTP/1.1\r\nHost: shop\r\nX-Slow: and slower, and slower, and slower"[at : at + 1])
        return 1
