"""Everything at once for a long time while faults go on: standin keeps its promises, and what it holds stays the same."""
import os
import random
import time

from configuration import Configuration
from harness import Scenario, eventually
from shop_load import ShopLoad
from test_link_cut import LinkCut
from till_load import AtAPartyThatHasToBeSearched, Sale
from visitors import Pace, Visitors
from vital_signs import MEBIBYTE, Reading, Watch, descriptors_of

SECONDS = float(os.environ.get("STANDIN_SOAK_SECONDS", "600"))
CLIENTS, PAUSE = 3, 1.0  # of shoppers, and of tills: a sale a second each at most
# What the memory of a process that keeps nothing has been seen to go up and down by.
NOISE = 2 * MEBIBYTE
# A leak of so many bytes a request is found.
LEAK = 100
# Of the descriptors' median: connections come and go.
DESCRIPTORS_NOISE = 20
# Connections to parties are kept for a minute after their last use.
IDLE_CONNECTION = 60

SHOPS = [{"answer": "hang", "at": "after", "fraction": 0.3}, {"answer": "status", "status": 500, "at": "after", "fraction": 0.5},
         {"delay_after_ms": 300}, {"answer": "half_answer", "at": "after", "fraction": 0.5}, {"answer": "garbage", "everywhere": True, "fraction": 0.3}]
GATEWAYS = [{"fault": "hang", "at": "after", "fraction": 0.3}, {"fault": "reset", "at": "after", "fraction": 0.3}, {"fault": "late", "late_ms": 300},
            {"fault": "truncate", "fraction": 0.3}, {"fault": "reset", "at": "before", "fraction": 0.5}, {"fault": "refuse"}]


class AtTheSame(Scenario):
    """The stage is another test's."""

    def __init__(self, stage: Scenario):
        super().__init__()
        self.stage = stage

    def setUp(self):
        self.shop, self.standin, self.configuration = self.stage.shop, self.stage.standin, self.stage.configuration


class Shoppers(ShopLoad, AtTheSame):
    pass


class Soak(LinkCut, AtAPartyThatHasToBeSearched):
    """Tills, beside them shoppers and visitors, at one standin."""

    def setUp(self):
        # One for all loads.
        os.environ.setdefault("STANDIN_SEED", str(random.SystemRandom().randrange(1 << 32)))
        super().setUp()
        self.over = Pace(PAUSE)
        self.configuration.sections = Configuration(f"http://127.0.0.1:{self.shop.port}").sections | self.configuration.sections
        self.shoppers = Shoppers(self)
        self.shoppers.setUp()
        self.shoppers.over = Pace(PAUSE)
        # Clients that leave do not come back for what is held for them.
        self.configuration.change("stand_in.order", undelivered='"replay"')
        self.visitors = Visitors(self.folder, self.standin, self.chance.randrange(1 << 32))
        self.addCleanup(self.visitors.close)
        self.visitors.configure(self.configuration)

    def places(self) -> list[str]:
        self.to_gateway = self.link(self.gateway.ports[0])
        return [f"http://127.0.0.1:{self.to_gateway.port}"]

    def new_sale(self) -> Sale:
        """Nobody's card is declined: a promise that cannot be kept would be a case for a person."""
        sale = super().new_sale()
        return Sale(sale.name, sale.over_floor, True)

    # --- faults -------------------------------------------------------------------------------------------------------

    def shop_is_killed(self) -> None:
        self.shop.kill()

    def shop_misbehaves(self) -> None:
        self.shop.faults(**self.chance.choice(SHOPS))

    def gateway_misbehaves(self) -> None:
        self.gateway.faults(self.chance.choice(GATEWAYS))

    def link_to_the_gateway_is_cut(self) -> None:
        self.to_gateway.choose = lambda direction: self.visitors.choose_cut(0.3)

    def answers_of_pages_are_cut(self) -> None:
        self.visitors.cut_answers()

    def configuration_changes(self) -> None:
        self.configuration.change("policy.default", floor_limit='{ USD = "%d.00" }' % self.chance.randint(20, 30))
        self.standin.write_configuration()
        self.assertEqual(self.standin.reload(), "")

    def heal(self) -> None:
        self.shoppers.prepare_shop({})
        self.gateway.faults()
        self.to_gateway.choose = lambda direction: None
        self.visitors.heal()
        self.standin.replay()

    def faults_go_on(self, until: float) -> dict[str, int]:
        """One after the other in ever another order, with some quiet in between; how often each was made."""
        kinds = [self.shop_is_killed, self.shop_misbehaves, self.gateway_misbehaves, self.link_to_the_gateway_is_cut,
                 self.answers_of_pages_are_cut, self.configuration_changes]
        made = dict.fromkeys((kind.__name__ for kind in kinds), 0)
        while time.monotonic() < until:
            for kind in self.chance.sample(kinds, len(kinds)):
                kind()
                made[kind.__name__] += 1
                self.a_moment(1, 2)
                self.heal()
                self.a_moment(0.5, 1.5)
        return made

    # --- the judgement ------------------------------------------------------------------------------------------------

    def assert_everybody_was_there(self, made: dict[str, int]) -> None:
        """A soak without load or faults would prove nothing."""
        print("faults:", made, "served:", self.visitors.good)
        self.assertGreater(min(made.values()), 0)
        self.assertEqual([name for name, count in self.visitors.good.items() if count == 0], [])
        self.assertEqual(self.visitors.wrong, [])
        self.assertEqual((self.cut_off, self.shoppers.cut_off), (0, 0), "standin leaves nobody without an answer")
        self.assertGreater(self.standin.metric("standin_stand_ins_total", route="orders"), 0)
        self.assertGreater(self.standin.metric("standin_stand_ins_total", route="till"), 0)

    def assert_flat(self, watch: Watch) -> None:
        requests = watch.grown(lambda reading: reading.requests)
        grown = watch.grown(Reading.unexplained)
        descriptors = watch.grown(lambda reading: reading.descriptors)
        print(f"from the second fifth to the last: {requests:.0f} requests, memory {grown / MEBIBYTE:+.2f} MiB that nothing explains, "
              f"{grown / requests:+.1f} bytes a request, descriptors {descriptors:+.0f}")
        self.assertGreater(LEAK * requests, 2 * NOISE, f"too few requests to find a leak of {LEAK} bytes in each")
        self.assertLess(grown, NOISE, "memory grows")
        self.assertLess(descriptors, DESCRIPTORS_NOISE, "descriptors grow")
        self.assertEqual(len({reading.threads for reading in watch.readings}), 1, "threads come or go")

    def assert_nothing_is_left(self, descriptors: int) -> None:
        """Once everybody has left, it holds what it held before they came."""
        pid = self.standin.process.pid
        eventually(lambda: self.standin.metric("standin_connections_open") == 0, "no client is connected", 2 * IDLE_CONNECTION)
        self.assertEqual(self.standin.metric("standin_requests_in_flight"), 0)
        eventually(lambda: descriptors_of(pid) <= descriptors, f"there are no more than {descriptors} descriptors", 2 * IDLE_CONNECTION)

    def test_with_faults_on(self):
        self.shop.start()
        self.standin.start()
        process, descriptors = self.standin.process, descriptors_of(self.standin.process.pid)
        watch = Watch(self.standin)
        with self.visitors.under_way(), self.under_load(CLIENTS), self.shoppers.under_load(CLIENTS):
            watch.start()
            try:
                made = self.faults_go_on(time.monotonic() + SECONDS)
            finally:
                watch.stop()
        print(watch.table())
        self.heal()
        self.assertIs(self.standin.process, process)
        self.assertTrue(self.standin.alive())
        self.assert_everybody_was_there(made)
        self.assert_all_ends_well()
        self.shoppers.assert_all_ends_well()
        self.assert_flat(watch)
        self.assert_nothing_is_left(descriptors)
