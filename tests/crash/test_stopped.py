"""SIGSTOP of standin for longer than its leases, then SIGCONT: nothing is charged twice, and nobody else had its journal meanwhile."""
import signal
import subprocess

from harness import BINARY, PATIENCE, eventually
from load import ROUNDS
from till_load import AtAPartyThatHasToBeSearched

# limits::lease_margin and what these configurations add: a response and, after a live charge, the listening.
LEASE_MARGIN, RESPONSE, LISTENING = 10, 0.5, 1
STOPS = max(1, ROUNDS // 25)
WAITING = 60


class Stopped(AtAPartyThatHasToBeSearched):
    def short_leases(self) -> None:
        self.configuration.change(self.upstream, timeouts=f'{{ connect = "500ms", write = "200ms", response = "{int(RESPONSE * 1000)}ms", listen_late = "{LISTENING}s" }}')

    def stop_for_longer_than_leases(self) -> None:
        self.standin.send(signal.SIGSTOP)
        try:
            eventually(self.is_stopped, "the process is stopped")
            self.assert_journal_is_taken()
            # The time itself is the fault.
            self.a_moment(LEASE_MARGIN + RESPONSE + LISTENING + 0.5, LEASE_MARGIN + RESPONSE + LISTENING + 1)
            self.assert_journal_is_taken()
        finally:
            self.standin.send(signal.SIGCONT)

    def is_stopped(self) -> bool:
        with open(f"/proc/{self.standin.process.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    def assert_journal_is_taken(self) -> None:
        second = subprocess.run([BINARY, "serve", "-c", self.standin.file], capture_output=True, text=True, timeout=PATIENCE)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another process uses the journal", second.stderr + second.stdout)

    def test_longer_than_leases_while_charging_and_replaying(self):
        self.short_leases()
        self.gateway.gone()
        self.standin.start()
        with self.under_load():
            eventually(lambda: self.standin.states().get("accepted", 0) >= WAITING, "charges wait for their replay")
        with self.under_load():
            for _ in range(STOPS):
                self.gateway.faults({"fault": "hang", "at": "after", "fraction": 0.1}, {"fault": "late", "late_ms": 300})
                self.standin.replay()
                eventually(lambda: self.counts().get("replaying"), "a replay is under way")
                self.stop_for_longer_than_leases()
                known = len(self.told)
                eventually(lambda: len(self.told) > known, "customers are served again")
        self.assert_all_ends_well()
