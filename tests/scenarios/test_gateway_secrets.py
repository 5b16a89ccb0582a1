"""A whole day at the till leaves no card number, security code, PIN or key anywhere: what was written and what was shown is read."""
import base64
import hashlib
import json
import os
import signal

from gateways import Gateway, TillScenario, sale_body
from harness import ask, eventually, reset

# Long enough not to come about by chance among random bytes.
SOURCE_KEY, PIN = "srckey9fQ2mLwX7vTb", "4821960735"
OTHER_KEY = "srckeyNoPinH3kd82Jx"
API_KEY, SERVICE_KEY = "sk_test_8sJq2LwRz7Kd", "sk_test_Vm41xTq9Lb3c"
CARDS = ("4000100011112224", "4000300611112224", "5555555555554444", "378282246310005", "4242424242424242")
SECURITY_CODES = ("83129075", "64190283")
CARDHOLDERS_PIN = "A1B2C3D4E5F60718"
TRACK = "%B4000100111112223^DOE/JO^30121010000000000"
SECRETS = CARDS + SECURITY_CODES + ("4000100111112223", PIN, SOURCE_KEY, OTHER_KEY, API_KEY, SERVICE_KEY, CARDHOLDERS_PIN)


def forms(secret: str) -> set[bytes]:
    """As it might be written down: plain, in groups, in hexadecimal, percent-encoded, in base64 at any place of a text."""
    plain = secret.encode()
    found = {plain, plain[::-1], secret.encode("utf-16-le"), plain.hex().encode(), plain.hex().upper().encode()}
    found |= {joint.join(secret[at : at + 4] for at in range(0, len(secret), 4)).encode() for joint in (" ", "-")}
    found.add("".join(f"%{byte:02x}" for byte in plain).encode())
    found.add("".join(f"%{byte:02X}" for byte in plain).encode())
    found.add(plain.hex(" ").encode())
    for before in range(3):
        # The characters at both ends also depend on what stands beside it.
        encoded = base64.b64encode(b"\0" * before + plain)
        inner = encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


class Secrets(TillScenario):
    def setUp(self):
        super().setUp()
        self.gateway.kill()
        self.gateway.start("--key", f"{SOURCE_KEY},pin={PIN},duplicates=fold,window=600", "--key", OTHER_KEY)
        self.backup = self.child(Gateway(self.folder, 1, "backup")).start()
        self.write_secret("cardgate.keys", f"{SOURCE_KEY} {PIN}\n")
        self.write_secret("backupgate.keys", SERVICE_KEY + "\n")
        self.configuration.add_backup(f"http://127.0.0.1:{self.backup.ports[0]}").stand_in(undelivered='"reverse"')
        self.configuration.change("route.payments", name='"payments"', match='"/v1/*"', dialect='"stripe"', upstream='"backupgate"',
                                  stand_in='{ policy = "till" }', idempotency='"journalled"', key='"Idempotency-Key"', deadline='"3s"')
        self.given = {name for name in os.listdir(self.folder) if name.endswith(".keys")}

    def pay(self, invoice: str, amount: str = "25.00", **fields: str) -> dict[str, str]:
        digest = hashlib.sha1(f"cc:sale:{PIN}:{amount}:{invoice}:seed".encode()).hexdigest()
        signed = {"UMkey": SOURCE_KEY, "UMhash": f"s/seed/{digest}/n", "UMamount": amount, "UMcvv2": SECURITY_CODES[0]}
        return self.sale(invoice, **(signed | fields))

    def stripe(self, method: str, path: str, key: str, body: str = ""):
        headers = {"Authorization": "Bearer " + API_KEY, "Idempotency-Key": key, "Content-Type": "application/x-www-form-urlencoded"}
        return ask(self.standin.port, method, "/v1/" + path, body.encode(), headers)

    def a_whole_day(self) -> None:
        written_out = f"payment_method_data[type]=card&payment_method_data[card][number]={CARDS[4]}&payment_method_data[card][exp_month]=12&" \
                      f"payment_method_data[card][exp_year]=2030&payment_method_data[card][cvc]={SECURITY_CODES[1]}"
        intent = f"amount=1999&currency=usd&confirm=true&metadata[order_id]={CARDS[4]}&" + written_out
        self.standin.start()
        # Healthy: approved, declined, refused, and what cannot be read.
        self.assert_approved(self.pay("healthy"))
        self.pay("declined", UMcard=CARDS[1])
        self.pay("track", UMcard="", UMmagstripe=TRACK, UMpinblock=CARDHOLDERS_PIN)
        self.pay("wrong hash", UMhash="s/seed/00/n")
        self.pay("odd", UMorderid=CARDS[2], UMcustid=CARDS[3], UMname=CARDS[0], UMcustom1=SECURITY_CODES[0])
        self.send(sale_body(UMamount=CARDS[0]))
        self.send(sale_body(UMkey=SOURCE_KEY) + b"&UMcard=" + CARDS[2].encode() + b"&UMcvv2=" + SECURITY_CODES[0].encode() + b"%")
        self.send(f"{CARDS[0]}={CARDS[0]}&{CARDS[0]}=1&{SOURCE_KEY}=2&{SOURCE_KEY}=3".encode())
        self.send(sale_body(UMkey=SOURCE_KEY), **{CARDS[0]: SECURITY_CODES[0], "X_Request_Id": CARDS[0]})
        ask(self.standin.port, "POST", f"/gate?UMcard={CARDS[0]}&UMkey={SOURCE_KEY}", b"")
        ask(self.standin.port, "GET", f"/{CARDS[0]}/{SOURCE_KEY}")
        self.stripe("POST", "payment_intents", "k1", intent)
        self.stripe("POST", "charges", CARDS[0], f"amount={CARDS[0]}&currency=usd&source=tok_visa")
        self.stripe("GET", f"charges/{CARDS[0]}", "k2")
        # The first location loses its answer, the second party takes what was not sent, then both are gone.
        self.gateway.faults({"fault": "reset", "at": "after"})
        self.assert_stood_in_for(self.pay("lost"))
        self.assertEqual(self.pay("lost and told no", "150.00")["UMresult"], "D")
        self.gateway.gone()
        self.assert_approved(self.pay("at the second", UMcard=CARDS[2]))
        self.backup.gone()
        for number, card in enumerate(CARDS):
            self.assert_stood_in_for(self.pay(f"n{number}", UMcard=card, UMorderid=card, UMcustid=card))
        self.assert_stood_in_for(self.sale("no pin", UMkey=OTHER_KEY, UMcvv2=SECURITY_CODES[1]))
        self.assert_stood_in_for(self.pay("track gone", UMcard="", UMmagstripe=TRACK, UMpinblock=CARDHOLDERS_PIN))
        self.pay("too much", "100.01")
        self.send(sale_body(UMamount=CARDS[0]))
        self.stripe("POST", "payment_intents", "k3", intent)
        self.stripe("POST", "payment_intents", "k3", intent + "&description=other")
        self.leave()

    def leave(self) -> None:
        digest = hashlib.sha1(f"cc:sale:{PIN}:25.00:gone:seed".encode()).hexdigest()
        before = len(self.standin.orders())
        connection = self.send_and_keep(sale_body("gone", UMkey=SOURCE_KEY, UMhash=f"s/seed/{digest}/n", UMcvv2=SECURITY_CODES[0]))
        eventually(lambda: len(self.standin.orders()) > before, "it is committed")
        reset(connection)

    def shown(self) -> bytes:
        """What monitoring and operators are shown."""
        shown = self.standin.metrics_text().encode()
        for target in ("orders?limit=1000&shadow=true", "followups?all=true", "upstreams", "replay", "health", "exposure", "modes"):
            shown += self.standin.api("GET", target).body
        shown += b"".join(self.standin.api("GET", "orders/" + order["id"]).body for order in self.standin.orders())
        for verb in (("orders", "list"), ("upstreams",), ("replay",), ("followups", "list")):
            done = self.standin.verb(*verb)
            shown += done.stdout.encode() + done.stderr.encode()
        return shown

    def assert_nowhere(self, where: bytes, what: str) -> None:
        for secret in SECRETS:
            for form in forms(secret):
                if form in where:
                    at = where.index(form)
                    self.fail(f"{secret} in {what}: {where[max(0, at - 80) : at + 80]!r}")

    def assert_nothing_secret_was_written(self) -> None:
        for folder, _, names in os.walk(self.folder):
            for name in set(names) - self.given:
                # Another party's books show its own merchants, and the references that these chose.
                if not name.startswith(("gateway", "backup")) and not name.endswith(".sock"):
                    with open(os.path.join(folder, name), "rb") as file:
                        self.assert_nowhere(file.read(), name)

    def test_a_whole_day_leaves_no_secret_in_clear(self):
        self.a_whole_day()
        self.assert_nowhere(self.shown(), "what is shown during the outage")
        self.assert_nothing_secret_was_written()
        with open(f"/proc/{self.standin.process.pid}/limits") as file:
            core = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])
        self.gateway.faults()
        self.backup.faults()
        self.standin.replay()
        eventually(lambda: not self.standin.states().keys() & {"accepted", "replaying", "cancelling"}, "all is delivered")
        self.assert_nowhere(self.shown(), "what is shown after the replay")
        self.standin.kill()
        self.assert_nothing_secret_was_written()
        self.standin.start()
        self.standin.send(signal.SIGTERM)
        self.assertEqual(self.standin.wait(), 0)
        self.assert_nothing_secret_was_written()
        names = os.listdir(self.folder)
        self.assertTrue({"standin.err", "access.log", "journal.db"} <= set(names), names)
        self.assertEqual([name for name in names if name.startswith("core")], [])

    def test_the_search_for_secrets_finds_them(self):
        for form in (b"x" + SOURCE_KEY.encode(), base64.b64encode(b"ab" + PIN.encode() + b"c"), CARDS[0].encode().hex().encode(),
                     base64.b64encode(json.dumps({"card": CARDS[0]}).encode())):
            with self.assertRaises(AssertionError):
                self.assert_nowhere(form, "a text that has one")
