"""What is measured at each of the three, one right after the other, so that a busy machine is equally busy for all."""
import contextlib
import dataclasses
import pathlib
import statistics
from collections.abc import Callable

import load
import proxies
from processes import Failed
from proxies import NAMES, Proxy

IDLE = 10_000
TRICKLE_PER_S = 1000
IDLE_TURNS = 3


@dataclasses.dataclass
class Row:
    """`rate` is that of the requests whose latency is taken; `ours` has no peer, and so no bar."""

    name: str
    what: str
    path: str
    rate: int
    orders: bool = False
    tls: bool = False
    ours: bool = False

    def url(self, proxy: Proxy) -> str:
        return proxy.tls_url(self.path) if self.tls else proxy.url(self.path)


LOADED = [
    Row("post", "POST of 600 bytes", "/post", 2000, orders=True),
    Row("get_1k", "GET of 1 KiB", "/1k", 2000),
    Row("get_100k", "GET of 100 KiB", "/100k", 500),
    Row("tls_get_1k", "GET of 1 KiB, TLS kept alive", "/1k", 2000, tls=True),
    Row("protected", "POST of 600 bytes, a protected route", "/orders", 2000, orders=True, ours=True),
]
WHAT = {row.name: row.what for row in LOADED} | {
    "full": "a new TLS connection, with one GET",
    "resumed": "a resumed TLS connection, with one GET",
    "idle": f"{IDLE:,} idle connections, {TRICKLE_PER_S:,} GET/s among them",
}


def costing(proxy: Proxy, measure: Callable[[], dict]) -> dict:
    """What was measured, with the processor time that each answer took."""
    used = proxy.processor_s()
    seen = measure()
    used = proxy.processor_s() - used
    return seen | {"processor_us": used / seen["answers"] * 1e6}


def loaded(row: Row, proxy: Proxy, seconds: int) -> dict:
    seen = costing(proxy, lambda: load.saturate(row.url(proxy), seconds, row.orders))
    found = {"processor_us": seen["processor_us"], "per_s": seen["answers"] / seen["seconds"], "loaded_p99_ms": seen["p99_ms"]}
    if not row.ours:
        found["p99_ms"] = load.pace(row.url(proxy), seconds, row.rate, proxy.folder, row.orders)["p99_ms"]
    return found


def handshakes(proxy: Proxy, seconds: int, resumed: bool) -> dict:
    certificate = proxy.folder / "proxy.pem"
    return costing(proxy, lambda: load.shake_hands(proxy.tls_port, certificate, seconds, resumed))


def in_turn(number: int) -> list[str]:
    """Another one goes first in each round."""
    return NAMES[number % len(NAMES) :] + NAMES[: number % len(NAMES)]


@dataclasses.dataclass
class MostlyIdle:
    """A front door with its idle connections, just started."""

    proxy: Proxy
    clients: load.Idle
    resident_kib: int
    kib_per_idle: float
    turns: list[dict] = dataclasses.field(default_factory=list)

    def take_turn(self, seconds: int) -> None:
        seen = costing(self.proxy, lambda: self.clients.trickle(TRICKLE_PER_S, seconds))
        if seen["failed"]:
            raise Failed(f"{self.proxy.name}: {seen['failed']} requests on idle connections were not answered with 200")
        self.turns.append(seen)

    def found(self) -> dict:
        """The median of each figure."""
        figures = {name: statistics.median(turn[name] for turn in self.turns) for name in ("processor_us", "p99_ms")}
        return figures | {"resident_mib": self.resident_kib / 1024, "kib_per_idle": self.kib_per_idle}


def begin_idle(held: contextlib.ExitStack, proxy: Proxy) -> MostlyIdle:
    load.warm_up(proxy.url("/1k"))
    before = proxy.resident_kib()
    clients = held.enter_context(load.idle(proxy.port, IDLE))
    resident = proxy.resident_kib()
    return MostlyIdle(proxy, clients, resident, (resident - before) / IDLE)


def measure_idle(folder: pathlib.Path, upstream_port: int, seconds: int, number: int) -> dict[str, dict]:
    """All three at once, in turns: what a wake-up costs a virtual machine changes by the minute."""
    with contextlib.ExitStack() as held:
        begun = {}
        for name in in_turn(number):
            begun[name] = begin_idle(held, held.enter_context(proxies.serving(name, folder, upstream_port)))
        for turn in range(IDLE_TURNS):
            for name in in_turn(number + turn):
                begun[name].take_turn(seconds)
        return {name: each.found() for name, each in begun.items()}


def measure_round(folder: pathlib.Path, upstream_port: int, seconds: int, number: int) -> dict[str, dict[str, dict]]:
    """By row and front door."""
    found: dict[str, dict[str, dict]] = {name: {} for name in WHAT}
    with contextlib.ExitStack() as held:
        running = [held.enter_context(proxies.serving(name, folder, upstream_port)) for name in in_turn(number)]
        for proxy in running:
            load.warm_up(proxy.url("/1k"))
        for row in LOADED:
            for proxy in running:
                if proxy.name == "standin" or not row.ours:
                    found[row.name][proxy.name] = loaded(row, proxy, seconds)
        for name in ("full", "resumed"):
            for proxy in running:
                found[name][proxy.name] = handshakes(proxy, seconds, name == "resumed")
    found["idle"] = measure_idle(folder, upstream_port, seconds, number)
    return found
