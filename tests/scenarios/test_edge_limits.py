"""Who the client is, behind proxies and without, and what one client may take of the edge."""
import json
import os
import socket
import threading

from harness import PATIENCE, Scenario, ask, eventually, order_body, order_headers
from test_streaming import Origin, Wire

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def proxy_header(command: int, family: int, rest: bytes) -> bytes:
    return SIGNATURE + bytes([0x20 | command, family]) + len(rest).to_bytes(2, "big") + rest


def proxied_ipv4(address: str, more: bytes = b"") -> bytes:
    ends = socket.inet_aton(address) + socket.inet_aton("198.51.100.1") + bytes([0xDC, 4, 1, 0xBB])
    return proxy_header(1, 0x11, ends + more)


def proxied_ipv6(address: str) -> bytes:
    ends = socket.inet_pton(socket.AF_INET6, address) * 2 + bytes([0xDC, 4, 1, 0xBB])
    return proxy_header(1, 0x21, ends)


class Recorder:
    """An application that answers every request with `ok`, or as it is told, and keeps what it was sent."""

    def __init__(self, answer=lambda head: OK):
        self.answer, self.heads = answer, []
        self.origin = Origin(self._serve)
        self.port, self.close = self.origin.port, self.origin.close

    def _serve(self, wire: Wire) -> None:
        while True:
            try:
                head = wire.until(b"\r\n\r\n").decode()
                wire.digest(_length(head))
            except (AssertionError, ConnectionError):
                return
            self.heads.append(head)
            wire.send(self.answer(head))

    def fields(self, at: int = -1) -> dict[str, list[str]]:
        """Of one request; names in lower case, underscores as dashes."""
        fields: dict[str, list[str]] = {}
        for line in self.heads[at].split("\r\n")[1:-2]:
            name, value = line.split(": ", 1)
            fields.setdefault(name.lower().replace("_", "-"), []).append(value)
        return fields


def _length(head: str) -> int:
    lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length: ")]
    return int(lengths[0].split(": ")[1]) if lengths else 0


class Edge(Scenario):
    def record(self, answer=lambda head: OK) -> Recorder:
        """An application behind the plain route, in the shop's place."""
        recorder = Recorder(answer)
        self.addCleanup(recorder.close)
        self.configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{recorder.port}"]')
        self.configuration.change("route.rest", upstream='"pages"')
        return recorder

    def limits(self, text: str) -> None:
        self.configuration.change("server", limits="{ " + text + " }")

    def connect(self) -> Wire:
        connection = self.standin.connect()
        self.addCleanup(connection.close)
        return Wire(connection)

    def clients_logged(self, count: int) -> list[str]:
        def lines():
            with open(os.path.join(self.folder, "access.log")) as log:
                whole = [json.loads(line) for line in log if line.endswith("\n")]
            return whole if len(whole) >= count else None

        return [line["client"] for line in eventually(lines, "they are logged")]

    def turned_away(self, why: str) -> float:
        return self.standin.metric("standin_turned_away_total", why=why)


class WhoTheClientIs(Edge):
    FORGED = {
        "X-Forwarded-For": "198.51.100.66",
        "x_forwarded_for": "198.51.100.66",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "admin.example",
        "X-Forwarded-Prefix": "/admin",
        "Forwarded": "for=198.51.100.66;proto=https",
        "X-Request-Id": "forged",
    }

    def test_what_a_stranger_says_of_itself_is_replaced(self):
        application = self.record()
        self.standin.start()
        self.assertEqual(ask(self.standin.port, "GET", "/", headers=self.FORGED | {"Host": "shop.example"}).status, 200)
        fields = application.fields()
        self.assertEqual(fields["x-forwarded-for"], ["127.0.0.1"])
        self.assertEqual(fields["x-forwarded-proto"], ["http"])
        self.assertEqual(fields["x-forwarded-host"], ["shop.example"])
        self.assertEqual(fields["forwarded"], ['for=127.0.0.1;proto=http;host="shop.example"'])
        self.assertEqual(fields["via"], ["1.1 standin"])
        self.assertNotIn("x-forwarded-prefix", fields)
        self.assertNotEqual(fields["x-request-id"], ["forged"])
        self.assertEqual(self.clients_logged(1), ["127.0.0.1"])

    def test_a_trusted_proxy_is_believed_as_far_as_it_vouches(self):
        application = self.record()
        self.configuration.change("server", trusted_proxies='["127.0.0.0/8"]')
        self.standin.start()
        said = self.FORGED | {"X-Forwarded-For": "198.51.100.66, 203.0.113.9, 127.0.0.2", "Via": "2.0 cdn"}
        self.assertEqual(ask(self.standin.port, "GET", "/", headers=said).status, 200)
        fields = application.fields()
        self.assertEqual(fields["x-forwarded-for"], ["203.0.113.9, 127.0.0.2, 127.0.0.1"])
        self.assertEqual(fields["x-forwarded-proto"], ["https"])
        self.assertEqual(fields["x-forwarded-prefix"], ["/admin"])
        self.assertEqual(
            fields["forwarded"], ['for=203.0.113.9;proto=https;host="admin.example", for=127.0.0.2, for=127.0.0.1']
        )
        self.assertEqual(fields["via"], ["2.0 cdn", "1.1 standin"])
        self.assertEqual(fields["x-request-id"], ["forged"])
        self.assertEqual(self.clients_logged(1), ["203.0.113.9"])

    def test_what_a_trusted_proxy_garbles_is_ignored_and_counted(self):
        application = self.record()
        self.configuration.change("server", trusted_proxies='["127.0.0.1"]')
        self.standin.start()
        self.assertEqual(ask(self.standin.port, "GET", "/", headers={"X-Forwarded-For": "203.0.113.9, what"}).status, 200)
        self.assertEqual(application.fields()["x-forwarded-for"], ["127.0.0.1"])
        self.assertEqual(self.standin.metric("standin_origins_ignored_total"), 1)

    def test_an_order_is_replayed_with_its_clients_address(self):
        sent: list[str] = []

        def answer(head: str) -> bytes:
            if head.startswith("GET "):
                return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
            sent.append(head)
            if len(sent) == 1:
                return b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
            body = b'{"order":{"id":"A1"}}'
            head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            return head % len(body) + body

        application = Recorder(answer)
        self.addCleanup(application.close)
        self.configuration.change("upstream.shop", targets=f'["http://127.0.0.1:{application.port}"]')
        self.configuration.change("server", trusted_proxies='["127.0.0.1"]')
        self.standin.start()
        self.assertEqual(self.standin.post("k1", order_body(), X_Forwarded_For="203.0.113.9").status, 201)
        self.standin.replay()
        self.standin.wait_for_states({"settled": 1})
        told = [[line for line in head.split("\r\n") if line.startswith(("X-Forwarded-", "Forwarded", "Via"))] for head in sent]
        self.assertIn("X-Forwarded-For: 203.0.113.9, 127.0.0.1", told[0])
        self.assertEqual(told, [told[0], told[0]])

    def test_a_gateway_is_told_of_no_client(self):
        gateway = self.record()
        self.configuration.change("upstream.pages", dialect='"stripe"')
        self.configuration.change("route.rest", dialect='"stripe"')
        self.standin.start()
        self.assertEqual(ask(self.standin.port, "GET", "/v1/charges?created[gte]=1", headers=self.FORGED).status, 200)
        self.assertEqual([name for name in gateway.fields() if "forwarded" in name], [])
        self.assertEqual(gateway.fields()["via"], ["1.1 standin"])

    def test_a_request_that_goes_in_a_circle_is_ended(self):
        application = self.record()
        self.standin.start()
        rounds = ", ".join(["1.1 standin"] * 7)
        self.assertEqual(ask(self.standin.port, "GET", "/", headers={"Via": rounds}).status, 200)
        self.assertEqual(ask(self.standin.port, "GET", "/", headers={"Via": "1.1 standin, " + rounds}).status, 508)
        self.assertEqual(len(application.heads), 1)

    def test_a_header_of_the_proxy_protocol_names_the_client(self):
        application = self.record()
        self.configuration.change("server", trusted_proxies='["127.0.0.1"]')
        self.configuration.change("server", listen='[{ address = "127.0.0.1:0", proxy_protocol = true }]')
        self.standin.start()
        request = b"GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 198.51.100.66\r\nConnection: close\r\n\r\n"
        tls_field = b"\x20\0\5\1\0\0\0\0"
        for header, expected in (
            (proxied_ipv4("203.0.113.9", tls_field), "203.0.113.9"),
            (proxied_ipv6("2001:db8::9"), "2001:db8::9"),
            (b"PROXY TCP4 203.0.113.7 198.51.100.1 56324 443\r\n", "203.0.113.7"),
            # The proxy's own request, whose word counts.
            (proxy_header(0, 0, b""), "198.51.100.66, 127.0.0.1"),
        ):
            with self.subTest(header=header):
                client = self.connect()
                client.send(header[:13])
                client.send(header[13:] + request)
                self.assertTrue(client.ends().startswith(b"HTTP/1.1 200 "))
                self.assertEqual(application.fields()["x-forwarded-for"], [expected])
        self.assertEqual(self.clients_logged(4), ["203.0.113.9", "2001:db8::9", "203.0.113.7", "198.51.100.66"])

    def test_without_a_good_header_of_the_proxy_protocol_nobody_is_served(self):
        application = self.record()
        self.configuration.change("server", trusted_proxies='["127.0.0.1"]')
        self.configuration.change("server", listen='[{ address = "127.0.0.1:0", proxy_protocol = true }]')
        self.standin.start()
        request = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
        for start in (b"", proxy_header(1, 0x11, b"short"), proxy_header(2, 0x11, bytes(12)), proxy_header(1, 0, bytes(5000))):
            client = self.connect()
            client.send(start + request)
            self.assertEqual(client.ends(), b"")
        self.assertEqual(self.turned_away("proxy_header"), 4)
        self.configuration.change("server", trusted_proxies='["192.0.2.1"]')
        self.standin.write_configuration()
        self.assertEqual(self.standin.reload(), "")
        stranger = self.connect()
        self.assertEqual(stranger.ends(), b"")
        self.assertEqual(self.turned_away("stranger"), 1)
        self.assertEqual(application.heads, [])


class WhatAClientMayTake(Edge):
    GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"

    def served(self, client: Wire) -> bool:
        """Whether it is, and not turned away; what a closed connection does to a write is no failure."""
        try:
            client.send(self.GET)
            return client.until(b"\r\n\r\nok").startswith(b"HTTP/1.1 200 ")
        except (AssertionError, ConnectionError):
            return False

    def trickles(self, client: Wire, start: bytes) -> bytes:
        """Sends `start`, and then a byte at a time, for as long as nothing is answered; what was."""
        client.send(start)
        client.connection.settimeout(0.05)
        while True:
            try:
                return client.ends()
            except TimeoutError:
                pass
            try:
                client.send(b"x")
            except (TimeoutError, ConnectionError):
                pass

    def test_one_address_may_hold_so_many_connections(self):
        self.record()
        self.limits("connections_per_address = 3")
        self.standin.start()
        clients = [self.connect() for _ in range(3)]
        self.assertTrue(all(self.served(client) for client in clients))
        self.assertFalse(self.served(self.connect()))
        self.assertGreaterEqual(self.turned_away("connections_per_address"), 1)
        clients.pop().connection.close()
        eventually(lambda: self.served(self.connect()), "the place is free again")
        self.assertTrue(all(self.served(client) for client in clients))

    def test_all_may_hold_so_many_connections_together(self):
        self.record()
        self.limits("connections = 3")
        self.standin.start()
        clients = [self.connect() for _ in range(3)]
        self.assertTrue(all(self.served(client) for client in clients))
        self.assertFalse(self.served(self.connect()))
        self.assertGreaterEqual(self.turned_away("connections"), 1)

    def test_who_sends_heads_slowly_is_ended_while_others_are_served(self):
        application = self.record()
        self.limits('receive = "1s"')
        self.standin.start()
        answers: list[bytes] = []

        def hold_up() -> None:
            answers.append(self.trickles(self.connect(), b"GET / HTTP/1.1\r\nHost: shop\r\nX-Slow: "))

        threads = [threading.Thread(target=hold_up) for _ in range(20)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.assertEqual(ask(self.standin.port, "GET", "/").status, 200)
        self.assertEqual([answer[:13] for answer in answers], [b"HTTP/1.1 408 "] * 20)
        self.assertEqual(self.turned_away("too_slow"), 20)
        self.assertFalse(any("x-slow" in head.lower() for head in application.heads))

    def test_who_sends_a_body_slowly_is_ended_while_others_are_served(self):
        application = self.record()
        self.shop.start()
        self.limits('receive = "1s", body_rate = "100KiB"')
        self.standin.start()
        fields = "".join(f"{name}: {value}\r\n" for name, value in order_headers("k1").items())
        order = f"POST /orders HTTP/1.1\r\nHost: shop\r\n{fields}Content-Length: 200000\r\n\r\n".encode()
        answers: list[bytes] = []
        starts = [b"PUT /backup HTTP/1.1\r\nHost: shop\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 100000, order] * 5
        threads = [
            threading.Thread(target=lambda start=start: answers.append(self.trickles(self.connect(), start)))
            for start in starts
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.assertEqual(ask(self.standin.port, "GET", "/").status, 200)
        self.assertEqual([answer[:13] for answer in answers], [b"HTTP/1.1 408 "] * 10)
        self.assertEqual(self.turned_away("too_slow"), 10)
        self.assertFalse(any(head.startswith("PUT") for head in application.heads))
        self.assertEqual(self.shop.orders(), [])

    def test_who_sends_a_large_body_fast_enough_is_served_however_long_the_application_takes(self):
        may_read = threading.Event()

        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            may_read.wait(PATIENCE)
            wire.digest(20_000_000)
            wire.send(OK)

        origin = Origin(serve)
        self.addCleanup(origin.close)
        self.record()
        self.configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{origin.port}"]')
        self.configuration.change("upstream.pages", timeouts='{ write = "20s", response = "20s" }')
        self.configuration.change("route.rest", deadline='"20s"')
        self.limits('receive = "1s", body_rate = "1MiB"')
        self.standin.start()
        client = self.connect()
        sending = threading.Thread(
            target=client.send,
            args=(b"PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 20000000\r\n\r\n" + b"x" * 20_000_000,),
        )
        sending.start()
        # The time in which we do not read is nobody's slowness: longer than `receive` allows.
        slow = self.connect()
        self.assertTrue(self.trickles(slow, b"GET / HTTP/1.1\r\nX-Slow: ").startswith(b"HTTP/1.1 408 "))
        may_read.set()
        self.assertTrue(client.until(b"\r\n\r\nok").startswith(b"HTTP/1.1 200 "))
        sending.join()

    def test_a_connection_ends_with_its_last_request(self):
        self.record()
        self.limits("requests_per_connection = 2")
        self.standin.start()
        client = self.connect()
        client.send(self.GET)
        self.assertNotIn(b"Connection: close", client.until(b"\r\n\r\nok"))
        client.send(self.GET)
        self.assertIn(b"Connection: close", client.ends())

    def test_an_idle_connection_is_closed_without_a_word_even_after_an_empty_line(self):
        self.record()
        self.limits('idle = "1s"')
        self.standin.start()
        client = self.connect()
        self.assertTrue(self.served(client))
        client.send(b"\r\n")
        self.assertEqual(client.ends(), b"")
