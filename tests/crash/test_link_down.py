"""The link to the gateway taken down in the middle of charges, at either end: each is made once, and customers are served meanwhile."""
from gateways import Gateway
from harness import eventually
from link import GatewayThere, Link
from load import ROUNDS
from till_load import AtAPartyThatHasToBeSearched

CUTS = max(2, ROUNDS // 4)


class LinkDown(AtAPartyThatHasToBeSearched):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.link = Link()

    def new_gateway(self) -> Gateway:
        return GatewayThere(self.folder, self.link)

    def test_at_random_moments(self):
        self.gateway.faults({"fault": "late", "late_ms": 100})
        self.standin.start()
        with self.under_load():
            for number in range(CUTS):
                made = self.gateway.standing()
                eventually(lambda: self.gateway.standing() > made + 5, "charges reach the gateway")
                self.in_flight()
                self.link.down_here() if number % 2 else self.link.down_there()
                served = self.standin.metric("standin_stand_ins_total")
                eventually(lambda: self.standin.metric("standin_stand_ins_total") > served, "customers are served without it")
                self.a_moment(0, 0.5)
                self.link.up()
        self.assertEqual(self.cut_off, 0, "standin leaves nobody without an answer")
        self.assert_all_ends_well()
