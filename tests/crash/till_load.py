"""Tills that sell without pause through standin, at a party of each kind, and the judgement of the gateway's ledger."""
import collections
import dataclasses
import http.client
import urllib.parse

from gateways import CARD, DECLINED_CARD, FORM, TillScenario, fields_of, sale_body
from harness import PATIENCE, Answer, ask, at_once, eventually
from load import UnderLoad

UNDER_WAY = {"charging", "reversing", "accepted", "replaying", "held", "cancelling"}


@dataclasses.dataclass(frozen=True)
class Sale:
    """What one customer wants to buy, however often the till has to ask for it."""

    name: str
    over_floor: bool
    good_card: bool


class TillLoad(UnderLoad):
    """With a party of its own in each of the classes below."""

    def setUp(self):
        super().setUp()
        self.party()
        self.configuration.change("policy.till", floor_limit='{ USD = "100.00" }', exposure='{ total = "1000000.00 USD" }')
        self.sold = 0
        self.unanswered: collections.deque[Sale] = collections.deque()
        self.cut_off = 0
        self.told: dict[Sale, Answer] = {}

    def common(self, upstream: str, route: str) -> None:
        """Short times, and yet the gateway is given longer than it ever takes, so that it undoes nothing by itself."""
        self.upstream = upstream
        self.configuration.change(upstream, timeouts='{ connect = "500ms", write = "200ms", response = "1s", listen_late = "4s" }',
                                  finder='{ before = "5s", after = "5s", max_processing = "3s" }',
                                  breaker='{ consecutive = 1000, minimum = 1000, open_for = "300ms" }')
        # Forwarding ends after `response`; the rest is for commits on a disk that others keep busy.
        self.configuration.change(route, deadline='"5s"', stand_in='{ policy = "till", replay = { rate = 2000, concurrency = 8 } }')

    # Tills

    # How long a till waits for its answer.
    patience = PATIENCE

    def entrance(self) -> int:
        """The port that clients connect to."""
        return self.standin.port

    def new_sale(self) -> Sale:
        with self.lock:
            self.sold += 1
            return Sale(f"{self.sold:07}", self.sold % 4 == 3, self.sold % 9 != 8)

    def next_sale(self) -> Sale:
        """One that was left without an answer, or a new one."""
        with self.lock:
            if self.unanswered and self.chance.random() < 0.5:
                return self.unanswered.popleft()
        return self.new_sale()

    def hear(self, sale: Sale, answer: Answer | None) -> None:
        with self.lock:
            if answer is None or self.verdict(answer) is None:
                self.unanswered.append(sale)
            else:
                self.told[sale] = answer

    def sell(self, sale: Sale) -> Answer | None:
        """Only what was read to its last byte counts as told."""
        try:
            answer = self.pay(sale)
            if not answer.header("Content-Length"):
                raise ConnectionError("the answer's head is cut off, which Python's client overlooks")
        except (OSError, http.client.HTTPException):
            answer = None
            with self.lock:
                self.cut_off += 1
        self.hear(sale, answer)
        return answer

    def client(self, _: int) -> None:
        while not self.over.is_set():
            self.sell(self.next_sale())

    # What must hold

    def assert_remembered(self, known: set[Sale]) -> None:
        """Whoever was told yes is told the same when it asks again."""
        fresh = [sale for sale in self.told.keys() - known if self.verdict(self.told[sale])]

        def ask_again(part: int) -> list[str]:
            again = [(sale, self.pay(sale)) for sale in fresh[part:40:4]]
            return [f"{sale}: told {self.told[sale]}, now {answer}" for sale, answer in again
                    if (answer.status, answer.body) != (self.told[sale].status, self.told[sale].body)]

        self.assertEqual(sum(at_once(4, ask_again), []), [])

    def answer_all(self) -> None:
        """Every till asks until it is told yes or no."""
        def ask_until_told(_: int) -> None:
            while self.unanswered:
                try:
                    sale = self.unanswered.popleft()
                except IndexError:
                    return  # another till took the last one
                self.told[sale] = eventually(lambda: (answer := self.pay(sale)) and self.verdict(answer) is not None and answer,
                                             f"{sale} is answered")

        at_once(4, ask_until_told)

    def assert_all_ends_well(self) -> None:
        self.gateway.faults()
        self.wait_for_none({"charging", "reversing"}, "no attempt stays open")
        self.answer_all()
        self.standin.replay()
        self.wait_for_none(UNDER_WAY, "every charge comes to an end")

        yes = {sale for sale, answer in self.told.items() if self.verdict(answer)}
        # The only promise that cannot be kept: the card is declined when standin, who could not know, charges it.
        bad = [sale for sale in yes if not sale.good_card]
        standing = self.standing()
        self.assertEqual([name for name, count in standing.items() if count > 1], [], "charged twice")
        self.assertEqual({sale.name for sale in yes if sale.good_card} - standing.keys(), set(), "told yes and not charged")
        self.assertEqual({sale.name for sale in self.told.keys() - yes} & standing.keys(), set(), "told no and charged")
        self.assertEqual(standing.keys() - {sale.name for sale in self.told}, set(), "charged without a sale")
        self.assertEqual(len(self.standin.follow_ups()), len(bad))
        self.assertEqual(self.standin.exposure(), 2500 * len(bad))
        print(f"{len(self.told)} sales, {self.cut_off} cut off; {self.counts()}")

    def wait_for_none(self, states: set[str], what: str) -> None:
        try:
            eventually(lambda: not states & self.counts().keys(), what, 2 * PATIENCE)
        except AssertionError:
            left = [self.standin.show(order["id"]) for state in sorted(states) for order in self.standin.orders("&state=" + state)]
            rows = [row for row in self.gateway.payments() if row["standin_key"] in {order["order_key"] for order in left}]
            raise AssertionError(f"{what}: {self.counts()}\n" + "\n".join(map(str, left[:3] + rows))) from None

    def standing(self) -> collections.Counter:
        """How many charges of each sale the gateway's ledger holds its customer to."""
        self.gateway.standing()
        return collections.Counter(self.sale_of(row) for row in self.gateway.payments() if row["standing"])


class UsaepayTill(TillLoad):
    source_key = ""

    def pay(self, sale: Sale) -> Answer:
        body = sale_body(sale.name, UMkey=self.source_key, UMamount="150.00" if sale.over_floor else "25.00",
                         UMcard=CARD if sale.good_card else DECLINED_CARD)
        return ask(self.entrance(), "POST", "/gate", body, {"Content-Type": FORM}, self.patience)

    @staticmethod
    def verdict(answer: Answer) -> bool | None:
        """True: yes, False: no, None: neither."""
        return {"A": True, "D": False}.get(fields_of(answer)["UMresult"])

    @staticmethod
    def sale_of(row: dict) -> str:
        return row["invoice"]


class AtAPartyThatFolds(UsaepayTill, TillScenario):
    source_key = "sandbox-fold"

    def party(self) -> None:
        self.common("upstream.cardgate", "route.till")


class AtAPartyThatHasToBeSearched(UsaepayTill, TillScenario):
    source_key = "sandbox"

    def party(self) -> None:
        self.common("upstream.cardgate", "route.till")
        self.configuration.without_folding()


class AtAPartyThatKeys(TillLoad, TillScenario):
    def party(self) -> None:
        del self.configuration.sections["upstream.cardgate"], self.configuration.sections["route.till"]
        targets = ", ".join(f'"{place}"' for place in self.places())
        self.configuration.change("upstream.backupgate", dialect='"stripe"', country='"US"', credentials_file='"backupgate.keys"',
                                  targets=f"[{targets}]", duplicates='{ kind = "keyed", window = "24h" }', reversal='"void"')
        self.configuration.change("route.payments", name='"payments"', match='"/v1/*"', dialect='"stripe"', upstream='"backupgate"',
                                  idempotency='"journalled"', key='"Idempotency-Key"')
        self.common("upstream.backupgate", "route.payments")

    def pay(self, sale: Sale) -> Answer:
        card = "pm_card_visa" if sale.good_card else "pm_card_chargeDeclined"
        body = {"amount": 15000 if sale.over_floor else 2500, "currency": "usd", "payment_method": card, "confirm": "true",
                "metadata[order_id]": sale.name}
        headers = {"Authorization": "Bearer sk_test_simulated", "Content-Type": FORM, "Idempotency-Key": "key-" + sale.name}
        return ask(self.entrance(), "POST", "/v1/payment_intents", urllib.parse.urlencode(body).encode(), headers, self.patience)

    @staticmethod
    def verdict(answer: Answer) -> bool | None:
        return {200: True, 402: False}.get(answer.status)

    @staticmethod
    def sale_of(row: dict) -> str:
        return row["idempotency_key"].removeprefix("key-")
