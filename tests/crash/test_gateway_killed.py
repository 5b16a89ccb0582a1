"""SIGKILL of the gateway under load: its ledger has each charge once, whatever it could no longer say of it."""
import json

from harness import eventually
from load import ROUNDS
from till_load import AtAPartyThatHasToBeSearched, AtAPartyThatKeys

# So that most charges are under way when it dies, some of them in its ledger and not answered.
SLOW = [{"fault": "late", "late_ms": 60, "fraction": 0.5}, {"fault": "hang", "at": "after", "fraction": 0.1}, {"fault": "late", "late_ms": 200}]


class GatewayKilled:
    """The rounds are shared among the kinds of party."""

    def test_at_random_moments(self):
        self.standin.start()
        with self.under_load():
            for _ in range(-(-ROUNDS // 2)):
                self.gateway.faults(*SLOW)
                self.a_moment(0.05, 0.5)
                self.gateway.kill()
                known = len(self.told)
                eventually(lambda: len(self.told) > known, "customers are served without it")
                self.a_moment(0, 0.1)
                self.gateway.start("--faults", json.dumps(SLOW))
        self.assertEqual(self.cut_off, 0, "standin leaves nobody without an answer")
        self.assertGreater(self.standin.metric("standin_stand_ins_total"), 0)
        self.assert_all_ends_well()


class KilledThatHasToBeSearched(GatewayKilled, AtAPartyThatHasToBeSearched):
    pass


class KilledThatKeys(GatewayKilled, AtAPartyThatKeys):
    pass
