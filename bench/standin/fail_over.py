"""Fail-over: the shop is killed under load; how soon standin answers in its stead, and whether anybody noticed."""
import datetime
import json
import os
import pathlib
import signal
import subprocess
import time

import edge as edges
import processes
from processes import STANDIN, Failed

RATE = 200
SECONDS_BEFORE = 4
SECONDS_AFTER = 4
# What "the switch" is: shoppers who came from this long before the kill until this long after it.
SWITCH_FROM_MS, SWITCH_UNTIL_MS = -1000, 2000


def unix_ms(text: str) -> float:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


def p99(values: list[float]) -> float:
    return sorted(values)[round((len(values) - 1) * 0.99)]


def load(edge: edges.Edge) -> list:
    span = f"{SECONDS_BEFORE + SECONDS_AFTER}s"
    attempts = edge.folder / "attempts.jsonl"
    return [STANDIN, "load", edge.url("/orders"), "--rate", str(RATE), "--for", span, "--over-floor", "0", "--declined", "0",
            "--hang-up", "0", "--retry", "0", "--attempts", str(attempts), "--json"]  # fmt: skip


def kill_under_load(edge: edges.Edge, shop: subprocess.Popen) -> float:
    """When the shop was killed, in milliseconds since 1970."""
    with (edge.folder / "load.log").open("wb") as log:
        shoppers = subprocess.Popen(load(edge), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            time.sleep(SECONDS_BEFORE)
            killed = time.time() * 1000
            os.kill(shop.pid, signal.SIGKILL)
            shoppers.wait(SECONDS_AFTER + 60)
        finally:
            processes.stop(shoppers)
    return killed


def answered_at(attempt: dict) -> float:
    return unix_ms(attempt["when"]) + attempt["latency_ms"]


def judge(attempts: list[dict], killed: float) -> dict:
    came = [(unix_ms(attempt["when"]) - killed, attempt) for attempt in attempts]
    stood_in = [a for a in attempts if a["reference"].startswith("gateway-down-") and answered_at(a) >= killed]
    if not stood_in:
        raise Failed("nobody was answered in the killed shop's stead")
    return {
        "first_answer_ms": min(answered_at(a) for a in stood_in) - killed,
        "requests": len(attempts),
        "failed": sum(1 for a in attempts if a["told"] != "yes"),
        "stood_in": len(stood_in),
        "p99_before_ms": p99([a["latency_ms"] for since, a in came if since < SWITCH_FROM_MS]),
        "p99_ms": p99([a["latency_ms"] for since, a in came if SWITCH_FROM_MS <= since < SWITCH_UNTIL_MS]),
        "max_ms": max(a["latency_ms"] for since, a in came if SWITCH_FROM_MS <= since < SWITCH_UNTIL_MS),
    }


def measure(folder: pathlib.Path) -> dict:
    shop_port = processes.free_ports(1)[0]
    shop_folder = folder.with_name(folder.name + "-shop")
    shop_folder.mkdir()
    shop = [STANDIN, "sim", "shop", "--port", str(shop_port), "--ledger", "shop.db"]
    with processes.serving(shop, shop_port, shop_folder) as running:
        with edges.standing_in_for(shop_port, folder) as edge:
            killed = kill_under_load(edge, running)
            attempts = [json.loads(line) for line in (folder / "attempts.jsonl").read_text().splitlines()]
    return judge(attempts, killed)
