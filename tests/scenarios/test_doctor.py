"""`standin doctor` finds what is wrong with a target before an outage does: against a gateway of the test's own, with
certificates made on the spot."""
import json
import os
import resource
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import BINARY, PATIENCE, Scenario

DAY = 24 * 60 * 60


class Gateway:
    """Answers every GET as told; over TLS if it is given a certificate."""

    def __init__(self, certificate: tuple[str, str] | None = None):
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                gateway.asked.append(self.path)
                body = gateway.says.encode()
                self.send_response_only(gateway.status)
                self.send_header("Date", self.date_time_string(time.time() + gateway.seconds_ahead))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.says, self.status, self.seconds_ahead, self.asked = "UP:ca403", 200, 0, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            # A client that refuses the certificate is what is tested, not an error of the server's.
            self.server.handle_error = lambda *_: None
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Authority:
    """Signs certificates, by the openssl command."""

    def __init__(self, folder: str, name: str = "authority"):
        self.folder, self.name = folder, name
        self.file = os.path.join(folder, name + ".pem")
        self.run("req", "-x509", *self.new_key(name), "-days", "90", "-subj", f"/CN={name}.test", "-out", self.file)

    def run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=PATIENCE)

    @staticmethod
    def new_key(name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key"]

    def certificate(self, name: str, days: int = 60) -> tuple[str, str]:
        """(certificate, key) for a host; expired if `days` is negative."""
        alternative = f"subjectAltName=DNS:{name}"
        self.run("req", "-new", *self.new_key(name), "-subj", f"/CN={name}", "-addext", alternative, "-out", name + ".csr")
        signing = ["-CA", self.file, "-CAkey", self.name + ".key", "-copy_extensions", "copy"]
        self.run("x509", "-req", "-in", name + ".csr", *signing, "-days", str(days), "-out", name + ".pem")
        return os.path.join(self.folder, name + ".pem"), os.path.join(self.folder, name + ".key")


class Doctor(Scenario):
    def gateway(self, certificate: tuple[str, str] | None = None) -> Gateway:
        gateway = Gateway(certificate)
        self.addCleanup(gateway.stop)
        return gateway

    def configure(self, target: str, **more: str) -> None:
        """One target that is pinged, and no more connections than there may be files."""
        self.configuration.change("server", limits="{ connections = 100 }")
        patient = {"health": '{ path = "/ping", every = "20s", timeout = "10s" }', "timeouts": '{ connect = "10s" }'}
        self.configuration.change("upstream.shop", targets=f'["{target}"]', **patient, **more)
        self.standin.prepare()

    def verb(self, *arguments: str) -> subprocess.CompletedProcess:
        result = subprocess.run(
            [BINARY, "doctor", "-c", self.standin.file, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000)),
        )
        self.assertNotIn("Sanitizer", result.stderr)
        return result

    def diagnosis(self, status: int) -> dict:
        result = self.verb("--json")
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        found = json.loads(result.stdout)
        self.assertEqual(found["good"], status == 0)
        return found

    def check(self, what: str, status: int) -> dict:
        """The one check of that kind."""
        checks = [check for check in self.diagnosis(status)["checks"] if check["check"] == what]
        self.assertEqual(len(checks), 1, checks)
        return checks[0]

    def test_all_is_good(self):
        gateway = self.gateway()
        self.configure(f"http://127.0.0.1:{gateway.port}")
        found = self.diagnosis(0)
        verdicts = {check["check"]: check["verdict"] for check in found["checks"]}
        kinds = ("name", "tcp", "ping", "clock", "keys", "journal", "log", "files")
        self.assertEqual({kind: verdicts[kind] for kind in kinds}, dict.fromkeys(kinds, "good"))
        self.assertEqual(gateway.asked, ["/ping"])
        rule = {"to": "127.0.0.1", "port": gateway.port, "protocol": "tcp", "for": "127.0.0.1"}
        self.assertEqual(found["firewall"], [rule])

    def test_a_person_reads_what_a_program_reads(self):
        gateway = self.gateway()
        gateway.says = "DOWN:ca403"
        self.configure(f"http://127.0.0.1:{gateway.port}")
        result = self.verb()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(f"shop http://127.0.0.1:{gateway.port}", result.stdout)
        self.assertRegex(result.stdout, r"warning +ping .*DOWN:ca403.*location and cluster ca403")
        self.assertIn("-> planned maintenance", result.stdout)
        self.assertRegex(result.stdout, rf"tcp +127\.0\.0\.1 +{gateway.port}")
        self.assertIn("0 failed", result.stdout)

    def test_an_answer_that_is_no_ping_is_a_failure(self):
        gateway = self.gateway()
        gateway.says, gateway.status = "<html>login</html>", 200
        self.configure(f"http://127.0.0.1:{gateway.port}")
        check = self.check("ping", 1)
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("upstream.shop.health", check["advice"])

    def test_a_gateway_that_is_not_there(self):
        self.configure(f"http://127.0.0.1:{self.shop.port}")
        check = self.check("tcp", 1)
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("Connection refused", check["detail"])
        self.assertIn("nothing listens", check["advice"])

    def test_a_name_that_nobody_knows(self):
        self.configuration.change("dns", servers='["127.0.0.1:1"]')
        self.configure("http://www-01.gateway.invalid")
        check = self.check("name", 1)
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("cannot resolve www-01.gateway.invalid", check["detail"])
        self.assertIn("upstream.shop.addresses", check["advice"])

    def test_every_pinned_address_is_tested(self):
        gateway = self.gateway()
        pinned = '{ "www-01.gateway.test" = ["127.0.0.1", "127.0.0.2"] }'
        self.configure(f"http://www-01.gateway.test:{gateway.port}", addresses=pinned)
        found = self.diagnosis(1)
        verdicts = {check["detail"].split(":")[0]: check["verdict"] for check in found["checks"] if check["check"] == "tcp"}
        self.assertEqual(verdicts, {"127.0.0.1": "good", "127.0.0.2": "failed"})
        self.assertEqual([rule["to"] for rule in found["firewall"]], ["127.0.0.1", "127.0.0.2"])

    def test_a_certificate_that_is_trusted(self):
        authority = Authority(self.folder)
        gateway = self.gateway(authority.certificate("localhost"))
        self.configure(f"https://localhost:{gateway.port}", tls=f'{{ ca_file = "{authority.file}" }}')
        checks = [check for check in self.diagnosis_of_localhost() if check["check"] == "tls"]
        self.assertEqual([check["verdict"] for check in checks], ["good"])
        self.assertIn("CN=localhost, valid until", checks[0]["detail"])
        self.assertEqual(gateway.asked, ["/ping"])

    def diagnosis_of_localhost(self) -> list[dict]:
        """localhost may be ::1 too, where nobody listens: what was found at 127.0.0.1."""
        found = json.loads(self.verb("--json").stdout)
        return [check for check in found["checks"] if "[::1]" not in check["detail"]]

    def distrusted(self, gateway: Gateway, authority: Authority) -> dict:
        """The check of a certificate that is not trusted: nothing is asked over such a session."""
        self.configure(f"https://localhost:{gateway.port}", tls=f'{{ ca_file = "{authority.file}" }}')
        checks = [check for check in self.diagnosis_of_localhost() if check["check"] == "tls"]
        self.assertEqual([check["verdict"] for check in checks], ["failed"])
        self.assertEqual(self.verb().returncode, 1)
        self.assertEqual(gateway.asked, [])
        return checks[0]

    def test_a_certificate_that_expires_soon_is_a_warning(self):
        authority = Authority(self.folder)
        gateway = self.gateway(authority.certificate("localhost", days=20))
        self.configure(f"https://localhost:{gateway.port}", tls=f'{{ ca_file = "{authority.file}" }}')
        checks = [check for check in self.diagnosis_of_localhost() if check["check"] == "tls"]
        self.assertEqual([check["verdict"] for check in checks], ["warning"])
        self.assertRegex(checks[0]["advice"], r"expires in (19|20) days")

    def test_a_certificate_that_has_expired(self):
        authority = Authority(self.folder)
        check = self.distrusted(self.gateway(authority.certificate("localhost", days=-1)), authority)
        self.assertIn("certificate has expired", check["detail"])
        self.assertIn("renew", check["advice"])

    def test_a_certificate_for_another_name(self):
        authority = Authority(self.folder)
        check = self.distrusted(self.gateway(authority.certificate("elsewhere.test")), authority)
        self.assertIn("hostname mismatch", check["detail"])
        self.assertIn("CN=elsewhere.test", check["detail"])

    def test_a_certificate_of_an_unknown_authority(self):
        unknown = Authority(self.folder, "unknown")
        gateway = self.gateway(unknown.certificate("localhost"))
        check = self.distrusted(gateway, Authority(self.folder))
        self.assertIn("ca_file", check["advice"])

    def test_a_clock_that_is_off(self):
        gateway = self.gateway()
        self.configure(f"http://127.0.0.1:{gateway.port}")
        gateway.seconds_ahead = 30
        check = self.check("clock", 0)
        self.assertEqual(check["verdict"], "warning")
        self.assertRegex(check["detail"], r"(29|30|31) s ahead of")
        gateway.seconds_ahead = -DAY
        self.assertEqual(self.check("clock", 1)["verdict"], "failed")

    def test_a_key_file_that_others_may_read(self):
        self.configure(f"http://127.0.0.1:{self.gateway().port}")
        os.chmod(os.path.join(self.folder, "journal.keys"), 0o644)
        check = self.check("keys", 1)
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("chmod 600", check["advice"])

    def test_more_connections_than_files_may_be_opened(self):
        self.configure(f"http://127.0.0.1:{self.gateway().port}")
        self.configuration.change("server", limits="{ connections = 1000 }")
        self.standin.prepare()
        check = self.check("files", 1)
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("LimitNOFILE", check["advice"])

    def test_a_journal_folder_that_is_not_there(self):
        self.configure(f"http://127.0.0.1:{self.gateway().port}")
        self.configuration.change("journal", url='"sqlite:nowhere/journal.db"')
        self.standin.prepare()
        self.assertEqual(self.check("disk", 1)["verdict"], "failed")

    def test_a_key_file_that_is_not_the_journals(self):
        self.configure(f"http://127.0.0.1:{self.gateway().port}")
        self.assertIn("is not there yet", self.check("journal", 0)["detail"])
        self.standin.start()
        self.standin.order("k1")
        served = self.check("journal", 0)
        self.assertEqual(served["verdict"], "good")
        self.assertIn("was sealed with these keys", served["detail"])
        self.standin.kill()
        subprocess.run([BINARY, "keys", "new", self.folder + "/other.keys"], check=True, capture_output=True, timeout=PATIENCE)
        self.configuration.change("journal", key_file='"other.keys"')
        self.standin.prepare()
        check = self.check("journal", 1)
        self.assertEqual(check["verdict"], "failed")
        self.assertIn("sealed with other keys", check["detail"])
        self.assertIn("journal.key_file", check["advice"])

    def test_an_access_log_that_cannot_be_written(self):
        self.configure(f"http://127.0.0.1:{self.gateway().port}")
        self.configuration.change("log", access='"logs/of/today/access.log"')
        self.standin.prepare()
        self.assertEqual(self.check("log", 0)["verdict"], "good")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "logs")))
        self.configuration.change("log", access='"/dev/null/access.log"')
        self.standin.prepare()
        check = self.check("log", 1)
        self.assertEqual((check["verdict"], check["detail"]), ("failed", "/dev/null/access.log: Not a directory"))

    def test_a_wrong_configuration(self):
        self.configuration.change("server", lissten='"x"')
        self.standin.prepare()
        result = self.verb()
        self.assertEqual(result.returncode, 2)
        self.assertIn("lissten", result.stderr)
