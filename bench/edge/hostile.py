"""Tools that wear a front door down: what becomes of other clients meanwhile, and of its memory."""
import pathlib
import re
import subprocess
import urllib.request

import load
import processes
import proxies
from processes import Failed

# From other addresses than the attackers' one, so that the limit for each address shows.
CLIENTS, CLIENTS_FROM, CLIENTS_PER_S = 100, 32, 500
SLOW_CONNECTIONS, SLOW_PER_S = 3000, 500
# At standin, so that slow ones are turned away within the measurement.
RECEIVE = "3s"

SLOW = ["slowhttptest", "-c", SLOW_CONNECTIONS, "-r", SLOW_PER_S, "-p", 2]
SLOW_READERS = "slow readers (slowhttptest -X)"
ATTACKS = {
    "slow heads (slowhttptest -H)": [*SLOW, "-H", "-i", 1],
    "slow bodies (slowhttptest -B)": [*SLOW, "-B", "-i", 1, "-s", 100_000],
    SLOW_READERS: [*SLOW, "-X", "-n", 1, "-z", 32, "-w", 256, "-y", 512, "-k", 3],
    "all that goes in HTTP/1.1 (wrk)": ["wrk", "--threads", 1, "--connections", 64],
    "all that goes in HTTP/2 (h2load)": ["h2load", "--clients", 20, "--max-concurrent-streams", 50],
}


def command_of(attack: list, url: str, seconds: int) -> list[str]:
    """An attack comes from elsewhere: it is not to take the core from the clients and the upstream that it shares it with."""
    length = {"slowhttptest": ["-l", round(seconds), "-u", url], "wrk": ["--duration", f"{seconds}s", url],
              "h2load": ["--duration", seconds, url]}  # fmt: skip
    return ["nice", "-n", "19", *(str(part) for part in attack + length[attack[0]])]


def said_by(attack: list, output: str) -> str:
    """What the tool has to say of its own requests."""
    found = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", output)
    if found:
        return f"{int(found[1]):,} answered, {int(found[2]) + int(found[3]):,} not"
    found = re.search(r"(\d+) requests in", output)
    return f"{int(found[1]):,} answered" if found else ""


def turned_away(proxy: proxies.Proxy) -> dict[str, float]:
    if proxy.name != "standin":
        return {}
    with urllib.request.urlopen(f"http://127.0.0.1:{proxy.console_port}/metrics", timeout=5) as page:
        found = re.findall(r'^standin_turned_away_total\{why="(\w+)"\} (\S+)$', page.read().decode(), re.MULTILINE)
    return {why: float(count) for why, count in found}


def attacked(proxy: proxies.Proxy, clients: load.Idle, attack: list, seconds: int) -> dict:
    """The clients' latency while the attack runs; it begins a second before and ends after them."""
    before = turned_away(proxy)
    command = command_of(attack, proxy.url("/100k" if "-X" in attack else "/1k"), seconds + 3)
    output = proxy.folder / "attack.log"
    with output.open("wb") as out:
        attacker = subprocess.Popen(command, cwd=proxy.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        clients.trickle(CLIENTS_PER_S, 1)
        seen = clients.trickle(CLIENTS_PER_S, seconds)
        resident = proxy.resident_kib() / 1024
        attacker.wait(seconds + 30)
    finally:
        processes.stop(attacker)
    if not proxy.alive():
        raise Failed(f"{proxy.name} ended under {attack[0]}")
    away = {why: count - before.get(why, 0) for why, count in turned_away(proxy).items() if count > before.get(why, 0)}
    return {"p99_ms": seen["p99_ms"], "failed": seen["failed"], "resident_mib": resident, "turned_away": away,
            "said": said_by(attack, output.read_text(errors="replace"))}  # fmt: skip


def measured(name: str, folder: pathlib.Path, upstream_port: int, attack: list, seconds: int) -> dict:
    """The clients' p99 right before the attack and while it goes on, and the memory of the front door, a new one each time."""
    with proxies.serving(name, folder, upstream_port, receive=RECEIVE) as proxy:
        with load.idle(proxy.port, CLIENTS, CLIENTS_FROM) as clients:
            clients.trickle(CLIENTS_PER_S, 1)
            alone = clients.trickle(CLIENTS_PER_S, seconds)
            return attacked(proxy, clients, attack, seconds) | {"alone_p99_ms": alone["p99_ms"]}


def slower(seen: dict) -> float:
    return seen["p99_ms"] / seen["alone_p99_ms"] if seen["alone_p99_ms"] else 0.0


def median_of(runs: list[dict]) -> dict:
    return sorted(runs, key=slower)[len(runs) // 2]


def measure(folder: pathlib.Path, upstream_port: int, seconds: int, times: int) -> dict[str, dict[str, dict]]:
    """By front door and attack, of so many runs the one in the middle; HTTP/2 in clear only at standin."""
    # Whoever is first would wait while the kernel finds memory for thousands of full buffers.
    measured("nginx", folder, upstream_port, ATTACKS[SLOW_READERS], seconds)
    return {
        name: {what: median_of([measured(name, folder, upstream_port, attack, seconds) for _ in range(times)])
               for what, attack in ATTACKS.items() if name == "standin" or attack[0] != "h2load"}
        for name in proxies.NAMES
    }  # fmt: skip
