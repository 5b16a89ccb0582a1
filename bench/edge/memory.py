"""Memory of a connection with a request under way, and of as many idle ones as the machine allows."""
import contextlib
import pathlib
import resource
import select
import socket
import time

import load
import processes
import proxies
from processes import Failed
from proxies import NAMES

ACTIVE = 1000
# An edge keeps some descriptors for itself.
IDLE_GOAL, KEPT_BACK = 20_000, 600


class Silent:
    """An upstream that takes requests and answers none."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener.fileno(), select.EPOLLIN)
        self.asked: dict[int, socket.socket] = {}
        self.heard: set[int] = set()

    def look(self) -> int:
        """How many requests have come."""
        for descriptor, _ in self.poll.poll(0.05):
            if descriptor == self.listener.fileno():
                self.accept_all()
            elif self.asked[descriptor].recv(65536):
                self.heard.add(descriptor)
            else:
                self.poll.unregister(descriptor)
        return len(self.heard)

    def accept_all(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                taken, _ = self.listener.accept()
                self.asked[taken.fileno()] = taken
                self.poll.register(taken.fileno(), select.EPOLLIN)

    def close(self) -> None:
        for each in [self.listener, *self.asked.values()]:
            each.close()
        self.poll.close()


def ask(port: int, held: contextlib.ExitStack) -> None:
    body = load.ORDER.read_bytes()
    client = held.enter_context(socket.create_connection(("127.0.0.1", port), 10))
    client.sendall(b"POST /post HTTP/1.1\r\nHost: shop.example\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def active(name: str, folder: pathlib.Path) -> float:
    """KiB for each of the requests that wait for an answer, their connections to the upstream included."""
    silent = Silent()
    try:
        with proxies.serving(name, folder, silent.port) as proxy, contextlib.ExitStack() as held:
            before = proxy.resident_kib()
            for count in range(1, ACTIVE + 1):
                ask(proxy.port, held)
                silent.look() if count % 100 == 0 else None
            processes.wait_for(lambda: silent.look() >= ACTIVE, f"{ACTIVE} requests through {name}", 20)
            return (proxy.resident_kib() - before) / ACTIVE
    finally:
        silent.close()


def idle(name: str, folder: pathlib.Path, upstream_port: int) -> dict:
    """Twenty thousand, or as many as one process may have descriptors."""
    connections = min(IDLE_GOAL, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - KEPT_BACK)
    with proxies.serving(name, folder, upstream_port) as proxy:
        at_rest = proxy.resident_kib()
        with load.idle(proxy.port, connections):
            time.sleep(0.5)
            resident = proxy.resident_kib()
    return {"connections": connections, "at_rest_mib": at_rest / 1024, "resident_mib": resident / 1024}


def measure(folder: pathlib.Path, upstream_port: int) -> dict[str, dict]:
    return {name: idle(name, folder, upstream_port) | {"kib_per_active": active(name, folder)} for name in NAMES}
