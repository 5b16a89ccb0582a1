"""The result as a page: figures, bars, and what was measured how."""
import statistics

import recovery
from report import median_and_spread, number, table, verdict

PART_OF_STAND_IN_MIN = 1 / 3
CHARGES_PER_S_GOAL = 4000
RECOVERY_S_MAX = 60

ROWS = {
    "journalled": "**passed through, written before it is sent** (`idempotency = \"journalled\"`)",
    "stand_in": "stood in for, on the same route",
    "pass": "passed through, not written down (`idempotency = \"pass\"`)",
    "plain": "a plain route, without protection",
}


class Result:
    def __init__(self, rounds: list[dict], recovered: tuple[dict, dict] | None):
        self.rounds, self.recovered = rounds, recovered

    def all(self, row: str, name: str) -> list[float]:
        return [each[row][name] for each in self.rounds]

    def spread(self, row: str, name: str, unit: str = "") -> str:
        return median_and_spread(self.all(row, name), unit)

    def ratios(self, name: str, row: str, to: str) -> list[float]:
        return [each[row][name] / each[to][name] for each in self.rounds]

    def bars(self) -> str:
        part, rate = self.ratios("per_s", "journalled", "stand_in"), self.all("journalled", "per_s")
        rows = [
            ["written before sent ÷ stood in for", f"at least {PART_OF_STAND_IN_MIN:.2f}", median_and_spread(part),
             verdict(statistics.median(part) >= PART_OF_STAND_IN_MIN)],
            ["charges a second, written before sent", f"at least {CHARGES_PER_S_GOAL:,} (a goal)", median_and_spread(rate),
             verdict(statistics.median(rate) >= CHARGES_PER_S_GOAL)],
            ["processor time of a charge not written down ÷ of a plain route", "reported",
             median_and_spread(self.ratios("processor_us", "pass", "plain"), " ×"), ""],
        ]  # fmt: skip
        if self.recovered:
            freely, limited = self.recovered
            rows += [
                [f"{freely['opened']:,} open attempts recover", f"in under {RECOVERY_S_MAX} s",
                 f"{number(freely['seconds'])} s" if not freely["left"] else f"{freely['left']:,} left after {number(freely['seconds'])} s",
                 verdict(freely["left"] == 0 and freely["seconds"] < RECOVERY_S_MAX)],
                ["searches beyond the gateway's limits", "0", f"{limited['refused']:,} of {limited['asked']:,}",
                 verdict(limited["refused"] == 0)],
            ]  # fmt: skip
        return table(["bar", "asked", "measured", "verdict"], rows)

    def rates(self) -> str:
        rows = [[what, self.spread(row, "per_s"), self.spread(row, "p50_ms", " ms"), self.spread(row, "p99_ms", " ms"),
                 self.spread(row, "processor_us")] for row, what in ROWS.items()]  # fmt: skip
        return table(["median (lowest to highest round)", "charges/s", "p50", "p99", "processor µs per charge"], rows)

    def recovery(self) -> str:
        if not self.recovered:
            return ""
        rows = [[name, f"{each['opened']:,}", f"{each['opened'] - each['left']:,}", f"{number(each['seconds'])} s",
                 f"{each['asked']:,}", f"{each['most_in_a_minute']:,}", f"{each['refused']:,}"]
                for name, each in zip(("limits lifted", f"{recovery.PER_MINUTE}/min, {recovery.PER_DAY:,}/day"), self.recovered)]  # fmt: skip
        return table(["recovery", "open", "resolved", "within", "searches, by the gateway's count", "most in a minute", "refused"], rows)


def page(rounds: list[dict], recovered: tuple[dict, dict] | None, machine: dict[str, str], settings: dict) -> str:
    measured = Result(rounds, recovered)
    told = sum(measured.all("journalled", "answers"))
    kept = sum(measured.all("journalled", "kept"))
    return f"""# Charging through standin

`{settings['command']}` on {settings['date']}. Rounds: {len(rounds)}; in each, the measurements run one after the other on the
same disk.

{measured.bars()}
{measured.rates()}
{measured.recovery()}
{table(["machine", ""], [[name, value] for name, value in machine.items()])}
- **All rows**: `standin serve` with `till.toml`, a new journal each; sealing, metrics and the access log (a file) on. wrk on the
  same machine, {settings['clients']} connections, {settings['seconds']} s after 1 s of warming up, each request another sale (`charge.form`). wrk's percentiles
  are corrected for the requests that a slow answer kept from being sent. Processor time is that of standin's process alone, all its threads, user and
  system, as `/proc/PID/stat` has it.
- **The gateway** is nginx with one worker, which approves every charge at once with a reference of its own (`approves.conf`). Asked
  directly it answers {measured.spread("alone", "per_s")} charges/s; the simulated gateway, {number(settings['simulated_per_s'])}, with its ledger on disk.
- **Written before it is sent**: two commits for each charge, the intent before its first byte leaves, and the gateway's answer before the
  client has it. The journal was counted: wrk was answered {told:,.0f} times, and the journal gained {kept:,.0f} approved charges (wrk hangs up on at
  most {settings['clients']} a round). {measured.spread("journalled", "charges_per_commit")} charges for each commit.
- **Stood in for**: the same route in front of a closed port, so that its breaker is open; two commits for each charge, here too.
- **Recovery**: the attempts were left by standin itself: charges that the simulated gateway does not answer, {recovery.OPEN_AT_ONCE:,} at a time, half of
  them made and half not, and then SIGKILL. The time is from the start of the process until none is open: those that the
  gateway has are settled, the others have lapsed, none was charged twice. With the limits set, fewer
  were left, and it is watched for at most {recovery.LIMITED_SECONDS_MAX} s.
"""
