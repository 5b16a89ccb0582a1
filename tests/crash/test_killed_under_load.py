"""SIGKILL of standin at any moment: what a client was told is in the journal, and nobody is served twice or told no and charged."""
from load import ROUNDS
from shop_load import ShopLoad

# What the shop is like while standin is killed.
SHOPS = [None, {}, {"delay_after_ms": 900}, {"answer": "status", "status": 500, "at": "after"}, {"answer": "hang", "at": "after"}]


class KilledUnderLoad(ShopLoad):
    def test_at_random_moments(self):
        self.shop.start()
        self.standin.start()
        for _ in range(ROUNDS):
            known = set(self.told)
            self.prepare_shop(self.chance.choice(SHOPS))
            self.kill_standin_under_load(0.02, 1.1)
            if self.chance.random() < 0.3:
                self.kill_standin_while_it_starts(0.3)
            self.standin.start()
            self.assert_remembered(known)
        self.assertGreaterEqual(self.cut_off, ROUNDS)
        # The process before may have passed on a yes that nobody wrote down: no "no" is said that would undo it.
        self.assert_all_ends_well(neither=frozenset({503}))
