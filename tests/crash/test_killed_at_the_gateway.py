"""SIGKILL of standin between sending a charge and hearing of it: each charge is made once, none of them after a no, and no attempt stays open."""
from load import ROUNDS
from till_load import AtAPartyThatFolds, AtAPartyThatHasToBeSearched, AtAPartyThatKeys

# What the gateway is like while standin is killed. It is never slower than the configuration says it can be.
GATEWAYS = [
    [{"fault": "late", "late_ms": 150}],
    [{"fault": "late", "late_ms": 600}],
    [{"fault": "late", "late_ms": 1400, "fraction": 0.5}],
    [{"fault": "reset", "at": "after", "fraction": 0.4}, {"fault": "late", "late_ms": 200}],
    [{"fault": "hang", "at": "after", "fraction": 0.4}, {"fault": "late", "late_ms": 200}],
    [{"fault": "hang", "at": "after", "late_ms": 500, "fraction": 0.4}],
    [{"fault": "hang", "fraction": 0.3}, {"fault": "truncate", "fraction": 0.3}, {"fault": "late", "late_ms": 100}],
    [{"fault": "status", "status": 500, "at": "after", "fraction": 0.5}, {"fault": "late", "late_ms": 100}],
    [{"fault": "refuse", "location": 1}, {"fault": "reset", "at": "after", "fraction": 0.3}],
    [{"fault": "refuse"}],
]


class KilledBetweenSendAndAnswer:
    def test_at_random_moments(self):
        self.standin.start()
        for _ in range(ROUNDS):
            known = set(self.told)
            self.gateway.faults(*self.chance.choice(GATEWAYS))
            self.kill_standin_under_load(0.05, 1.3)
            if self.chance.random() < 0.3:
                self.kill_standin_while_it_starts(0.4)
            self.standin.start()
            self.assert_remembered(known)
        self.assertGreaterEqual(self.cut_off, ROUNDS)
        self.assert_all_ends_well()


class KilledAtAPartyThatFolds(KilledBetweenSendAndAnswer, AtAPartyThatFolds):
    pass


class KilledAtAPartyThatHasToBeSearched(KilledBetweenSendAndAnswer, AtAPartyThatHasToBeSearched):
    pass


class KilledAtAPartyThatKeys(KilledBetweenSendAndAnswer, AtAPartyThatKeys):
    pass
