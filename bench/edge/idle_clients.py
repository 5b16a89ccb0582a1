#!/usr/bin/env python3
"""Keeps connections open: idle_clients.py PORT CONNECTIONS ADDRESSES FIRST, from 127.0.0.FIRST and the next ADDRESSES.

Asks once on each, says {"open": N}, and then, for each line "RATE SECONDS" of its input, asks on one connection after the
other at that rate and says how long it took from when each request was due. Ends with its input.
"""
import json
import re
import resource
import select
import socket
import sys
import time

REQUEST = b"GET /1k HTTP/1.1\r\nHost: shop.example\r\n\r\n"
AT_ONCE = 100


def connect(port: int, source: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A reset at the end, so that no port is left waiting.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
    client.bind((source, 0))
    client.settimeout(20)
    client.connect(("127.0.0.1", port))
    return client


def whole(answer: bytes) -> bool:
    """Every body here has a length."""
    head, found, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length: *(\d+)", head, re.MULTILINE | re.IGNORECASE)
    return bool(found) and len(body) >= (int(length[1]) if length else 0)


def read_answer(client: socket.socket) -> bool:
    answer = b""
    while not whole(answer):
        piece = client.recv(65536)
        if not piece:
            return False
        answer += piece
    return answer.startswith(b"HTTP/1.1 200 ")


def open_all(port: int, count: int, addresses: int, first: int) -> list[socket.socket]:
    """A few at a time, so that no queue of the kernel overflows."""
    clients = []
    while len(clients) < count:
        batch = [connect(port, f"127.0.0.{first + (len(clients) + n) % addresses}") for n in range(min(AT_ONCE, count - len(clients)))]
        for client in batch:
            client.sendall(REQUEST)
        if not all([read_answer(client) for client in batch]):
            sys.exit("a new connection was not answered with 200")
        clients += batch
    return clients


class Trickle:
    def __init__(self, clients: list[socket.socket], poll: select.epoll):
        self.clients, self.poll, self.next = clients, poll, 0
        self.by_descriptor = {client.fileno(): client for client in clients}
        self.due: dict[int, float] = {}
        self.times: list[float] = []
        self.lost = self.refused = 0  # closed while nothing was asked; answered with another status than 200

    def ask(self, due: float) -> None:
        client = self.clients[self.next % len(self.clients)]
        self.next += 1
        if client.fileno() in self.due:
            return
        self.due[client.fileno()] = due
        client.sendall(REQUEST)

    def read(self, descriptor: int) -> None:
        due = self.due.pop(descriptor, None)
        if due is None:
            self.lost += 1
            self.poll.unregister(descriptor)
            return
        if not read_answer(self.by_descriptor[descriptor]):
            self.refused += 1
        self.times.append((time.monotonic() - due) * 1000)

    def run(self, rate: float, seconds: float) -> dict:
        self.times, self.due = [], {}
        self.lost = self.refused = 0
        began = time.monotonic()
        asked, total = 0, round(rate * seconds)
        while asked < total or self.due:
            now = time.monotonic()
            if now > began + seconds + 20:
                break
            while asked < total and began + asked / rate <= now:
                self.ask(began + asked / rate)
                asked += 1
            wait = max(0.0, began + asked / rate - time.monotonic()) if asked < total else 0.1
            for descriptor, _ in self.poll.poll(wait):
                self.read(descriptor)
        ordered = sorted(self.times)
        at = lambda part: ordered[round((len(ordered) - 1) * part)] if ordered else 0.0
        return {"answers": len(ordered), "failed": len(self.due) + self.lost + self.refused,
                "seconds": seconds, "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)}  # fmt: skip


def main() -> int:
    port, count, addresses, first = (int(text) for text in sys.argv[1:5])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    clients = open_all(port, count, addresses, first)
    poll = select.epoll()
    for client in clients:
        poll.register(client.fileno(), select.EPOLLIN)
    print(json.dumps({"open": len(clients)}), flush=True)
    trickle = Trickle(clients, poll)
    for line in sys.stdin:
        rate, seconds = (float(text) for text in line.split())
        print(json.dumps(trickle.run(rate, seconds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
