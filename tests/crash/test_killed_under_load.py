"""SIGKILL at any moment: what a client was told is in the journal, and nobody is served twice or told no and charged."""
import http.client
import os
import random
import threading
import time

from harness import DECLINED, PATIENCE, Answer, Scenario, at_once, ask, eventually, order_body, order_headers

MOMENTS = 20
CLIENTS = 6
# What the shop is like while standin is killed.
SHOPS = [None, {}, {"delay_after_ms": 900}, {"answer": "status", "status": 500, "at": "after"}, {"answer": "hang", "at": "after"}]


class KilledUnderLoad(Scenario):
    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("STANDIN_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"\n{self.id()}: to repeat it: STANDIN_SEED={seed}")
        self.chance = random.Random(seed)
        # Forwarding ends after `response`; the rest is for a commit on a disk that others keep busy.
        self.configuration.change("route.orders", deadline='"10s"')
        self.configuration.change("upstream.shop", timeouts='{ response = "1s", listen_late = "2s" }')
        self.configuration.change("policy.default", exposure='{ total = "1000000.00 USD" }')
        self.configuration.change("stand_in.order", replay='{ rate = 2000, concurrency = 8 }')
        self.told: dict[str, Answer] = {}
        self.asked: dict[str, bytes] = {}

    def client(self, round_number: int, number: int) -> None:
        """Orders until standin is gone. Only what was read to its last byte counts as told."""
        for turn in range(10_000):
            key = f"{round_number}-{number}-{turn}"
            cents = 9900 if turn % 4 == 3 else 10
            self.asked[key] = order_body(cents, cart_id=key, customer_id=f"c{number}")
            try:
                answer = ask(self.standin.port, "POST", "/orders", self.asked[key], order_headers(key))
            except (OSError, http.client.HTTPException):
                return
            self.told[key] = answer

    def prepare_shop(self, faults: dict | None) -> None:
        if faults is None:
            self.shop.kill()
            return
        if not self.shop.alive():
            self.shop.start()
        self.shop.faults(**faults)

    def kill_under_load(self, round_number: int) -> None:
        clients = [threading.Thread(target=self.client, args=(round_number, number)) for number in range(CLIENTS)]
        for thread in clients:
            thread.start()
        # No pass depends on this wait: it chooses the moment.
        time.sleep(self.chance.uniform(0.02, 1.1))
        self.standin.kill()
        for thread in clients:
            thread.join()

    def by_standin(self, answer: Answer) -> bool:
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

    def test_at_twenty_moments(self):
        self.shop.start()
        self.standin.start()
        for round_number in range(MOMENTS):
            known = set(self.told)
            self.prepare_shop(self.chance.choice(SHOPS))
            self.kill_under_load(round_number)
            if self.chance.random() < 0.3:
                self.kill_while_it_starts()
            self.standin.start()
            self.assert_remembered(known)
        self.assertGreater(len(self.told), MOMENTS)
        self.assert_all_ends_well()

    def kill_while_it_starts(self) -> None:
        self.standin.spawn("serve", "-c", self.standin.file)
        time.sleep(self.chance.uniform(0, 0.3))
        self.standin.kill()

    def assert_all_ends_well(self) -> None:
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
        self.assertEqual({answer.status for answer in self.told.values()} - {201, 409, 422}, set())
