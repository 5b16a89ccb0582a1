"""Sends cases through a proxy to the recorder, and holds what came of each against what the corpus says."""
import re
import time

from cases import Case
from client import Outcome, Sender
from recorder import Arrived, Recorder


class Trial:
    """What one proxy made of one case."""

    def __init__(self, case: Case, outcome: Outcome, arrived: list[Arrived]):
        self.case, self.outcome = case, outcome
        self.whole = [request for request in arrived if request.whole]
        self.arrived = arrived

    def ambiguous(self) -> list[str]:
        return [problem for request in self.arrived for problem in request.ambiguous]

    def accepted(self) -> bool:
        """Nothing of it was refused."""
        finals = [status for status in self.outcome.statuses() if status >= 200]
        return bool(finals) and all(status < 400 for status in finals)

    def refused(self) -> bool:
        """Told so, or hung up on without a word."""
        finals = [status for status in self.outcome.statuses() if status >= 200]
        return any(status >= 400 for status in finals) or (not finals and self.outcome.fate == "closed")

    def problems(self) -> list[str]:
        """What is not as the corpus says."""
        case, found = self.case, []
        expected = " ".join([*map(str, case.statuses), case.fate])
        if self.outcome.text() != expected:
            found.append(f"answered {self.outcome.text()}, not {expected}")
        if len(self.whole) != case.arrivals():
            found.append(f"{len(self.whole)} requests arrived, not {case.arrivals()}")
        for request, text in zip(self.whole, case.upstream() or []):
            if request.text() != text:
                found.append(f"{request.text()!r} arrived, not {text!r}")
        found += self._fields_of_requests() + self._last_answer()
        return found + [f"ambiguous at the upstream: {problem}" for problem in self.ambiguous()]

    def _fields_of_requests(self) -> list[str]:
        known, found = self.case.known, []
        for request in self.whole:
            found += [f"no {name} arrived" for name in known.get("has", []) if not request.values(name)]
            found += [f"{name} arrived" for name in known.get("lacks", []) if request.values(name)]
        return found

    def _last_answer(self) -> list[str]:
        known = self.case.known
        if not self.outcome.answers:
            return []
        answer, found = self.outcome.answers[-1], []
        if "body" in known and answer.body.decode("latin-1") != known["body"][0]:
            found.append(f"the body is {answer.body[:100]!r}")
        found += [f"the answer has no {name}" for name in known.get("tells", []) if not answer.values(name)]
        found += [f"the answer has {name}" for name in known.get("hides", []) if answer.values(name)]
        return found


def _ours(request: Arrived) -> bool:
    """The question whether a connection is still there, and what was swallowed with it."""
    return bool(re.match(r"/still-here$", request.target))


def attempt(case: Case, port: int, recorder: Recorder, patience: float, known: bool, settle: float = 0) -> Trial:
    """One case through the proxy at `port`. `settle`: seconds that something may still be on its way to the upstream."""
    before = len(recorder.arrived)
    outcome = Sender(case, port, patience, known).run()
    time.sleep(settle)
    return Trial(case, outcome, [request for request in recorder.arrived[before:] if not _ours(request)])
