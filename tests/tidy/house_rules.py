"""Rules about the house: what is written in comments, and which room may include what."""
import re

from source import Finding, Tree, comments_of, is_cpp, line_at, room_of

# Written in two parts, so that this file keeps the rule itself.
LEFT_OPEN = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def nothing_left_open(tree: Tree) -> list[Finding]:
    """What is not done is not promised in a comment."""
    findings = []
    for path, text in tree.items():
        looked_at = comments_of(text) if is_cpp(path) else text
        for match in LEFT_OPEN.finditer(looked_at):
            findings.append(Finding(path, line_at(looked_at, match.start()), f"`{match[0]}`: do it, or leave it out"))
    return findings


# From the bottom: a room uses only rooms on floors below its own, never one beside it.
FLOORS = [
    {"base"},
    {"vault", "risk", "admission", "net", "telemetry", "config"},
    {"journal", "dialect", "upstream", "cache"},
    {"route", "replay", "reconcile"},
    {"incident"},
    {"console", "rehearsal", "wiring"},
    {"app"},
]

# Headers of a library -> the rooms that may include them.
LIBRARIES = {
    "boost/beast": {"net"},
    # The rehearsal's shop misbehaves on purpose, down to bytes that no HTTP library would write.
    "boost/asio/ip/": {"net", "rehearsal"},
    "boost/asio/local/": {"net"},
    "sys/socket.h": {"net"},
    "netinet/": {"net"},
    "openssl/": {"net", "vault"},
    "ares.h": {"net"},
    "sqlite3.h": {"journal", "rehearsal"},
    "prometheus/": {"telemetry"},
    "spdlog/": {"telemetry"},
    "toml++/": {"config"},
    "CLI/": {"app"},
}

_INCLUDE = re.compile(r'(?m)^\s*#\s*include\s*[<"]([^>"]+)[>"]')
_ROOM = re.compile(r"standin_room\(\s*(\w+)([^)]*)\)")


def _rooms_below(room: str) -> set[str]:
    below: set[str] = set()
    for floor in FLOORS:
        if room in floor:
            return below
        below |= floor
    return below


def _links(cmake: str) -> set[str]:
    """The ROOMS that a room's CMakeLists.txt names."""
    declared = _ROOM.search(cmake)
    words = declared[2].split() if declared else []
    keywords = {"ROOMS", "LIBS", "TEST_LIBS", "THREADED", "FUZZED"}
    links, current = set(), ""
    for word in words:
        if word in keywords:
            current = word
        elif current == "ROOMS":
            links.add(word)
    return links


def _floor_findings(tree: Tree) -> list[Finding]:
    findings = []
    for path, text in tree.items():
        room = room_of(path)
        if room is None or not path.endswith("CMakeLists.txt"):
            continue
        if not any(room in floor for floor in FLOORS):
            findings.append(Finding(path, 0, f"room `{room}` is on no floor of the floor plan"))
        for other in sorted(_links(text) - _rooms_below(room)):
            findings.append(Finding(path, 1, f"`{room}` may not use `{other}`: it is not on a floor below"))
    return findings


def _include_findings(path: str, text: str, rooms: set[str], links: set[str]) -> list[Finding]:
    room = room_of(path)
    findings = []
    for match in _INCLUDE.finditer(text):
        included, line = match[1], line_at(text, match.start(1))
        other = included.split("/")[0] if "/" in included else ""
        if other in rooms and other != room and other not in links:
            message = f"`{room}` includes `{included}`, a room that its CMakeLists.txt does not name"
            findings.append(Finding(path, line, message))
        for library, allowed in LIBRARIES.items():
            if included.startswith(library) and room not in allowed:
                findings.append(Finding(path, line, f"`{included}` is for {', '.join(sorted(allowed))} alone"))
    return findings


def floor_plan(tree: Tree) -> list[Finding]:
    """No include against the floor plan."""
    findings = _floor_findings(tree)
    rooms = {room for path in tree if (room := room_of(path))} | set().union(*FLOORS)
    for path, text in tree.items():
        room = room_of(path)
        if room and is_cpp(path):
            links = _links(tree.get(f"src/{room}/CMakeLists.txt", ""))
            findings += _include_findings(path, text, rooms, links)
    return findings


CHECKERS = "sim/checkers/"
# What the checkers may include besides the standard library, whose headers have neither a folder nor an ending.
CHECKERS_MAY_INCLUDE = (CHECKERS, "fmt/")
CHECKERS_TESTS_MAY_INCLUDE = CHECKERS_MAY_INCLUDE + ("gtest/", "gmock/")


def checkers_stand_alone(tree: Tree) -> list[Finding]:
    """What the simulator's checkers judge must not be what they judge by: they include nothing of src/."""
    findings = []
    for path, text in tree.items():
        if not path.startswith(CHECKERS) or not is_cpp(path):
            continue
        is_test = re.search(r"(?:_test\.cc|/test_\w+\.h)$", path)
        allowed = CHECKERS_TESTS_MAY_INCLUDE if is_test else CHECKERS_MAY_INCLUDE
        for match in _INCLUDE.finditer(text):
            included = match[1]
            is_standard = "/" not in included and "." not in included
            if not is_standard and not included.startswith(allowed):
                message = f"a checker includes `{included}`: only the standard library, fmt and {CHECKERS}"
                findings.append(Finding(path, line_at(text, match.start(1)), message))
    return findings
