"""An upstream that takes nothing for granted: it frames what arrives as RFC 9112 says and no otherwise, and writes down
what another program could have framed differently."""
import re
import socket
import threading
from dataclasses import dataclass, field

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")
HEAD_MAX = 256 * 1024


@dataclass
class Arrived:
    """A request, or the beginning of one."""

    method: str = ""
    target: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    whole: bool = False
    ambiguous: list[str] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known.lower() == name.lower()]

    def text(self) -> str:
        return f"{self.method} {self.target} {self.body.decode('latin-1')}".rstrip(" ")


class Broken(Exception):
    """The connection ended, or what follows cannot be framed."""


class Reader:
    def __init__(self, connection: socket.socket):
        self.connection, self.data = connection, b""

    def more(self) -> None:
        piece = self.connection.recv(65536)
        if not piece:
            raise Broken
        self.data += piece

    def until(self, end: bytes) -> bytes:
        while end not in self.data:
            if len(self.data) > HEAD_MAX:
                raise Broken
            self.more()
        taken, self.data = self.data.split(end, 1)
        return taken

    def exactly(self, count: int) -> bytes:
        while len(self.data) < count:
            self.more()
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def request(self, request: Arrived) -> None:
        """Fills `request` in as it comes."""
        head = self.until(b"\r\n\r\n")
        _read_head(request, head)
        coding, lengths = request.values("Transfer-Encoding"), request.values("Content-Length")
        if coding:
            self._chunks(request)
        elif lengths:
            if not lengths[0].isdecimal():
                raise Broken
            request.body = self.exactly(int(lengths[0]))
        request.whole = True

    def _chunks(self, request: Arrived) -> None:
        while True:
            line = self.until(b"\r\n")
            if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", line):
                request.ambiguous.append(f"chunk size {line[:40]!r}")
            size = re.match(rb"[0-9a-fA-F]+", line)
            if not size:
                raise Broken
            if int(size[0], 16) == 0:
                break
            request.body += self.exactly(int(size[0], 16))
            if self.exactly(2) != b"\r\n":
                request.ambiguous.append("a chunk that is longer than it says")
                raise Broken
        while line := self.until(b"\r\n"):
            _read_field(request, line, trailer=True)


def _read_head(request: Arrived, head: bytes) -> None:
    lines = head.split(b"\r\n")
    if re.search(rb"[\0-\x08\x0a-\x1f\x7f]", b"".join(lines)):
        request.ambiguous.append("control bytes in the head")
    words = lines[0].split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0") or not TOKEN.match(words[0]):
        request.ambiguous.append(f"request line {lines[0][:60]!r}")
    request.method = words[0].decode("latin-1")
    request.target = b" ".join(words[1:-1]).decode("latin-1")
    for line in lines[1:]:
        _read_field(request, line)
    _look_at_target(request)
    _look_at_framing(request, words[-1])


def _read_field(request: Arrived, line: bytes, trailer: bool = False) -> None:
    name, colon, value = line.partition(b":")
    if not colon or not TOKEN.match(name):
        request.ambiguous.append(f"field {line[:60]!r}")
    if re.fullmatch(rb"(?i)content_length|transfer_encoding", name):
        request.ambiguous.append(f"a framing field in disguise: {line[:60]!r}")
    if trailer and name.lower() in (b"content-length", b"transfer-encoding", b"host"):
        request.ambiguous.append(f"trailer {line[:60]!r}")
    elif not trailer:
        request.fields.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))


def _look_at_target(request: Arrived) -> None:
    """A path, or one behind the host that is named in Host too."""
    absolute = re.match(r"(?i)https?://([^/?#]*)", request.target)
    agreed = absolute and [absolute[1].lower()] == [host.lower() for host in request.values("Host")]
    path = request.target.startswith("/") or request.target == "*" and request.method == "OPTIONS"
    if not (path or agreed) or "#" in request.target:
        request.ambiguous.append(f"request target {request.target[:60]!r} for {request.values('Host')}")


def _look_at_framing(request: Arrived, version: bytes) -> None:
    lengths, codings, hosts = (request.values(name) for name in ("Content-Length", "Transfer-Encoding", "Host"))
    if len(lengths) > 1 or any(not re.fullmatch(r"[0-9]+", length) for length in lengths):
        request.ambiguous.append(f"Content-Length {lengths}")
    if codings and ([coding.lower() for coding in codings] != ["chunked"] or lengths or version == b"HTTP/1.0"):
        request.ambiguous.append(f"Transfer-Encoding {codings} with Content-Length {lengths} in {version.decode('latin-1')}")
    wanted = len(hosts) == 1 or (not hosts and version == b"HTTP/1.0")
    if not wanted or re.search(r"[\s,@/\\?#]", "".join(hosts)):
        request.ambiguous.append(f"Host {hosts}")


ANSWERS = {
    "/orders": b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n" b'{"order":{"id":"ord_1"}}',
    "/204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "/304": b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 50\r\n\r\n',
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
    "/to-the-end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
    "/old": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold",
    "/early-hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "/hop-by-hop": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=9\r\n"
    b"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Other: 2\r\n\r\nok",
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokx",
    "/length-and-chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "/more-than-it-says": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden",
    "/less-than-it-says": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\nless",
    "/line-feeds": b"HTTP/1.1 200\nContent-Length: 2\n\nok",
}


class Recorder:
    """Listens on a port of its own until the process ends."""

    def __init__(self):
        self.arrived: list[Arrived] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reader = Reader(connection)
        with connection:
            try:
                while self._serve_one(reader):
                    pass
            except (Broken, OSError):
                pass

    def _serve_one(self, reader: Reader) -> bool:
        if not reader.data:
            reader.more()
        request = Arrived()
        self.arrived.append(request)
        reader.request(request)
        path = request.target.split("?")[0]
        answer = ANSWERS.get(path, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if request.method == "HEAD":
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
        if path == "/still-here":
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nstill-here"
        reader.connection.sendall(answer)
        return b"Connection: close" not in answer and not answer.startswith(b"HTTP/1.0")
