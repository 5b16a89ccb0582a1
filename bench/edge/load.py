"""The clients: as many requests as go (wrk), so many a second (h2load), one handshake after the other, idle connections."""
import contextlib
import json
import pathlib
import select
import socket
import ssl
import subprocess
import sys
import time

import processes
from processes import Failed

HERE = pathlib.Path(__file__).resolve().parent
ORDER = HERE.parent / "standin" / "order.json"
ORDERS = HERE.parent / "standin" / "orders.lua"
PAGES = HERE.parent / "standin" / "answers.lua"
CONNECTIONS = 64
IDLE_ADDRESSES = 20


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[round((len(values) - 1) * part)]


def saturate(url: str, seconds: int, orders: bool) -> dict:
    """wrk, one request after the other on each connection; `orders` are POSTs of 600 bytes, each another one."""
    script = ["--script", ORDERS, url, "--", ORDER, f"run{time.monotonic_ns()}"] if orders else ["--script", PAGES, url]
    command = ["wrk", "--threads", "1", "--connections", CONNECTIONS, "--duration", f"{seconds}s", "--timeout", "10s"]
    seen = processes.last_json(processes.run(command + script))
    if seen["refused"] or seen["broken"]:
        raise Failed(f"{url}: {seen['refused']} answers with a status of 400 or more, {seen['broken']} broken connections")
    return seen


def warm_up(proxy_url: str) -> None:
    processes.run(["h2load", "--h1", "--clients", "20", "--requests", "2000", proxy_url])


def pace(url: str, seconds: float, rate: int, folder: pathlib.Path, orders: bool) -> dict:
    """h2load in HTTP/1.1 at a fixed rate, below what any of the front doors can do: how long a request then takes."""
    clients, log = 20, folder / "latencies"
    body = ["--data", str(ORDER), "--header", "content-type: application/json"] if orders else []
    command = ["h2load", "--h1", "--clients", clients, "--requests", round(rate * seconds), "--rps", rate / clients, "--log-file", log]
    processes.run([*command, *body, url], seconds * 5 + 30)
    lines = [line.split() for line in log.read_text().splitlines()]
    log.unlink()
    if [line for line in lines if not line[1].startswith("2")] or len(lines) < 0.99 * rate * seconds:
        raise Failed(f"{url}: {len(lines)} answers to {rate * seconds:.0f} requests, or some with a status other than 2xx")
    times = [int(line[2]) / 1000 for line in lines]
    took = (max(int(line[0]) + int(line[2]) for line in lines) - min(int(line[0]) for line in lines)) / 1e6
    return {"per_s": len(times) / took, "p50_ms": percentile(times, 0.5), "p99_ms": percentile(times, 0.99)}


def one_handshake(context: ssl.SSLContext, port: int, session) -> tuple[float, ssl.SSLSocket]:
    """How long a new connection takes until it has an answer, in milliseconds; the connection, read to its end."""
    began = time.perf_counter()
    plain = socket.create_connection(("127.0.0.1", port), 5)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client = context.wrap_socket(plain, server_hostname="shop.example", session=session)
    client.sendall(b"GET /1k HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
    answer = b""
    while piece := client.recv(65536):
        answer += piece
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise Failed(f"under TLS: {answer[:80]!r}")
    return (time.perf_counter() - began) * 1000, client


def shake_hands(port: int, certificate: pathlib.Path, seconds: float, resumed: bool) -> dict:
    """One new connection under TLS after the other, each with one request; resumed ones bring the session of the first."""
    context = ssl.create_default_context(cafile=certificate)
    _, client = one_handshake(context, port, None)
    session, cipher = client.session, "{1} {0}".format(*client.cipher())
    client.close()
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        took, client = one_handshake(context, port, session if resumed else None)
        if client.session_reused != resumed:
            raise Failed("a session was not resumed" if resumed else "a session was resumed")
        client.close()
        times.append(took)
    return {"answers": len(times), "seconds": seconds, "p99_ms": percentile(times, 0.99), "cipher": cipher}


class Idle:
    """A process that keeps connections open and asks on one of them now and then (`idle_clients.py`)."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def heard(self, seconds: float) -> dict:
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise Failed("the idle clients said nothing")
        return json.loads(line)

    def trickle(self, rate: int, seconds: int) -> dict:
        self.process.stdin.write(f"{rate} {seconds}\n".encode())
        self.process.stdin.flush()
        return self.heard(seconds + 60)


@contextlib.contextmanager
def idle(port: int, connections: int, first_address: int = 2):
    """Open and answered once each, from several addresses of this machine."""
    command = [sys.executable, HERE / "idle_clients.py", str(port), str(connections), str(IDLE_ADDRESSES), str(first_address)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        clients = Idle(process)
        clients.heard(60)
        yield clients
    finally:
        process.stdin.close()
        processes.stop(process)
        process.stdout.close()
