"""The plain parts of a front door: pages stay up when the site is down, by what was kept or by files; redirects."""
import http.server
import json
import os
import subprocess
import threading

from harness import BINARY, PATIENCE, Scenario, ask, at_once, eventually

MEBIBYTE = 1024 * 1024


class Site:
    """A web site on one port: `pages` says what each path answers. It can be taken down, and come back."""

    def __init__(self):
        self.pages: dict = {}  # path -> (status, fields, body), or a function of the request that returns it
        self.seen: list = []  # (method, path, headers)
        self.server, self.port = None, 0
        self.up()

    def up(self) -> None:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                self.rfile.read(length)
                site.seen.append((self.command, self.path, dict(self.headers)))
                page = site.pages.get(self.path.split("?")[0], (404, {}, b"nothing here"))
                status, fields, body = page(self) if callable(page) else page
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD" and status != 304:
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = answer

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            request_queue_size = 128
            daemon_threads = True
            open_connections: list = []

            def process_request(self, request, client_address):
                self.open_connections.append(request)
                super().process_request(request, client_address)

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.open_connections = []
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def down(self) -> None:
        if self.server is None:
            return
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.open_connections:
            try:
                connection.shutdown(2)
            except OSError:
                pass
        self.server = None

    def count(self, path: str) -> int:
        return sum(1 for _, seen, _ in self.seen if seen == path)


class FrontDoor(Scenario):
    def setUp(self):
        super().setUp()
        self.site = Site()
        self.addCleanup(self.site.down)
        self.configuration.change("upstream.shop", targets=f'["http://127.0.0.1:{self.site.port}"]')
        self.configuration.change("route.rest", cache='{ fresh = "60s", stale_if_error = "7d", size = "16MiB" }')

    def get(self, target: str, method: str = "GET", **headers: str):
        return ask(self.standin.port, method, target, None, {k.replace("_", "-"): v for k, v in headers.items()})

    def raw(self, target: str) -> bytes:
        connection = self.standin.connect()
        self.addCleanup(connection.close)
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer

    def write(self, name: str, content: bytes) -> None:
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def logged(self, **wanted) -> list[dict]:
        path = os.path.join(self.folder, "access.log")
        with open(path) as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return [line for line in lines if wanted.items() <= line.items()]

    def test_pages_stay_up_while_the_site_is_down_and_follow_it_when_it_is_back(self):
        self.configuration.change("route.rest", cache='{ fresh = "0s", stale_if_error = "7d" }')
        self.site.pages["/page"] = (200, {"ETag": '"1"', "Content-Type": "text/html"}, b"<h1>shop</h1>")
        self.site.pages["/large"] = (200, {"Last-Modified": "Sun, 22 Nov 2026 03:04:05 GMT"}, b"x" * 300_000)
        self.standin.start()
        self.assertEqual(self.get("/page").body, b"<h1>shop</h1>")
        self.assertEqual(len(self.get("/large").body), 300_000)
        self.site.down()
        for _ in range(3):
            answer = self.get("/page")
            self.assertEqual((answer.status, answer.body), (200, b"<h1>shop</h1>"))
            self.assertIn("stale-if-error", answer.header("Cache-Status"))
            self.assertEqual(answer.header("Content-Type"), "text/html")
        self.assertEqual(self.get("/page", Cache_Control="no-cache").status, 200)
        self.assertEqual(self.get("/page", If_None_Match='"1"').status, 304)
        self.assertEqual(self.get("/page", "HEAD").status, 200)
        self.assertEqual(self.get("/large").body, b"x" * 300_000)
        self.assertEqual(self.get("/never-seen").status, 502)
        self.assertGreater(self.standin.metric("standin_cache_requests_total", route="rest", cache="stale_if_error"), 3)
        self.assertGreater(self.standin.metric("standin_cache_bytes", route="rest"), 300_000)
        self.assertTrue(eventually(lambda: self.logged(cache="stale_if_error", answered="cached"), "it is logged"))
        self.site.pages["/page"] = (200, {"ETag": '"2"'}, b"<h1>new</h1>")
        self.site.up()
        eventually(lambda: self.get("/page").body == b"<h1>new</h1>", "the new page is shown")

    def test_what_is_fresh_is_given_without_asking_and_a_change_is_seen(self):
        self.site.pages["/page"] = (200, {}, b"one")
        self.standin.start()
        self.get("/page")
        for _ in range(20):
            answer = self.get("/page")
            self.assertEqual(answer.body, b"one")
            self.assertIn("hit", answer.header("Cache-Status"))
            self.assertTrue(answer.header("Age").isdigit())
        self.assertEqual(self.site.count("/page"), 1)
        self.site.pages["/page"] = (200, {}, b"two")
        self.assertEqual(ask(self.standin.port, "POST", "/page", b"x").status, 200)
        self.assertEqual(self.get("/page").body, b"two")
        self.assertEqual(self.standin.metric("standin_cache_requests_total", route="rest", cache="hit"), 20)

    def test_a_visitors_own_page_is_no_one_elses(self):
        self.site.pages["/account"] = lambda request: (200, {}, request.headers.get("Cookie", "nobody").encode())
        self.site.pages["/login"] = (200, {"Set-Cookie": "session=1"}, b"welcome")
        self.standin.start()
        self.assertEqual(self.get("/account", Cookie="me").body, b"me")
        self.assertEqual(self.get("/account", Cookie="you").body, b"you")
        for _ in range(2):
            self.assertEqual(self.get("/login").header("Set-Cookie"), "session=1")
        self.assertEqual(self.site.count("/login"), 2)

    def test_a_stale_page_is_refreshed_behind_the_visitors_back_once(self):
        self.configuration.change("route.rest", cache='{ fresh = "0s", stale_while_revalidate = "60s" }')
        slow = threading.Event()

        def page(request):
            if self.site.count("/page") > 1:
                slow.wait(PATIENCE)
                return 200, {"ETag": '"2"'}, b"two"
            return 200, {"ETag": '"1"'}, b"one"

        self.site.pages["/page"] = page
        self.standin.start()
        self.get("/page")
        answers = at_once(10, lambda number: self.get("/page"))
        self.assertEqual({answer.body for answer in answers}, {b"one"})
        eventually(lambda: self.site.count("/page") == 2, "one refresh is under way")
        slow.set()
        eventually(lambda: self.get("/page").body == b"two", "it has come")

    def test_clients_who_come_at_once_are_answered_alike(self):
        self.site.pages["/page"] = (200, {"ETag": '"1"'}, b"x" * 200_000)
        self.standin.start()
        for _ in range(2):
            answers = at_once(16, lambda number: self.get("/page"))
            self.assertEqual({(answer.status, answer.body) for answer in answers}, {(200, b"x" * 200_000)})
        self.assertLessEqual(self.site.count("/page"), 16)

    def test_ten_mebibytes_pass_and_are_not_kept(self):
        self.site.pages["/film"] = (200, {"ETag": '"1"'}, b"x" * 10 * MEBIBYTE)
        self.standin.start()
        for _ in range(2):
            self.assertEqual(len(self.get("/film").body), 10 * MEBIBYTE)
        self.assertEqual(self.site.count("/film"), 2)
        self.assertEqual(self.get("/film", If_None_Match='"1"').status, 304)
        self.assertEqual(self.standin.metric("standin_cache_answers", route="rest"), 0)

    def test_a_reload_keeps_what_is_kept_unless_the_cache_was_changed(self):
        self.site.pages["/page"] = (200, {}, b"one")
        self.standin.start()
        self.get("/page")
        self.configuration.change("route.rest", deadline='"5s"')
        self.standin.write_configuration()
        self.assertEqual(self.standin.reload(), "")
        self.get("/page")
        self.assertEqual(self.site.count("/page"), 1)
        self.configuration.change("route.rest", cache='{ fresh = "61s" }')
        self.standin.write_configuration()
        self.assertEqual(self.standin.reload(), "")
        eventually(lambda: (self.get("/page"), self.site.count("/page"))[1] == 2, "the new cache is in use")

    def test_files_answer_in_the_sites_place_and_nothing_outside_their_folder(self):
        self.configuration.change("route.rest", cache=None, fallback_files='"closed"', outage_page='"outage.html"')
        self.write("outage.html", b"outage")
        self.write("secret.txt", b"root:x:0")
        self.write("closed/index.html", b"<h1>back soon</h1>")
        self.write("closed/css/style.css", b"body {}")
        self.write("closed/.htaccess", b"root:x:0")
        self.write("closed/large.bin", b"l" * 3 * MEBIBYTE)
        os.symlink(os.path.join(self.folder, "secret.txt"), os.path.join(self.folder, "closed/link.txt"))
        os.symlink(self.folder, os.path.join(self.folder, "closed/up"))
        self.site.pages["/"] = (200, {}, b"open")
        self.standin.start()
        self.assertEqual(self.get("/").body, b"open")
        self.site.down()
        answer = self.get("/")
        self.assertEqual((answer.status, answer.body), (200, b"<h1>back soon</h1>"))
        self.assertIn("fallback-file", answer.header("Cache-Status"))
        self.assertEqual(answer.header("Cache-Control"), "no-cache")
        self.assertEqual(self.get("/css/style.css").header("Content-Type"), "text/css; charset=utf-8")
        self.assertEqual(self.get("/", If_None_Match=answer.header("ETag")).status, 304)
        self.assertEqual(self.get("/large.bin").body, b"l" * 3 * MEBIBYTE)
        head = self.get("/large.bin", "HEAD")
        self.assertEqual((head.header("Content-Length"), head.body), (str(3 * MEBIBYTE), b""))
        for target in (
            "/../secret.txt", "/%2e%2e/secret.txt", "/.%2e/secret.txt", "/..%2fsecret.txt", "/css/../../secret.txt",
            "/css/..%5c..%5csecret.txt", "//etc/passwd", "/%2fetc/passwd", "/.htaccess", "/%2ehtaccess", "/link.txt",
            "/up/secret.txt", "/secret.txt%00.html", "/css/%c0%ae%c0%ae/%c0%ae%c0%ae/secret.txt", "/\\..\\secret.txt",
        ):
            with self.subTest(target):
                answer = self.raw(target)
                self.assertNotIn(b"root:", answer)
                self.assertTrue(answer.startswith((b"HTTP/1.1 503 ", b"HTTP/1.1 400 ")), answer[:100])
        self.assertEqual(ask(self.standin.port, "POST", "/", b"x").status, 503)
        self.assertEqual(self.standin.metric("standin_requests_total", route="rest", answered="fallback"), 5)

    def test_everything_is_redirected_but_what_proves_who_we_are(self):
        self.configuration.change("route.rest", name='"acme"', match='"/.well-known/acme-challenge/*"', cache=None)
        self.configuration.change(
            "route.https", name='"https"', match='"*"', redirect='"https://{host}{target}"'
        )
        self.site.pages["/.well-known/acme-challenge/token"] = (200, {}, b"token.key")
        self.standin.start()
        self.assertEqual(self.get("/.well-known/acme-challenge/token").body, b"token.key")
        for method, target in (("GET", "/a?b=[c]"), ("POST", "/pay"), ("HEAD", "/")):
            answer = ask(self.standin.port, method, target, b"x" * 10 if method == "POST" else None, {"Host": "shop.example:8080"})
            self.assertEqual((answer.status, answer.header("Location")), (308, "https://shop.example" + target))
        self.configuration.change("server", trusted_proxies='["127.0.0.1"]')
        self.standin.write_configuration()
        self.assertEqual(self.standin.reload(), "")
        came_under_tls = lambda: ask(self.standin.port, "GET", "/", None, {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"})
        eventually(lambda: came_under_tls().status == 404, "who came under TLS is not sent there again")
        answer = self.raw('//evil.example/"')
        self.assertIn(b"\r\nLocation: https://shop//evil.example/%22\r\n", answer)
        self.assertGreaterEqual(self.standin.metric("standin_requests_total", route="https", answered="redirected"), 4)

    def test_check_tells_what_would_become_of_a_request(self):
        self.configuration.change("route.rest", fallback_files='"closed"')
        self.configuration.change("route.old", name='"old"', match='"/old/*"', redirect='"https://{host}{target}"', redirect_status="301")
        self.write("closed/page", b"x")
        self.write("get.http", b"GET /page HTTP/1.1\nHost: shop\n\n")
        self.write("post.http", b"POST /page HTTP/1.1\nHost: shop\n\n")
        self.write("old.http", b"GET /old/page HTTP/1.1\nHost: shop\n\n")
        self.standin.prepare()

        def check(name: str) -> str:
            done = subprocess.run(
                [BINARY, "check", self.standin.file, "--request", os.path.join(self.folder, name)],
                capture_output=True, text=True, timeout=PATIENCE,
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        self.assertIn("cache: answered from it", check("get.http"))
        self.assertIn("a file of", check("get.http"))
        self.assertIn("cache: passed by (method)", check("post.http"))
        self.assertIn("redirected with 301 to https://shop/old/page", check("old.http"))
