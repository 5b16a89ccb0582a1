"""The configuration of a scenario: a shop that keys by Standin-Key, short times, and what a test changes of it."""


class Configuration:
    """standin.toml, section by section; values are TOML."""

    def __init__(self, target: str):
        self.sections: dict[str, dict[str, str]] = {
            "server": {"listen": '["127.0.0.1:0"]', "threads": "2", "drain": '"20s"'},
            "console": {"listen": '"127.0.0.1:0"'},
            "journal": {"url": '"sqlite:journal.db"', "key_file": '"journal.keys"'},
            "log": {"access": '"access.log"'},
            "upstream.shop": {
                "targets": f'["{target}"]',
                "duplicates": '{ kind = "keyed", window = "forever" }',
                "finder": '{ request = "GET /orders?key={{order_key}}", state = "/status", not_standing = ["cancelled"], '
                'max_processing = "1s" }',
                "reversal": '{ request = "POST /orders/{{upstream_reference}}/cancel" }',
                "timeouts": '{ response = "2s", listen_late = "6s" }',
                # Scenarios are about single orders: the breaker has its own.
                "breaker": '{ consecutive = 1000, minimum = 1000, open_for = "500ms" }',
            },
            "route.orders": {
                "name": '"orders"',
                "match": '"POST /orders"',
                "upstream": '"shop"',
                "stand_in": '"order"',
                "key": '"Idempotency-Key"',
                "tenant": '"merchant"',
                "deadline": '"2s"',
            },
            "route.rest": {"name": '"rest"', "match": '"*"', "upstream": '"shop"'},
            "stand_in.order": {
                "facts": '{ amount = "/order/total_cents", currency = "/order/currency", merchant = "/order/merchant_id", '
                'customer = "/order/customer_id", reference = "/order/cart_id" }',
                "amount_unit": '"minor"',
                "approve": _template(
                    201,
                    '{"order":{"id":"{{reference}}","status":"accepted","total_cents":{{request:/order/total_cents}},'
                    '"currency":"{{request:/order/currency}}","created_at":"{{now:iso8601}}"}}',
                ),
                "decline": _template(422, '{"error":{"message":"Card failed"}}'),
                "unavailable": _template(503, '{"error":{"message":"Please try again"}}'),
                "expect": '{ status = [201], content_type = "application/json", pointer = "/order/id" }',
                "have_it": '{ status = [409], pointer = "/existing_order/id" }',
                "policy": '"default"',
                "replay": '{ rate = 200, concurrency = 8 }',
            },
            "policy.default": {"floor_limit": '{ USD = "25.00" }', "exposure": '{ total = "5000.00 USD" }'},
        }

    def change(self, section: str, **values: str | None) -> "Configuration":
        """Sets keys of a section, or removes those that are None."""
        kept = self.sections.setdefault(section, {})
        for name, value in values.items():
            if value is None:
                kept.pop(name, None)
            else:
                kept[name] = value
        return self

    def text(self) -> str:
        lines = []
        for section, values in self.sections.items():
            lines.append("[[route]]" if section.startswith("route.") else f"[{section}]")
            lines += [f"{name} = {value}" for name, value in values.items()]
        return "\n".join(lines) + "\n"


def _template(status: int, body: str) -> str:
    return f"{{ status = {status}, headers = {{ Content-Type = \"application/json\" }}, body = '{body}' }}"
