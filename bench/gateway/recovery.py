"""After a crash: attempts that nobody knows the end of are looked up at the gateway, by searches that it limits."""
import contextlib
import pathlib
import resource
import socket
import time

import edge as edges
import gateways
import processes
import till

LOCATIONS = 4
# Of one standin, each with two descriptors: below the 20,000 that an ordinary process may have.
OPEN_AT_ONCE = 8000
SENT_IN_ONE_GO = 1000
NO_FINDER = """duplicates  = { kind = "folded", window = "10m" }
concurrency = 20000
timeouts    = { connect = "1m", response = "5m", listen_late = "10m" }"""
FINDER = """duplicates  = { kind = "none" }
timeouts    = { write = "1s", response = "5s", listen_late = "5s" }
finder      = { max_processing = "1s", searches = [SEARCHES] }"""
# The limits that the vendor publishes.
PER_MINUTE, PER_DAY = 45, 5000
# A page of a hundred every other second: so many attempts are recovered within two minutes.
LIMITED_ATTEMPTS = 2000
LIMITED_SECONDS_MAX = 180


def charging(edge: edges.Edge) -> int:
    return round(edge.metric(r'standin_orders\{state="charging"\}'))


def send_and_wait(edge: edges.Edge, first: int, count: int, connections: contextlib.ExitStack) -> None:
    """So many charges, whose answers do not come; not faster than they are written down."""
    form = till.CHARGE.read_text().strip()
    for number in range(first, first + count):
        body = form.replace("KEY", f"open-{number:07}")
        head = f"POST /gate HTTP/1.1\r\nHost: gate\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        connection = connections.enter_context(socket.create_connection(("127.0.0.1", edge.port), 20))
        connection.sendall((head + body).encode())
        if number % SENT_IN_ONE_GO == 0 or number == first + count - 1:
            processes.wait_for(lambda: charging(edge) == number + 1, f"{number + 1} open attempts", 60)


def settled_down(control: int) -> bool:
    before = gateways.ask(control, "GET", "judge")["payments"]
    time.sleep(0.5)
    return gateways.ask(control, "GET", "judge")["payments"] == before


def leave_open(folder: pathlib.Path, count: int) -> None:
    """Charges, half of which the gateway has made, on their way when standin was killed: a journal and a ledger."""
    folder.mkdir(parents=True)
    hanging = '[{"fault":"hang","at":"after","fraction":0.5},{"fault":"hang"}]'
    for first in range(0, count, OPEN_AT_ONCE):
        part = min(OPEN_AT_ONCE, count - first)
        with contextlib.ExitStack() as connections:
            ports = connections.enter_context(gateways.simulated(folder / "gateway", LOCATIONS, "--faults", hanging))
            edge = connections.enter_context(till.serving(ports, folder / "till", "journalled", NO_FINDER, "5m"))
            send_and_wait(edge, first, part, connections)
            processes.wait_for(lambda: settled_down(ports[0]), "the gateway has them all", 60)
            edge.process.kill()
            edge.process.wait()
            (edge.folder / "journal.db.starts").unlink()  # a third death in a minute is another matter


def recover(folder: pathlib.Path, searches: str, seconds: float, *options: str) -> dict:
    """Starts both again, healed, and waits until no attempt is open."""
    with gateways.simulated(folder / "gateway", LOCATIONS, *options) as ports:
        begun = time.monotonic()
        with till.serving(ports, folder / "till", "journalled", FINDER.replace("SEARCHES", searches), "2s") as edge:
            started = time.monotonic() - begun
            opened = charging(edge)
            while (left := charging(edge)) > 0 and time.monotonic() - begun < seconds:
                time.sleep(0.1)
            took = time.monotonic() - begun
            settled = edge.metric(r'standin_orders\{state="settled"\}')
        judged = gateways.ask(ports[0], "GET", "judge")
    if judged["charged_twice"] or (left == 0 and settled != judged["standing"]):
        raise processes.Failed(f"{settled:.0f} charges are settled, and the gateway holds {judged['standing']}, "
                               f"{len(judged['charged_twice'])} of them twice")
    count = judged["searches"].get("sandbox", {"asked": 0, "most_in_a_minute": 0, "refused": 0})
    return {"opened": opened, "left": left, "seconds": took, "start_seconds": started, "made": judged["standing"], **count}


def measure(folder: pathlib.Path, attempts: int, seconds: float) -> tuple[dict, dict]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    many, few = folder / "many", folder / "few"
    leave_open(few, min(attempts, LIMITED_ATTEMPTS))
    leave_open(many, attempts)
    freely = recover(many, "", seconds)
    limits = ["--searches-per-minute", str(PER_MINUTE), "--searches-per-day", str(PER_DAY)]
    limited = recover(few, f'"{PER_MINUTE}/min", "{PER_DAY}/day"', LIMITED_SECONDS_MAX, *limits)
    return freely, limited
