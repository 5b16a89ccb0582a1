"""Clients connect under TLS: versions, names, tickets, certificates that are renewed, clients' own, and everything that works
in clear."""
import hashlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time

from certificates import Authority
from harness import BINARY, PATIENCE, Scenario, ask, at_once, eventually, exchange, order_body, order_headers
from test_streaming import MEBIBYTE, Origin, Wire

LARGE = 20 * MEBIBYTE
# net_limits.h: tls_handshake.
HANDSHAKE_MAX = 10


class TlsEdge(Scenario):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.shown = self.authority.issue("shop", "shop.test")
        self.host = "127.0.0.2"

    def listen(self, tls: str = "", more: str = "") -> None:
        """In clear on one address, under TLS on another."""
        tls = tls or 'certificate = "shop.pem", key = "shop.key"'
        listener = f'{{ address = "{self.host}:0", tls = {{ {tls} }}{more} }}'
        self.configuration.change("server", listen=f'["127.0.0.1:0", {listener}]')

    def start(self, tls: str = "", more: str = "") -> None:
        self.listen(tls, more)
        self.standin.start()
        serving = self.standin.logged("serving")[0]
        self.tls_port = int(re.search(re.escape(self.host) + r":(\d+)", serving)[1])

    def origin(self, serve) -> Origin:
        origin = Origin(serve)
        self.addCleanup(origin.close)
        self.configuration.change("upstream.pages", targets=f'["http://127.0.0.1:{origin.port}"]')
        self.configuration.change("route.rest", upstream='"pages"')
        return origin

    def context(self, **versions) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority.file)
        for name, version in versions.items():
            setattr(context, name, version)
        return context

    def plain(self) -> socket.socket:
        connection = socket.create_connection((self.host, self.tls_port), timeout=PATIENCE)
        self.addCleanup(connection.close)
        return connection

    def connect(self, name: str = "shop.test", context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        connection = (context or self.context()).wrap_socket(self.plain(), server_hostname=name)
        self.addCleanup(connection.close)
        return connection

    def client(self) -> Wire:
        return Wire(self.connect())

    def request(self, connection: ssl.SSLSocket, method: str, target: str, body: bytes | None = None, headers=None):
        asking = http.client.HTTPConnection("shop.test")
        asking.sock = connection
        return exchange(asking, method, target, body, headers or {})

    def s_client(self, *arguments: str, say: str = "GET / HTTP/1.0\r\n\r\n") -> subprocess.CompletedProcess:
        return subprocess.run(
            ["openssl", "s_client", "-connect", f"{self.host}:{self.tls_port}", "-ign_eof", *arguments],
            input=say,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    # --- the handshake ------------------------------------------------------------------------------------------------

    def test_an_order_is_placed_and_stood_in_for_under_tls(self):
        self.start()
        connection = self.connect()
        answer = self.request(connection, "POST", "/orders", order_body(), order_headers("k1"))
        self.assertEqual(answer.status, 201)
        again = self.request(connection, "POST", "/orders", order_body(), order_headers("k1"))
        self.assertEqual((again.status, again.body), (answer.status, answer.body))

    def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(self):
        self.start()
        old = ["-cipher", "DEFAULT@SECLEVEL=0"]
        for version in ("-tls1", "-tls1_1"):
            self.assertIn("alert protocol version", self.s_client(version, *old).stderr, version)
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            self.assertIn(f"New, {name}", self.s_client(version).stdout)
        self.assertIn("handshake failure", self.s_client("-tls1_2", "-cipher", "AES128-SHA").stderr)

    def test_neither_renegotiation_nor_compression(self):
        self.start()
        self.assertIn("Compression: NONE", self.s_client("-tls1_2").stdout)
        asking = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"{self.host}:{self.tls_port}", "-tls1_2"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(asking.kill)
        # It asks for it where a line is this letter, and gives up when that is refused; its input stays open meanwhile.
        asking.stdin.write("R\n")
        asking.stdin.flush()
        asking.wait(PATIENCE)
        self.assertIn("no renegotiation", asking.stderr.read())
        asking.stdin.close()
        asking.stderr.close()

    def test_the_certificate_is_the_one_for_the_name(self):
        self.authority.issue("pages", "*.pages.test")
        pairs = ", ".join(f'{{ certificate = "{name}.pem", key = "{name}.key" }}' for name in ("shop", "pages"))
        self.start(f"certificates = [{pairs}]")
        unchecked = self.context()
        unchecked.check_hostname = False
        for asked, shown in (
            ("shop.test", "shop.test"),
            ("a.pages.test", "*.pages.test"),
            ("elsewhere.test", "shop.test"),
            (None, "shop.test"),
        ):
            with self.connect(asked, unchecked) as connection:
                names = [name for _, name in connection.getpeercert()["subjectAltName"]]
            self.assertEqual(names, [shown], asked)

    def test_sessions_are_resumed(self):
        self.start()
        for version in ("-tls1_2", "-tls1_3"):
            ticket = os.path.join(self.folder, "ticket" + version)
            self.assertIn("New, TLSv1", self.s_client(version, "-sess_out", ticket).stdout)
            # Whichever thread has it this time.
            for _ in range(6):
                said = self.s_client(version, "-sess_in", ticket).stdout
                self.assertIn("Reused, TLSv1", said, version)
                self.assertIn("HTTP/1.1 ", said)

    def test_a_protocol_is_agreed_on(self):
        self.start(more=", http2 = false")
        self.assertIn("ALPN protocol: http/1.1", self.s_client("-alpn", "h2,http/1.1").stdout)
        self.assertIn("No ALPN negotiated", self.s_client().stdout)
        self.assertIn("no application protocol", self.s_client("-alpn", "imap").stderr)

    def test_plain_http_on_the_port_harms_nobody(self):
        self.start()
        with self.plain() as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            self.assertNotIn(b"HTTP/1.1 200", Wire(connection).ends())
        self.assertEqual(self.request(self.connect(), "GET", "/nothing").status, ask(self.standin.port, "GET", "/nothing").status)

    def test_who_does_not_end_a_handshake_is_sent_away_and_holds_nobody_up(self):
        self.start()
        began = time.monotonic()
        silent, begun = self.plain(), self.plain()
        begun.sendall(b"\x16\x03\x01\x02\x00\x01")
        self.assertEqual(len({self.request(self.connect(), "GET", "/x").status for _ in range(20)}), 1)
        self.assertLess(time.monotonic() - began, HANDSHAKE_MAX)
        for connection in (silent, begun):
            self.assertEqual(Wire(connection).ends(), b"")
        self.assertGreaterEqual(time.monotonic() - began, HANDSHAKE_MAX - 1)

    def test_behind_a_proxy_that_names_the_client(self):
        heard = []

        def serve(wire: Wire) -> None:
            heard.append(wire.until(b"\r\n\r\n").lower())
            wire.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        self.origin(serve)
        self.configuration.change("server", trusted_proxies='["127.0.0.0/8"]')
        self.start(more=", proxy_protocol = true")
        # In one segment with the hello, as a proxy may send it.
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context().wrap_bio(incoming, outgoing, server_hostname="shop.test")
        connection = self.plain()
        sent = b"PROXY TCP4 192.0.2.7 127.0.0.2 4711 443\r\n"

        def step(act):
            nonlocal sent
            while True:
                try:
                    result = act()
                except ssl.SSLWantReadError:
                    result = None
                connection.sendall(sent + outgoing.read())
                sent = b""
                if result is not None:
                    return result
                incoming.write(connection.recv(65536))

        step(lambda: tls.do_handshake() or True)
        step(lambda: tls.write(b"GET /x HTTP/1.1\r\nHost: shop.test\r\n\r\n"))
        self.assertTrue(step(lambda: tls.read(65536)).startswith(b"HTTP/1.1 204 "))
        self.assertIn(b"192.0.2.7", heard[0])

    # --- certificates that are renewed --------------------------------------------------------------------------------

    def serial(self) -> str:
        with self.connect() as connection:
            return connection.getpeercert()["serialNumber"]

    def test_a_reload_shows_the_new_certificate_and_fails_no_request(self):
        self.shop.start().faults(delay_before_ms=1000)
        self.start()
        old = self.serial()
        answers = []
        connection = self.connect()
        thread = threading.Thread(
            target=lambda: answers.append(
                self.request(connection, "POST", "/orders", order_body(), order_headers("k1"))
            )
        )
        thread.start()
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.authority.issue("shop", "shop.test")
        self.assertEqual(self.serial(), old)
        self.assertEqual(self.standin.reload(), "")
        self.assertNotEqual(self.serial(), old)
        thread.join()
        self.assertTrue(answers[0].json()["order"]["id"].startswith("ord_"))
        self.assertEqual(self.request(connection, "GET", "/nothing").status, 404)

    def test_a_broken_certificate_changes_nothing(self):
        self.start()
        old = self.serial()
        with open(self.shown[1], "w") as key:
            key.write("-----BEGIN PRIVATE KEY-----\nbroken\n-----END PRIVATE KEY-----\n")
        self.configuration.change("policy.default", floor_limit='{ USD = "60.00" }')
        self.standin.write_configuration()
        complaint = self.standin.reload()
        self.assertIn("standin.toml:2:", complaint)
        self.assertIn("shop.key' holds no private key", complaint)
        self.assertEqual(self.serial(), old)
        # Nor is anything else of the new configuration in force.
        self.assertEqual(self.standin.order("k1", 5000).status, 422)

    def test_a_reload_can_name_other_files(self):
        self.start()
        self.authority.issue("other", "shop.test", "other.test")
        self.listen('certificate = "other.pem", key = "other.key"')
        self.standin.write_configuration()
        self.assertEqual(self.standin.reload(), "")
        self.connect("other.test").close()

    def test_the_end_of_a_certificate_is_announced(self):
        self.authority.issue("shop", "shop.test", days=5)
        self.start()
        warned = eventually(lambda: self.standin.logged("certificate_expires"), "the log warns")
        self.assertIn("shop.pem', shown on 127.0.0.2:0, expires at 20", warned[0])
        left = self.standin.metric("standin_certificate_expiry_seconds", listener="127.0.0.2:0") - time.time()
        self.assertAlmostEqual(left, 5 * 86400, delta=600)
        self.assertNotIn(b"PRIVATE KEY", self.standin.written())

    def check(self, tls: str) -> subprocess.CompletedProcess:
        self.listen(tls)
        self.standin.prepare()
        return subprocess.run([BINARY, "check", self.standin.file], capture_output=True, text=True, timeout=PATIENCE)

    def test_check_says_what_is_wrong_with_a_certificate(self):
        self.authority.issue("other", "other.test")
        self.authority.issue("ending", "shop.test", days=3)
        wrong = self.check('certificate = "shop.pem", key = "other.key"')
        self.assertEqual(wrong.returncode, 2)
        self.assertRegex(wrong.stderr, r"standin\.toml:2:\d+: '.*other\.key' is not the key of the first certificate")
        self.assertIn("there is no such file", self.check('certificate = "none.pem", key = "shop.key"').stderr)
        self.assertIn("needs 'client_ca'", self.check('certificate = "shop.pem", key = "shop.key", client_certificates = "required"').stderr)
        self.assertIn("names the files 'certificate' and 'key'", self.check('certificate = "shop.pem"').stderr)
        good = self.check('certificate = "ending.pem", key = "ending.key"')
        self.assertEqual(good.returncode, 0, good.stderr)
        self.assertIn("warning: the certificate in", good.stderr)

    # --- certificates of clients, and ours for an upstream ------------------------------------------------------------

    def test_who_shows_no_certificate_is_refused_where_one_is_required(self):
        known = self.authority.issue("client", "client.test")
        stranger = Authority(self.folder, "another").issue("stranger", "client.test")
        self.start('certificate = "shop.pem", key = "shop.key", client_ca = "authority.pem", client_certificates = "required"')
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(minimum_version=version, maximum_version=version)
            for shown in (None, stranger):
                if shown:
                    context.load_cert_chain(*shown)
                with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                    self.request(self.connect(context=context), "GET", "/nothing")
            context = self.context(minimum_version=version, maximum_version=version)
            context.load_cert_chain(*known)
            self.assertNotEqual(self.request(self.connect(context=context), "GET", "/nothing").status, 0)

    def upstream_that_wants(self, version: ssl.TLSVersion) -> list[bytes]:
        """A server under TLS that wants a certificate; what it was sent."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = version
        context.load_cert_chain(*self.authority.issue("upstream", "localhost"))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.authority.file)
        heard: list[bytes] = []

        def serve(wire: Wire) -> None:
            try:
                connection = context.wrap_socket(wire.connection, server_side=True)
            except (ssl.SSLError, OSError):
                return
            with connection:
                wire = Wire(connection)
                heard.append(wire.until(b"\r\n\r\n"))
                wire.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        origin = self.origin(serve)
        self.configuration.change("upstream.pages", targets=f'["https://localhost:{origin.port}"]')
        return heard

    def test_our_own_certificate_is_shown_to_an_upstream_that_wants_one(self):
        heard = self.upstream_that_wants(ssl.TLSVersion.TLSv1_3)
        self.authority.issue("ours", "standin.test")
        self.configuration.change(
            "upstream.pages", tls='{ ca_file = "authority.pem", certificate = "ours.pem", key = "ours.key" }'
        )
        self.start()
        self.assertEqual(self.request(self.connect(), "GET", "/x").status, 204)
        self.assertTrue(heard[0].startswith(b"GET /x "))

    def test_an_upstream_that_wants_one_that_we_have_not_gets_nothing(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            heard = self.upstream_that_wants(version)
            self.configuration.change("upstream.pages", tls='{ ca_file = "authority.pem" }')
            self.start()
            self.assertIn(self.request(self.connect(), "POST", "/x", b"order").status, (502, 503))
            self.assertEqual(heard, [])
            self.standin.kill()

    # --- what works in clear ------------------------------------------------------------------------------------------

    def test_large_bodies_stream_both_ways(self):
        piece = bytes(range(256)) * 256
        body = piece * (LARGE // len(piece))
        digests = []

        def serve(wire: Wire) -> None:
            wire.until(b"\r\n\r\n")
            digests.append(wire.digest(LARGE))
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
            wire.send(body)

        origin = self.origin(serve)
        self.start()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            connection = self.connect(context=self.context(minimum_version=version, maximum_version=version))
            connection.sendall(b"PUT /x HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n\r\n" % LARGE)
            connection.sendall(body)
            client = Wire(connection)
            self.assertTrue(client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 "))
            self.assertEqual(client.digest(LARGE), hashlib.sha256(body).hexdigest())
        self.assertEqual((digests, origin.failures), ([hashlib.sha256(body).hexdigest()] * 2, []))

    def test_a_large_answer_waits_for_a_slow_reader_and_others_do_not(self):
        def serve(wire: Wire) -> None:
            if wire.until(b"\r\n\r\n").startswith(b"GET /small "):
                return wire.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
            wire.send(bytes(LARGE))

        self.origin(serve)
        self.start()
        slow = self.client()
        slow.send(b"GET /large HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        self.assertEqual(at_once(8, lambda _: self.request(self.connect(), "GET", "/small").status), [204] * 8)
        slow.until(b"\r\n\r\n")
        self.assertEqual(slow.digest(LARGE), hashlib.sha256(bytes(LARGE)).hexdigest())

    def test_a_tunnel_carries_both_directions_until_each_has_ended(self):
        def serve(wire: Wire) -> None:
            assert b"\r\nUpgrade: websocket\r\n" in wire.until(b"\r\n\r\n")
            wire.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Accept: s\r\n\r\nfirst"
            )
            wire.until(b"second")
            wire.send(b"third")
            assert wire.ends() == b"last"
            wire.connection.shutdown(socket.SHUT_WR)

        origin = self.origin(serve)
        self.start()
        connection = self.connect()
        client = Wire(connection)
        client.send(b"GET /socket HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        client.until(b"first")
        client.send(b"second")
        client.until(b"third")
        client.send(b"last")
        connection.unwrap()  # our goodbye, and then standin's
        eventually(lambda: self.standin.metric("standin_requests_in_flight") == 0, "the tunnel is over")
        self.assertEqual(origin.failures, [])

    def test_an_answer_without_a_length_ends_with_a_goodbye_or_is_cut_off(self):
        whole = threading.Event()

        def serve(wire: Wire) -> None:
            is_whole = wire.until(b"\r\n\r\n").startswith(b"GET /whole ")
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            if is_whole:
                wire.send(b"0\r\n\r\n")
            whole.set()

        self.origin(serve)
        self.start()
        connection = self.connect()
        connection.sendall(b"GET /whole HTTP/1.0\r\n\r\n")
        self.assertTrue(Wire(connection).ends().endswith(b"hello"))
        connection = self.connect()
        connection.suppress_ragged_eofs = False
        connection.sendall(b"GET /cut HTTP/1.0\r\n\r\n")
        with self.assertRaises((ssl.SSLEOFError, ConnectionResetError)):
            while connection.recv(65536):
                pass

    def test_a_stop_answers_what_is_under_way(self):
        self.shop.start().faults(delay_before_ms=1000)
        self.start()
        idle = self.connect()
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(
                self.request(self.connect(), "POST", "/orders", order_body(), order_headers("k1"))
            )
        )
        thread.start()
        eventually(lambda: self.standin.metric("standin_target_in_flight"), "the forward is under way")
        self.standin.send(signal.SIGTERM)
        self.assertEqual(idle.recv(1), b"")
        thread.join()
        self.assertEqual(answers[0].status, 201)
        self.assertEqual(answers[0].header("Connection").lower(), "close")
        self.assertEqual(self.standin.wait(), 0)
