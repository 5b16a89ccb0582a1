"""What a client sends is never promised on a guess: what cannot be read is the decline, and the shop's own business while it is up."""
import json

from harness import DECLINED, Scenario, ask, eventually, order_body, order_headers

CARD = "4111111111111111"


def with_total(total: str) -> bytes:
    """An order whose total is written exactly so."""
    return order_body(7).replace(b'"total_cents": 7', b'"total_cents": ' + total.encode())


def with_currency(currency: str) -> bytes:
    return order_body(7, currency=currency)


def orders_with(**bodies: bytes) -> dict[str, bytes]:
    return bodies


UNREADABLE = orders_with(
    malformed_json=b'{"order":{"total_cents":1000,"currency":"USD"',
    text_after_the_json=order_body() + b" trailing",
    nothing=b"",
    no_object=b'[]',
    not_utf8=order_body(customer_id="x").replace(b'"x"', b'"\xff\xfe"'),
    missing_amount=order_body().replace(b'"total_cents": 1000, ', b""),
    null_amount=with_total("null"),
    amount_as_object=with_total('{"cents": 1000}'),
    negative_amount=with_total("-1000"),
    minus_zero=with_total("-0"),
    two_to_the_63=with_total("9223372036854775808"),
    two_to_the_64_and_1000=with_total("18446744073709552616"),
    more_than_any_order=with_total("1000000000000001"),
    exponent_as_text=with_total('"1e3"'),
    exponent=with_total("1e3"),
    sum_of_a_tenth_and_a_fifth=with_total("0.30000000000000004"),
    sum_as_text=with_total('"0.1 + 0.2"'),
    more_decimals_than_the_currency=with_total("12.345"),
    separators=with_total('"1,000"'),
    card_number_for_an_amount=with_total(f'"{CARD} "'),
    unknown_currency=with_currency("XQQ"),
    card_number_for_a_currency=with_currency(CARD),
    currency_as_number=order_body().replace(b'"USD"', b"840"),
    amount_twice=order_body().replace(b'"total_cents": 1000', b'"total_cents": 1000, "total_cents": 1'),
    order_twice=b'{"order": {"total_cents": 1, "currency": "USD"}, ' + order_body()[1:],
)


class BadInput(Scenario):
    def test_with_the_shop_down_nothing_is_promised_and_it_is_said_why(self):
        self.standin.start()
        for name, body in UNREADABLE.items():
            with self.subTest(name):
                before = self.standin.metric("standin_facts_unreadable_total", route="orders", during="stand_in")
                logged = len(self.standin.logged("declined_unreadable"))
                answer = self.standin.post("key-" + name, body)
                self.assertEqual((answer.status, answer.body), (422, DECLINED))
                self.assertEqual(answer.header("Content-Type"), "application/json")
                after = self.standin.metric("standin_facts_unreadable_total", route="orders", during="stand_in")
                self.assertEqual(after, before + 1)
                eventually(lambda: len(self.standin.logged("declined_unreadable")) == logged + 1, "it is logged")
        self.assertEqual(self.standin.exposure(), 0)
        self.assertEqual(self.standin.states(), {"declined": len(UNREADABLE)})
        written = "\n".join(self.standin.logged("declined_unreadable"))
        for value in (CARD, "1e3", "XQQ", "9223372036854775808", "0.3000", "12.345", "-1000"):
            self.assertNotIn(value, written)

    def test_an_amount_over_the_floor_limit_or_in_another_currency_is_declined_without_a_complaint(self):
        self.standin.start()
        self.assertEqual(self.standin.order("k1", 2501).body, DECLINED)
        self.assertEqual(self.standin.order("k2", currency="EUR").body, DECLINED)
        self.assertEqual(self.standin.order("k3", 2500).status, 201)
        self.assertEqual(self.standin.logged("declined_unreadable"), [])
        self.assertEqual(self.standin.exposure(), 2500)

    def test_a_decline_is_given_again_for_the_same_key(self):
        self.standin.start()
        body = with_total("12.345")
        first = self.standin.post("k1", body)
        self.shop.start()
        self.assertEqual(self.standin.post("k1", body), first)
        self.assertEqual(self.shop.orders(), [])

    def test_with_the_shop_up_it_is_passed_on_and_so_is_what_the_shop_says(self):
        self.shop.start()
        self.standin.start()
        for name, body in UNREADABLE.items():
            with self.subTest(name):
                through = self.standin.post("key-" + name, body)
                direct = ask(self.shop.port, "POST", "/orders", body, order_headers("key-" + name))
                self.assertEqual(through.status, direct.status)
                if through.status != 201:  # an order that the shop placed has its own name
                    self.assertEqual(through, direct)
        self.assertEqual(self.standin.orders(), [])
        self.assertEqual(self.standin.exposure(), 0)

    def test_a_decimal_amount_is_exact(self):
        self.configuration.change("stand_in.order", amount_unit='"decimal"')
        self.standin.start()
        self.assertEqual(self.standin.post("k1", with_total("25.00")).status, 201)
        self.assertEqual(self.standin.post("k2", with_total('"25.00"')).status, 201)
        self.assertEqual(self.standin.post("k3", with_total("25.01")).body, DECLINED)
        for number, amount in enumerate(('"0.1 + 0.2"', "0.30000000000000004", "12.345", "1e1", '"1e1"', "-1.00")):
            with self.subTest(amount):
                self.assertEqual(self.standin.post(f"bad-{number}", with_total(amount)).body, DECLINED)
        self.assertEqual(self.standin.exposure(), 5000)

    def test_an_answer_shows_a_hostile_field_as_text(self):
        self.configuration.change(
            "stand_in.order",
            approve="{ status = 201, headers = { Content-Type = \"application/json\" }, "
            "body = '{\"order\":{\"id\":\"{{reference}}\",\"cart\":\"{{request:/order/cart_id}}\"}}' }",
        )
        self.standin.start()
        cart = '"},"admin":true,{"x":"\\u0000\r\n'
        answer = self.standin.order("k1", cart_id=cart)
        if answer.status == 201:
            self.assertEqual(json.loads(answer.body)["order"]["cart"], cart)
        else:
            self.assertEqual(answer.body, DECLINED)
