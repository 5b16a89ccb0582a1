"""SIGKILL of the shop under load: its ledger has each order once, and whoever was told yes is served."""
from harness import eventually
from load import ROUNDS
from shop_load import ShopLoad

# What it is like until it is killed: most orders are under way then, before or after its commit.
SHOPS = [{"delay_before_ms": 40}, {"delay_after_ms": 40}, {"delay_before_ms": 10, "delay_after_ms": 80}, {"answer": "hang", "at": "after", "fraction": 0.2}]


class ShopKilled(ShopLoad):
    def test_at_random_moments(self):
        self.shop.start()
        self.standin.start()
        with self.under_load():
            for _ in range(ROUNDS):
                self.prepare_shop(self.chance.choice(SHOPS))
                self.a_moment(0.05, 0.5)
                self.shop.kill()
                known = len(self.told)
                eventually(lambda: len(self.told) > known, "customers are served without it")
                self.a_moment(0, 0.1)
                self.shop.start()
        self.assertEqual(self.cut_off, 0, "standin leaves nobody without an answer")
        self.assertGreater(self.standin.metric("standin_stand_ins_total"), 0)
        self.assert_all_ends_well()
