"""What is measured at each of the three, one right after the other, so that a busy machine is equally busy for all."""
import contextlib
import dataclasses
import pathlib
from collections.abc import Callable

import load
import proxies
from processes import Failed
from proxies import NAMES, Proxy

IDLE = 10_000
TRICKLE_PER_S = 1000


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


def mostly_idle(proxy: Proxy, seconds: int, connections: int) -> dict:
    """Of a front door that was just started."""
    load.warm_up(proxy.url("/1k"))
    before = proxy.resident_kib()
    with load.idle(proxy.port, connections) as clients:
        resident = proxy.resident_kib()
        found = costing(proxy, lambda: clients.trickle(TRICKLE_PER_S, seconds))
    if found["failed"]:
        raise Failed(f"{proxy.name}: {found['failed']} requests on idle connections were not answered with 200")
    return found | {"resident_mib": resident / 1024, "kib_per_idle": (resident - before) / connections}


def in_turn(number: int) -> list[str]:
    """Another one goes first in each round."""
    return NAMES[number % len(NAMES) :] + NAMES[: number % len(NAMES)]


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
    for name in in_turn(number):
        with proxies.serving(name, folder, upstream_port) as proxy:
            found["idle"][name] = mostly_idle(proxy, seconds, IDLE)
    return found
