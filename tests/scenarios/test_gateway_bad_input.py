"""What a till sends that cannot be read: the gateway's own business while it is up, the dialect's own error while it is not."""
from gateways import CARD, FORM, Gateway, TillScenario, fields_of, sale_body
from harness import ask, eventually

SALE = f"UMkey=sandbox&UMcommand=cc:sale&UMcard={CARD}&UMexpir=1230&UMinvoice=1".encode()

# A charge, were it not for what is wrong with it.
UNREADABLE = {
    "amount_with_separators": SALE + b"&UMamount=1,000.00",
    "amount_of_three_decimals": SALE + b"&UMamount=10.999",
    "negative_amount": SALE + b"&UMamount=-5",
    "amount_as_exponent": SALE + b"&UMamount=1e3",
    "amount_with_currency": SALE + b"&UMamount=%2410.00",
    "amount_with_two_points": SALE + b"&UMamount=1.0.0",
    "amount_of_a_point": SALE + b"&UMamount=.",
    "hexadecimal_amount": SALE + b"&UMamount=0x10",
    "no_amount": SALE,
    "empty_amount": SALE + b"&UMamount=",
    "amount_beyond_any_number": SALE + b"&UMamount=" + b"9" * 400,
    "card_number_for_an_amount": SALE + b"&UMamount=" + CARD.encode(),
    "no_card": SALE.replace(CARD.encode(), b"") + b"&UMamount=25.00",
    "card_that_fails_its_check": SALE.replace(CARD.encode(), b"4000100011112225") + b"&UMamount=25.00",
    "short_card": SALE.replace(CARD.encode(), b"4000") + b"&UMamount=25.00",
    "no_expiry": SALE.replace(b"1230", b"") + b"&UMamount=25.00",
    "expiry_in_month_13": SALE.replace(b"1230", b"1330") + b"&UMamount=25.00",
    "no_key": SALE.replace(b"UMkey=sandbox&", b"") + b"&UMamount=25.00",
    "half_a_track": SALE + b"&UMamount=25.00&UMmagstripe=%25B4000",
}

# Two readers may understand two things by these, so that standin promises nothing about them.
AMBIGUOUS = {
    "reference_of_control_characters": SALE.replace(b"UMinvoice=1", b"UMorderid=%00%0a") + b"&UMamount=25.00",
    "amount_twice": SALE + b"&UMamount=25.00&UMamount=1.00",
    "amount_twice_in_other_letters": SALE + b"&UMamount=25.00&umAMOUNT=1.00",
    "card_twice": SALE + b"&UMamount=25.00&UMcard=5555555555554444",
    "command_twice": SALE + b"&UMamount=25.00&UMcommand=void",
    "bad_percent_encoding": SALE + b"&UMamount=25.00&UMname=100%",
    "bad_percent_encoding_in_a_name": SALE + b"&UMamount=25.00&UM%zz=1",
    "no_form_but_json": b'{"UMkey":"sandbox","UMcommand":"cc:sale","UMamount":"25.00"}',
    "nothing": b"",
    "separators": b"&&&=&==",
    "any_bytes": bytes(range(256)),
}

NO_CHARGE = {
    "unknown_command": b"UMkey=sandbox&UMcommand=cc:frobnicate&UMamount=25.00&UMcard=" + CARD.encode() + b"&UMexpir=1230&UMinvoice=1",
    "a_check": b"UMkey=sandbox&UMcommand=check:sale&UMamount=25.00&UMrouting=011000015&UMaccount=1234567&UMinvoice=1",
    "saving_a_card": b"UMkey=sandbox&UMcommand=cc:save&UMexpir=1230&UMcard=" + CARD.encode(),
    "an_open_credit": b"UMkey=sandbox&UMcommand=cc:credit&UMamount=5.00&UMexpir=1230&UMinvoice=1&UMcard=" + CARD.encode(),
    "a_trial": SALE + b"&UMamount=25.00&UMtestmode=1",
    "an_answer_to_be_signed": SALE + b"&UMamount=25.00&UMhash=s%2Fseed%2F0000%2Fy",
    "capture_of_nothing": b"UMkey=sandbox&UMcommand=capture",
    "void_of_nothing_known": b"UMkey=sandbox&UMcommand=void&UMrefNum=132099999",
    "refund_of_words": b"UMkey=sandbox&UMcommand=refund&UMrefNum=%27%20OR%201%3D1&UMamount=1.00",
}


class BadInput(TillScenario):
    def refused_while_the_gateway_is_gone(self, bodies: dict[str, bytes]) -> None:
        self.gateway.gone()
        self.standin.start()
        for name, body in bodies.items():
            with self.subTest(name):
                answer = self.send(body)
                fields = fields_of(answer)
                self.assertEqual((answer.status, answer.header("Content-Type")), (200, "text/html"))
                self.assertEqual((fields["UMresult"], fields["UMstatus"], fields["UMrefNum"]), ("E", "Error", "0"))
                self.assertNotIn(CARD, answer.body.decode())
        self.nothing_is_stored()
        self.gateway.faults()
        self.standin.replay()
        self.assertEqual(self.gateway.payments(), [])

    def nothing_is_stored(self) -> None:
        eventually(lambda: not self.counts(), "no order is in the journal")
        self.assertEqual(self.standin.exposure(), 0)

    def test_an_unreadable_charge_is_refused_while_the_gateway_is_gone(self):
        self.refused_while_the_gateway_is_gone(UNREADABLE)

    def test_an_ambiguous_charge_is_refused_while_the_gateway_is_gone(self):
        self.refused_while_the_gateway_is_gone(AMBIGUOUS)

    def test_what_is_no_charge_is_refused_while_the_gateway_is_gone(self):
        self.refused_while_the_gateway_is_gone(NO_CHARGE)

    def test_an_unreadable_charge_gets_the_gateways_own_error_and_nothing_is_stored(self):
        self.standin.start()
        for name, body in UNREADABLE.items():
            with self.subTest(name):
                through = self.send(body)
                self.assertEqual(through.body, ask(self.gateway.ports[0], "POST", "/gate", body, {"Content-Type": FORM}).body)
                self.assertEqual(fields_of(through)["UMresult"], "E")
        self.assertEqual(self.gateway.payments(), [])
        self.nothing_is_stored()

    def test_an_ambiguous_charge_and_what_is_none_reach_the_gateway_as_they_are(self):
        listener = self.listened_to()
        self.standin.start()
        for name, body in (AMBIGUOUS | NO_CHARGE).items():
            with self.subTest(name):
                listener.forget()
                answer = self.send(body)
                self.assertEqual(listener.last_request()[1], body)
                self.assertEqual(listener.last_answer()[1], answer.body)
        self.nothing_is_stored()

    def test_another_content_type_or_method_or_query_is_no_charge(self):
        self.gateway.gone()
        self.standin.start()
        body = sale_body()
        for method, target, headers in (("POST", "/gate", {"Content-Type": "application/json"}),
                                        ("POST", "/gate?UMamount=1.00", {"Content-Type": FORM}),
                                        ("POST", "/gate", {"Content-Type": "multipart/form-data; boundary=x"})):
            with self.subTest(target=target, headers=headers):
                answer = ask(self.standin.port, method, target, body, headers)
                self.assertEqual(fields_of(answer)["UMresult"], "E")
        self.nothing_is_stored()

    def test_without_the_reference_that_the_route_wants(self):
        self.configuration.change("route.till", key_required="true")
        self.gateway.gone()
        self.standin.start()
        answer = self.sale("")
        self.assertEqual((answer["UMresult"], answer["UMerrorcode"]), ("E", "10129"))
        self.nothing_is_stored()

    def test_a_body_over_the_limit_and_a_flood_of_fields_end_nothing(self):
        self.configuration.change("server", limits='{ body = "64KiB" }')
        self.standin.start()
        self.assertEqual(self.send(SALE + b"&UMamount=25.00&UMdescription=" + b"x" * 70_000).status, 413)
        self.assertEqual(self.send(SALE + b"&UMamount=25.00" + b"&a" * 20_000).status, 200)
        self.assert_by_the_gateway(self.sale("after"))

    def test_the_second_party_is_not_asked_about_what_cannot_be_read(self):
        backup = self.child(Gateway(self.folder, 1, "backup")).start()
        self.configuration.add_backup(f"http://127.0.0.1:{backup.ports[0]}")
        self.refused_while_the_gateway_is_gone(UNREADABLE | AMBIGUOUS | NO_CHARGE)
        self.assertEqual(backup.payments(), [])


INTENT = "currency=usd&confirm=true&payment_method=pm_card_visa"
CHARGE = "currency=usd&source=tok_visa"

UNREADABLE_BY_STRIPE = {
    f"amount_{amount}": ("payment_intents", f"{INTENT}&amount={amount}")
    for amount in ("1,000.00", "10.999", "-5", "1e3", "", "0", "%20", "9" * 400, "+7", "0x10")
} | {
    "no_amount": ("charges", CHARGE),
    "amount_twice": ("charges", CHARGE + "&amount=1&amount=100"),
    "unknown_currency": ("charges", CHARGE.replace("usd", "xqq") + "&amount=100"),
    "bad_percent_encoding": ("charges", CHARGE + "&amount=100&description=100%"),
    "bad_percent_encoding_in_a_name": ("payment_intents", INTENT + "&amount=100&metadata%5=1"),
    "nothing_to_charge": ("charges", "currency=usd&amount=100"),
    "parameters_in_the_target": ("charges?amount=1", CHARGE + "&amount=100"),
    "no_form_but_json": ("charges", '{"amount": 100, "currency": "usd", "source": "tok_visa"}'),
    "not_confirmed": ("payment_intents", "currency=usd&amount=100&payment_method=pm_card_visa"),
    "an_unknown_command": ("payment_intents/pi_1/frobnicate", "amount=100"),
    "an_unknown_resource": ("payment_links", "amount=100"),
}


class BadInputToStripe(TillScenario):
    def setUp(self):
        super().setUp()
        self.configuration.for_stripe(f"http://127.0.0.1:{self.gateway.ports[0]}")
        self.standin.start()

    def post(self, port: int, path: str, body: str, key: str):
        headers = {"Authorization": "Bearer sk_test_1", "Content-Type": FORM, "Idempotency-Key": key}
        return ask(port, "POST", "/v1/" + path, body.encode(), headers)

    def test_it_is_refused_while_the_gateway_is_gone_and_nothing_is_stored(self):
        self.gateway.gone()
        for name, (path, body) in UNREADABLE_BY_STRIPE.items():
            with self.subTest(name):
                answer = self.post(self.standin.port, path, body, name)
                self.assertGreaterEqual(answer.status, 400)
                self.assertIn("type", answer.json()["error"])
        self.assertEqual(self.counts(), {})
        self.assertEqual(self.standin.exposure(), 0)

    def test_it_gets_the_gateways_own_answer_while_that_is_up(self):
        for name, (path, body) in UNREADABLE_BY_STRIPE.items():
            with self.subTest(name):
                through = self.post(self.standin.port, path, body, name)
                direct = self.post(self.gateway.ports[0], path, body, name)
                self.assertEqual((through.status, through.body), (direct.status, direct.body))
        self.assertEqual(self.counts(), {})
