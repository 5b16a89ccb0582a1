"""Shoppers who order without pause through standin, and the judgement of the shop's ledger."""
import http.client

from harness import DECLINED, PATIENCE, Answer, Scenario, ask, at_once, eventually, order_body, order_headers
from load import UnderLoad


class ShopLoad(UnderLoad, Scenario):
    def setUp(self):
        super().setUp()
        # Forwarding ends after `response`; the rest is for a commit on a disk that others keep busy.
        self.configuration.change("route.orders", deadline='"10s"')
        self.configuration.change("upstream.shop", timeouts='{ response = "1s", listen_late = "2s" }')
        self.configuration.change("policy.default", exposure='{ total = "1000000.00 USD" }')
        self.configuration.change("stand_in.order", replay='{ rate = 2000, concurrency = 8 }')
        self.told: dict[str, Answer] = {}
        self.asked: dict[str, bytes] = {}
        self.cut_off = 0

    def client(self, number: int) -> None:
        """Only what was read to its last byte counts as told."""
        while not self.over.is_set():
            with self.lock:
                turn = len(self.asked)
                key = f"key-{turn}"
                self.asked[key] = order_body(9900 if turn % 4 == 3 else 10, cart_id=key, customer_id=f"c{number}")
            try:
                answer = ask(self.standin.port, "POST", "/orders", self.asked[key], order_headers(key))
            except (OSError, http.client.HTTPException):
                with self.lock:
                    self.cut_off += 1
                continue
            with self.lock:
                self.told[key] = answer

    def prepare_shop(self, faults: dict | None) -> None:
        if faults is None:
            self.shop.kill()
            return
        if not self.shop.alive():
            self.shop.start()
        self.shop.faults(**faults)

    @staticmethod
    def by_standin(answer: Answer) -> bool:
        if answer.status == 201:
            return answer.json()["order"]["id"].startswith("gateway-down-")
        return answer.body == DECLINED

    def assert_remembered(self, since: set[str]) -> None:
        """Each answer that standin gave is given again, to the last byte."""
        keys = [key for key, answer in self.told.items() if key not in since and self.by_standin(answer)]

        def ask_again(part: int) -> list[str]:
            other = []
            for key in keys[part::4]:
                again = ask(self.standin.port, "POST", "/orders", self.asked[key], order_headers(key))
                if again != self.told[key]:
                    other.append(f"{key}: told {self.told[key]}, now {again}")
            return other

        self.assertEqual(sum(at_once(4, ask_again), []), [])

    def assert_all_ends_well(self, neither: frozenset[int] = frozenset()) -> None:
        """`neither`: the statuses besides yes and no that a client may have been given."""
        self.prepare_shop({})
        self.standin.replay()
        ends = {"settled", "matched", "declined", "reversed"}
        eventually(lambda: set(self.standin.states()) <= ends, "every order comes to an end", 3 * PATIENCE)
        self.assertEqual(self.standin.exposure(), 0)
        self.assertEqual(self.standin.follow_ups(), [])
        served = self.shop.standing_charges()
        self.assertEqual(len(served), len(set(served)), "served twice")
        told_yes = {key for key, answer in self.told.items() if answer.status in (201, 409)}
        told_no = {key for key, answer in self.told.items() if answer.status == 422}
        self.assertEqual(told_yes - set(served), set(), "told yes and not served")
        self.assertEqual(told_no & set(served), set(), "told no and served")
        self.assertEqual({answer.status for answer in self.told.values()} - {201, 409, 422} - neither, set())
        print(f"{len(self.asked)} orders, {self.cut_off} cut off; {self.standin.states()}")
