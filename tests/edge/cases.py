"""The corpus: hostile and odd requests, one file per topic, written so that a person can read and a test can send them.

    [two_equal_lengths] 400 closed
    why: A second length is a second opinion, equal or not. RFC 9112, 6.3
    POST / HTTP/1.1
    Host: shop
    Content-Length: 3
    Content-Length: 3

    abc\\
    ---

After the name: the statuses that standin answers, in order, and what becomes of the connection: `kept` for another request,
`closed`, or `waits` for the rest of the request. Then what is known of the case:

    why:       what it is, and which section settles it
    reason:    why standin accepts it although nginx or HAProxy refuses it
    upstream:  METHOD TARGET BODY of a request that must arrive, in order; without any, as many as there are 2xx answers
    has:       a field that each of them must have; lacks: a name that none may have
    body:      of the last answer; tells: a field that it must have; hides: one that it may not have

And the bytes up to `---`: each line stands for itself and CRLF. A backslash at its end takes the CRLF away; \\r, \\n, \\t, \\0,
\\xNN and \\\\ are bytes, and \\{text*N} is N times the text, in which % is the number of the time. `% wait` waits until all that
was sent so far is answered, `% continue` for 100 Continue, `% pause` a moment, so that the pieces arrive as pieces, and `% half-close` ends the
sending.
"""
import pathlib
import re
from dataclasses import dataclass, field

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus"
_BEGINS = re.compile(r"\[(\w+)\]((?: \d{3})*) (kept|closed|waits)$")
_KNOWN = ("why", "reason", "upstream", "has", "lacks", "body", "tells", "hides")
_ESCAPE = re.compile(rb"\\(?:([rnt0\\])|x([0-9a-fA-F]{2}))")
_REPEATED = re.compile(rb"\\\{(.*?)\*(\d+)\}")
_BYTES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


@dataclass
class Case:
    topic: str
    name: str
    statuses: list[int]
    fate: str  # "kept", "closed" or "waits"
    known: dict[str, list[str]] = field(default_factory=dict)
    steps: list[bytes | str] = field(default_factory=list)  # bytes to send, or what to do between them

    @property
    def why(self) -> str:
        return self.known["why"][0]

    def upstream(self) -> list[str] | None:
        """What must arrive there, if it is said."""
        return self.known.get("upstream")

    def arrivals(self) -> int:
        """How many requests must arrive there."""
        named = self.upstream()
        return len(named) if named is not None else sum(1 for status in self.statuses if 200 <= status < 300)

    def methods(self) -> list[str]:
        """Of its requests, as far as they can be told: an answer to HEAD has no body."""
        sent = b"".join(step for step in self.steps if isinstance(step, bytes))
        return [found.decode() for found in re.findall(rb"(?m)^([A-Z]+) [^\r\n]* HTTP/1", sent)]


def _unescaped(line: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: _BYTES[found[1]] if found[1] else bytes([int(found[2], 16)]), line)


def _repeated(found: re.Match) -> bytes:
    return b"".join(found[1].replace(b"%", b"%d" % number) for number in range(int(found[2])))


def _bytes_of(line: str) -> bytes:
    raw = line.encode()
    ends = not re.search(rb"(?<!\\)(?:\\\\)*\\$", raw)
    if not ends:
        raw = raw[:-1]
    return _unescaped(_REPEATED.sub(_repeated, raw)) + (b"\r\n" if ends else b"")


def _add(case: Case, line: str) -> None:
    if line.startswith("% "):
        case.steps.append(line[2:])
    elif case.steps and isinstance(case.steps[-1], bytes):
        case.steps[-1] += _bytes_of(line)
    else:
        case.steps.append(_bytes_of(line))


def _read(path: pathlib.Path) -> list[Case]:
    cases: list[Case] = []
    case = None
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if case is None:
            begins = _BEGINS.match(line)
            if begins:
                case = Case(path.stem, begins[1], [int(status) for status in begins[2].split()], begins[3])
            elif line and not line.startswith("#"):
                raise ValueError(f"{path}:{number}: neither a comment nor the beginning of a case")
        elif line == "---":
            cases.append(case)
            case = None
        else:
            known = re.match(r"(\w+): ?(.*)$", line)
            if known and known[1] in _KNOWN and not case.steps:
                case.known.setdefault(known[1], []).append(known[2])
            else:
                _add(case, line)
    if case is not None or any("why" not in each.known or "RFC" not in each.why for each in cases):
        raise ValueError(f"{path}: a case has no end, or does not say why and by which RFC")
    return cases


def corpus() -> list[Case]:
    cases = [case for path in sorted(FOLDER.glob("*.txt")) for case in _read(path)]
    names = [case.name for case in cases]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"names that stand for more than one case: {sorted(repeated)}")
    return cases
