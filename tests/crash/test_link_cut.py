"""Connections reset, closed, stalled and delayed at every boundary of a request and of its answer, on both sides of standin."""
from fault_proxy import ANSWER, EVERY_CUT, REQUEST, FaultProxy
from harness import PATIENCE, eventually
from load import ROUNDS
from till_load import AtAPartyThatHasToBeSearched, AtAPartyThatKeys

# How often each cut is made.
TURNS = max(1, ROUNDS // 10)


class LinkCut:
    # Longer than standin's deadline: what is late is the network's.
    patience = 6

    def link(self, port: int) -> FaultProxy:
        proxy = FaultProxy(("127.0.0.1", port))
        self.addCleanup(proxy.close)
        return proxy

    def cut_everywhere(self, link: FaultProxy) -> None:
        """Each cut strikes one message, and the next one passes."""
        plan = EVERY_CUT * TURNS
        self.chance.shuffle(plan)
        turns: dict[str, list] = {REQUEST: [], ANSWER: []}
        for cut in plan:
            turns[cut.direction] += [cut, None]
        link.choose = lambda direction: turns[direction].pop() if turns[direction] else None
        with self.under_load(12):
            eventually(lambda: len(link.made) == len(plan), "every cut is made", PATIENCE * TURNS)
        self.assertEqual(set(link.made), set(EVERY_CUT))


class CutBetweenStandinAndTheGateway(LinkCut, AtAPartyThatHasToBeSearched):
    def places(self) -> list[str]:
        """One location: what is cut at it is not made good by another."""
        self.to_gateway = self.link(self.gateway.ports[0])
        return [f"http://127.0.0.1:{self.to_gateway.port}"]

    def test_at_each_boundary(self):
        self.standin.start()
        self.cut_everywhere(self.to_gateway)
        self.assertEqual(self.cut_off, 0, "standin leaves nobody without an answer")
        self.assert_all_ends_well()


class CutBetweenClientsAndStandin(LinkCut, AtAPartyThatKeys):
    def entrance(self) -> int:
        return self.to_standin.port

    def test_at_each_boundary(self):
        # A connection that is reset when its answer was read whole looks to standin like one that was not: the till does not
        # come back, and on a route that holds such charges they would wait for a person.
        self.configuration.change("route.payments", stand_in='{ policy = "till", undelivered = "replay", replay = { rate = 2000, concurrency = 8 } }')
        self.gateway.faults({"fault": "reset", "fraction": 0.3}, {"fault": "late", "late_ms": 20})
        self.standin.start()
        self.to_standin = self.link(self.standin.port)
        self.cut_everywhere(self.to_standin)
        self.to_standin.choose = lambda direction: None
        self.assertGreaterEqual(self.cut_off, len(EVERY_CUT) // 2)
        self.assert_all_ends_well()
