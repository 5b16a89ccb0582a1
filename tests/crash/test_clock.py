"""The wall clock set backwards and forwards, while standin runs and while it is dead: each charge is made once and comes to an end.

libfaketime moves the wall clock of standin alone; the monotonic ones, and the gateway's clock, are right.
"""
import datetime
import glob
import json
import os
import subprocess
import time

from harness import PATIENCE, eventually
from load import ROUNDS, cannot
from till_load import AtAPartyThatHasToBeSearched, Sale

JUMPS = max(3, ROUNDS // 4)
SECONDS = [-90_000, -3_600, -40, 40, 3_600, 90_000]


# The library takes a timer's time for one of the wall clock, whichever clock the timer is of: a loop that runs by the
# monotonic one would stand still. So timers go around it.
TIMERS = """
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
int timerfd_settime(int timer, int flags, const struct itimerspec* value, struct itimerspec* old) {
  return syscall(SYS_timerfd_settime, timer, flags, value, old);
}
"""


class ClockIsSet(AtAPartyThatHasToBeSearched):
    def setUp(self):
        super().setUp()
        # Debian's has one in a folder of each architecture.
        libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not libraries:
            cannot("setting a clock", "libfaketime is not installed (Debian's package faketime)")
        timers = os.path.join(self.folder, "timers.so")
        subprocess.run(["clang-19", "-shared", "-fPIC", "-x", "c", "-o", timers, "-"], input=TIMERS, text=True, check=True, timeout=PATIENCE)
        self.libraries = f"{timers}:{libraries[0]}"
        self.offset_file = os.path.join(self.folder, "offset")
        self.set_clock(0)

    def set_clock(self, offset: int) -> None:
        """In one step: half a number would be another time."""
        self.offset = offset
        with open(self.offset_file + ".new", "w") as file:
            file.write(f"{offset:+d}\n")
        os.replace(self.offset_file + ".new", self.offset_file)

    def use_it(self) -> None:
        """In the child, before the program. AddressSanitizer looks at the clock when it gives memory back, and the library
        allocates when the clock is looked at for the first time: it must not give any back."""
        os.environ.update(LD_PRELOAD=self.libraries, FAKETIME_TIMESTAMP_FILE=self.offset_file, FAKETIME_NO_CACHE="1",
                          FAKETIME_DONT_FAKE_MONOTONIC="1", NO_FAKE_STAT="1")
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":allocator_release_to_os_interval_ms=-1"

    def start(self) -> None:
        self.standin.start(prepare=self.use_it)

    def assert_clock_is_set(self) -> None:
        """By the time that it writes beside what it has just done."""
        self.assertEqual(self.standin.reload(), "")
        last = [json.loads(line) for line in self.standin.errors().splitlines() if '"reloaded"' in line][-1]
        self.assertAlmostEqual(datetime.datetime.fromisoformat(last["at"]).timestamp(), time.time() + self.offset, delta=15)

    def served_more(self) -> None:
        known = len(self.told)
        eventually(lambda: len(self.told) >= known + 20, "more customers are served")

    def test_while_it_runs(self):
        self.start()
        with self.under_load():
            for _ in range(JUMPS):
                self.fail_at_times()
                self.served_more()
                self.set_clock(self.chance.choice([offset for offset in SECONDS if offset != self.offset]))
                self.assert_clock_is_set()
                self.served_more()
        self.assertEqual(self.cut_off, 0, "a clock that is set cuts nobody off")
        self.assert_all_ends_well()

    def fail_at_times(self) -> None:
        self.gateway.faults({"fault": "reset", "at": "after", "fraction": 0.2}, {"fault": "hang", "at": "after", "fraction": 0.1},
                            {"fault": "late", "late_ms": 50})

    def charge_and_die(self, sale: Sale) -> None:
        """The gateway has charged, the till was told our answer, and nobody has heard the gateway's."""
        self.gateway.faults({"fault": "hang", "at": "after"})
        self.start()
        self.assert_clock_is_set()
        known = self.gateway.standing()
        self.assertEqual(self.verdict(self.sell(sale)), not sale.over_floor)
        self.assertEqual(self.gateway.standing(), known + 1)
        self.standin.kill()

    def test_while_it_is_dead(self):
        for before, after in (0, 3600), (0, -3600), (-3600, 0), (3600, 0):
            for over_floor in (False, True):
                with self.subTest(before=before, after=after, over_floor=over_floor):
                    self.set_clock(before)
                    self.charge_and_die(Sale(f"{before}-{after}-{over_floor}", over_floor, True))
                    self.set_clock(after)
                    self.start()
                    self.assert_clock_is_set()
                    self.assert_all_ends_well()
                    self.standin.kill()
