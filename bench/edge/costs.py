"""What a part of standin costs each request: the same requests with the part and without it, where it can be left out."""
import contextlib
import os
import pathlib

import gateways
import load
import proxies
import rows
import till

# As many POSTs as go, by what is different; the first is what the others are compared with.
PLAIN = "plain"
VARIANTS = {
    PLAIN: {},
    "no_access_log": {"access": ""},
    "random": {"targets": 3, "balance": "random"},
    "least_busy": {"targets": 3, "balance": "least-busy"},
    "scoreboard": {"targets": 3, "balance": "scoreboard"},
}


def move_to_the_proxy_core(pid: int) -> None:
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {proxies.PROXY_CORE})


def processor_us(proxy: proxies.Proxy, path: str, seconds: int) -> float:
    return rows.costing(proxy, lambda: load.saturate(proxy.url(path), seconds, True))["processor_us"]


def charges(folder: pathlib.Path, seconds: int) -> dict[str, float]:
    """Charges of a gateway's route, written down before they are sent, or not."""
    found = {}
    folder.mkdir()
    with gateways.that_approves(folder / "gateway") as port:
        for idempotency in ("journalled", "pass"):
            with till.serving([port], folder / idempotency, idempotency) as edge:
                move_to_the_proxy_core(edge.process.pid)
                seen = till.under_load(edge, "/gate", idempotency, load.CONNECTIONS, seconds)
                found[idempotency] = seen["processor_us"]
    return found


def measure_round(folder: pathlib.Path, upstream_port: int, seconds: int, number: int) -> dict[str, float]:
    """Processor µs for each request, by variant; `protected` and `plain` are of one process."""
    found = {}
    with contextlib.ExitStack() as held:
        running = {name: held.enter_context(proxies.serving("standin", folder, upstream_port, **changed))
                   for name, changed in VARIANTS.items()}  # fmt: skip
        for proxy in running.values():
            load.warm_up(proxy.url("/1k"))
        first = number % len(VARIANTS)  # another one in each round
        for name in [*list(VARIANTS)[first:], *list(VARIANTS)[:first]]:
            found[name] = processor_us(running[name], "/post", seconds)
        found["protected"] = processor_us(running[PLAIN], "/orders", seconds)
    return found | charges(folder / f"charges-{number}", seconds)
