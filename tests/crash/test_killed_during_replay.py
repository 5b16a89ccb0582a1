"""SIGKILL of standin, or of the shop, in the middle of a replay: each order is delivered once, whoever died."""
import os
import random
import time

from harness import Scenario, eventually

ORDERS = 40


class KilledDuringReplay(Scenario):
    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("STANDIN_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"\n{self.id()}: to repeat it: STANDIN_SEED={seed}")
        self.chance = random.Random(seed)
        self.configuration.change("upstream.shop", timeouts='{ response = "1s", listen_late = "2s" }')
        self.configuration.change("stand_in.order", replay='{ rate = 200, concurrency = 4 }')
        self.standin.start()
        self.carts = [f"cart-{number:02}" for number in range(ORDERS)]
        for number, cart in enumerate(self.carts):
            answer = self.standin.order(f"k{number}", cart_id=cart, customer_id=f"c{number % 9}")
            self.assertEqual(answer.status, 201)

    def delivered(self) -> int:
        states = self.standin.states()
        return states.get("settled", 0) + states.get("matched", 0)

    def assert_all_delivered_once(self):
        eventually(lambda: self.delivered() == ORDERS, "every order is delivered")
        self.assertEqual(sorted(self.shop.standing_charges()), self.carts)
        self.assertEqual(len(self.shop.orders()), ORDERS)
        self.assertEqual(self.standin.exposure(), 0)
        self.assertEqual(self.standin.follow_ups(), [])

    def test_standin_is_killed_again_and_again(self):
        self.shop.start().faults(delay_before_ms=20, delay_after_ms=20)
        for _ in range(6):
            self.standin.replay()
            # No pass depends on this wait: it chooses the moment.
            time.sleep(self.chance.uniform(0, 0.4))
            self.standin.restart()
        self.standin.replay()
        self.assert_all_delivered_once()

    def test_the_shop_dies_again_and_again(self):
        for at in ("before", "between", "after"):
            self.shop.start().faults(answer="die", at=at, fraction=0.2, seed=self.chance.randrange(1 << 30))
            self.standin.replay()
            eventually(lambda: not self.shop.alive() or self.delivered() == ORDERS, "the shop has died")
            self.shop.kill()  # chance may have spared it until everything was delivered
        self.shop.start()
        self.standin.replay()
        self.assert_all_delivered_once()

    def test_both_die(self):
        self.shop.start().faults(answer="die", at="after", fraction=0.1, seed=self.chance.randrange(1 << 30))
        self.standin.replay()
        eventually(lambda: not self.shop.alive() or self.delivered() == ORDERS, "the shop has died")
        self.standin.restart()
        self.shop.kill()
        self.shop.start()
        self.standin.replay()
        self.assert_all_delivered_once()
