"""Sends a case and reads what comes back, byte for byte; no HTTP library would send most of them."""
import re
import socket
import time
from dataclasses import dataclass, field

from cases import Case

STILL_HERE = b"GET /still-here HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"


@dataclass
class Answer:
    status: int
    fields: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = True

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known.lower() == name.lower()]


@dataclass
class Outcome:
    """What came of a case."""

    answers: list[Answer] = field(default_factory=list)
    fate: str = "waits"

    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]

    def text(self) -> str:
        return " ".join([*(str(status) for status in self.statuses()), self.fate])


class Answers:
    """Takes whole answers off the bytes that a connection sends."""

    def __init__(self, connection: socket.socket, methods: list[str]):
        self.connection, self.methods = connection, methods
        self.data, self.ended = b"", False
        self.answers: list[Answer] = []

    def read(self, within: float) -> bool:
        """Some more; False if nothing came in that time, or nothing more will."""
        if self.ended:
            return False
        self.connection.settimeout(max(within, 0.001))
        try:
            piece = self.connection.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            piece = b""
        self.data += piece
        self.ended = not piece
        while self._take():
            pass
        return bool(piece)

    def finals(self) -> int:
        return sum(1 for answer in self.answers if answer.status >= 200)

    def _take(self) -> bool:
        if self.data and not self.data.startswith(b"HTTP/"[: len(self.data)]):
            return self._take_http_0_9()
        head, end, rest = self.data.partition(b"\r\n\r\n")
        if not end:
            return False
        lines = head.split(b"\r\n")
        fields = [tuple(part.strip().decode("latin-1") for part in line.split(b":", 1)) for line in lines[1:]]
        answer = Answer(int(lines[0].split(b" ")[1]), fields)
        taken = self._body(answer, rest)
        if taken is None:
            return False
        self.data = rest[taken:]
        self.answers.append(answer)
        return True

    def _take_http_0_9(self) -> bool:
        """A body without a head, up to the end of the connection."""
        if not self.ended:
            return False
        self.answers.append(Answer(9, [], self.data))
        self.data = b""
        return False

    def _body(self, answer: Answer, rest: bytes) -> int | None:
        """Sets the answer's body; how many bytes of `rest` it took, or None if some are missing."""
        number = self.finals()
        to_head = number < len(self.methods) and self.methods[number] == "HEAD"
        if to_head or answer.status < 200 or answer.status in (204, 304):
            return 0
        if answer.values("Transfer-Encoding"):
            return self._chunks(answer, rest)
        lengths = answer.values("Content-Length")
        length = int(lengths[0]) if lengths else len(rest)
        if len(rest) < length and self.ended:
            answer.whole = False
            length = len(rest)
        if len(rest) < length or (not lengths and not self.ended):
            return None
        answer.body = rest[:length]
        return length

    def _chunks(self, answer: Answer, rest: bytes) -> int | None:
        at = 0
        while True:
            line = re.compile(rb"([0-9a-fA-F]+)\r\n").match(rest, at)
            if not line:
                answer.whole = not self.ended
                return len(rest) if self.ended else None
            size = int(line[1], 16)
            at = line.end()
            if size == 0:
                end = rest.find(b"\r\n", at)
                while end > at:  # trailers
                    at = end + 2
                    end = rest.find(b"\r\n", at)
                return end + 2 if end >= 0 else None
            answer.body += rest[at : at + size]
            at += size + 2


class Sender:
    """One case on a connection of its own."""

    def __init__(self, case: Case, port: int, patience: float, known: bool):
        """`known`: the case says what will come, which is waited for with patience. Else whatever comes is taken, and
        `patience` is how long to wait for more of it."""
        self.case, self.patience, self.known = case, patience, known
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = Answers(self.connection, case.methods())

    def run(self) -> Outcome:
        outcome = Outcome(self.answers.answers)
        with self.connection:
            for step in self.case.steps:
                self._do(step)
            self._read_until(lambda: self._all_came())
            # Told to wait, it may still answer: that would be too early.
            if self.known and self.case.fate == "waits":
                self._read_until(lambda: False, within=0.2)
            if self.known and self.case.fate == "closed":
                self._read_until(lambda: False)
            if self.answers.ended:
                outcome.fate = "closed"
            elif not self.known or self.case.fate == "kept":
                outcome.fate = self._fate()
        return outcome

    def _fate(self) -> str:
        """Of a connection that is still open: whether it takes another request for one."""
        before = len(self.answers.answers)
        self._send(STILL_HERE)
        self._read_until(lambda: any(answer.body == b"still-here" for answer in self.answers.answers[before:]))
        came = self.answers.answers[before:]
        if came and came[-1].body == b"still-here":
            self.answers.answers.pop()
            return "kept"
        return "closed" if self.answers.ended else "waits"

    def _all_came(self) -> bool:
        return self.known and len(self.answers.answers) >= len(self.case.statuses)

    def _read_until(self, enough, within: float | None = None) -> None:
        patience = self.patience if within is None else within
        deadline = time.monotonic() + patience
        while not enough():
            left = deadline - time.monotonic()
            if left <= 0 or not self.answers.read(left):
                return
            if not self.known:
                deadline = time.monotonic() + patience

    def _send(self, data: bytes) -> None:
        self.connection.settimeout(10)
        try:
            self.connection.sendall(data)
        except OSError:
            pass  # it was closed: what it said before is read all the same

    def _do(self, step: bytes | str) -> None:
        if isinstance(step, bytes):
            self._send(step)
        elif step == "half-close":
            try:
                self.connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        elif step == "wait":
            wanted = self.answers.finals() + 1
            self._read_until(lambda: self.answers.finals() >= wanted)
        elif step == "pause":
            time.sleep(0.01)
        elif step == "continue":
            self._read_until(lambda: bool(self.answers.answers))
        else:
            raise ValueError(f"{self.case.name}: what is `% {step}`?")
