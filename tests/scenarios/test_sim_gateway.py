"""The simulated gateway as its clients meet it: a real process, several locations, one ledger."""
import base64
import hashlib
import http.client
import json
import os
import sqlite3
import unittest

import harness
from gateways import CARD, Gateway, fields_of
from harness import ask, at_once


class SimulatedGateway(harness.Scenario):
    def setUp(self):
        super().setUp()
        self.gateway = self.child(Gateway(self.folder)).start()

    def test_every_location_writes_one_ledger(self):
        first, second = self.gateway.gate(1, UMinvoice="1"), self.gateway.gate(2, UMinvoice="2")
        self.assertEqual(first.header("Content-Type"), "text/html")
        self.assertEqual(int(first.header("Content-Length")), len(first.body))
        self.assertNotIn(b"\n", first.body)
        self.assertEqual(fields_of(first)["UMresult"], "A")
        rows = self.gateway.control("GET", "ledger")["payments"]
        self.assertEqual([(row["invoice"], row["location"]) for row in rows], [("1", 1), ("2", 2)])
        self.assertEqual(rows[1]["refnum"], fields_of(second)["UMrefNum"])
        self.assertEqual(ask(self.gateway.ports[1], "GET", "/ping").body, b"UP:ca501")

    def test_a_location_that_is_gone_refuses_until_it_is_back(self):
        self.gateway.faults({"fault": "refuse", "location": 1})
        with self.assertRaises(ConnectionRefusedError):
            self.gateway.gate(1)
        self.assertEqual(fields_of(self.gateway.gate(2))["UMresult"], "A")
        self.gateway.faults()
        self.assertEqual(fields_of(self.gateway.gate(1))["UMresult"], "A")

    def test_a_lost_answer_leaves_its_charge_in_the_ledger(self):
        self.gateway.faults({"fault": "reset", "at": "after", "count": 1}, {"fault": "truncate", "count": 1})
        with self.assertRaises(ConnectionResetError):
            self.gateway.gate(1, UMkey="sandbox-fold")
        with self.assertRaises(http.client.IncompleteRead):
            self.gateway.gate(1, UMkey="sandbox-fold", UMinvoice="2")
        again = fields_of(self.gateway.gate(2, UMkey="sandbox-fold"))
        self.assertEqual(again["UMisDuplicate"], "Y")
        self.assertEqual(self.gateway.standing(), 2)

    def test_a_hang_before_the_ledger_charges_nothing(self):
        self.gateway.faults({"fault": "hang"})
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.ports[0], timeout=0.3)
        connection.request("POST", "/gate", f"UMkey=sandbox&UMamount=1&UMexpir=1230&UMcard={CARD}")
        with self.assertRaises(TimeoutError):
            connection.getresponse()
        connection.close()
        self.assertEqual(self.gateway.standing(), 0)

    def test_one_key_at_once_charges_once(self):
        self.gateway.control("PUT", "settings", {"response_times": ["constant:50"]})
        order = {"amount": 1999, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
        answers = at_once(8, lambda _: self.gateway.stripe("POST", "payment_intents", "k1", **order))
        self.assertEqual({answer.status for answer in answers} - {200, 409}, set())
        self.assertIn(200, [answer.status for answer in answers])
        self.assertEqual(self.gateway.standing(), 1)
        repeat = self.gateway.stripe("POST", "payment_intents", "k1", **order)
        self.assertEqual(repeat.header("Idempotent-Replayed"), "true")

    def test_the_ledger_survives_sigkill(self):
        refnum = fields_of(self.gateway.gate(1, UMinvoice="1"))["UMrefNum"]
        charge = {"amount": 1999, "currency": "usd", "source": "tok_visa"}
        first = self.gateway.stripe("POST", "charges", "k1", **charge)
        self.gateway.kill()
        self.gateway.start()
        rows = self.gateway.control("GET", "ledger?refnum=" + refnum)["payments"]
        self.assertEqual(rows[0]["state"], "captured")
        self.assertEqual(self.gateway.stripe("POST", "charges", "k1", **charge).body, first.body)
        self.assertEqual(self.gateway.standing(), 2)

    def test_the_search_finds_what_was_charged(self):
        self.gateway.gate(1, UMinvoice="41")
        proof = hashlib.sha256(b"sandbox" + b"seed").hexdigest()
        token = base64.b64encode(f"sandbox:s2/seed/{proof}".encode()).decode()
        answer = ask(
            self.gateway.ports[1], "GET", "/api/v2/transactions?limit=5", headers={"Authorization": "Basic " + token}
        )
        found = answer.json()
        self.assertEqual((found["total"], found["data"][0]["invoice"]), ("1", "41"))
        self.assertRegex(found["data"][0]["created"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")

    def test_no_card_number_is_written_anywhere(self):
        self.gateway.gate(1, UMcvv2="9731", UMsaveCard="yes")
        self.gateway.gate(1, UMcard="4000300611112224")
        self.gateway.stripe("POST", "charges", amount=5, currency="usd", source="tok_visa")
        listing = json.dumps(self.gateway.control("GET", "ledger"))
        written = listing.encode()
        for name in os.listdir(self.folder):
            if name.startswith("gateway"):
                with open(os.path.join(self.folder, name), "rb") as file:
                    written += file.read()
        for number in (CARD, "4000300611112224", "4242424242424242"):
            self.assertNotIn(number.encode(), written)

    def test_hostile_bytes_end_nothing(self):
        bodies = [b"", b"=", b"%", b"UMkey=%ff%fe&UMcard=%00", b"&" * 10000, b"UMkey=sandbox&UMamount=" + b"9" * 5000]
        for body in bodies:
            for path in ("/gate", "/soap/gate", "/v1/charges", "/api/v2/transactions", "/_control/faults", "/v1/"):
                answer = ask(self.gateway.ports[0], "POST", path, body, {"Authorization": "Bearer sk_x"})
                self.assertGreaterEqual(answer.status, 200)
        for target in ("/v1/charges?created[gte]=x", "/v1/charges?%", "/v1//", "/api/v2/transactions?limit=%"):
            self.assertGreaterEqual(ask(self.gateway.ports[0], "GET", target).status, 400)
        self.assertEqual(self.gateway.standing(), 0)
        database = sqlite3.connect(self.gateway.ledger_file)
        self.assertEqual(database.execute("SELECT count(*) FROM payments").fetchone(), (0,))
        database.close()


if __name__ == "__main__":
    unittest.main()
