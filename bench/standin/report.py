"""The result as a page: figures, bars, and what was measured how."""
import dataclasses
import statistics

TIMES_OLD_DESIGN_MIN = 2.0
PART_OF_DISK_MIN = 0.1
P99_FDATASYNCS_MAX = 60
P99_MS_MAX = 20.0
ORDERS_PER_S_GOAL = 10_000


@dataclasses.dataclass
class Round:
    """Measured right after one another."""

    standin: dict
    disk: dict
    original: dict
    fail_over: dict


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def median_and_spread(values: list[float], unit: str = "") -> str:
    return f"{number(statistics.median(values))}{unit} ({number(min(values))} to {number(max(values))})"


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


class Page:
    def __init__(self, rounds: list[Round]):
        self.rounds = rounds

    def all(self, party: str, name: str) -> list[float]:
        return [getattr(each, party)[name] for each in self.rounds]

    def spread(self, party: str, name: str, unit: str = "") -> str:
        return median_and_spread(self.all(party, name), unit)

    def rates(self) -> str:
        ours, disk, old = "standin", "disk", "original"
        return table(
            ["median (lowest to highest round)", "durable orders/s", "p50", "p99"],
            [
                ["**standin**, standing in, over HTTP", self.spread(ours, "orders_per_s"),
                 self.spread(ours, "p50_ms", " ms"), self.spread(ours, "p99_ms", " ms")],
                ["the disk's own limit", self.spread(disk, "orders_per_s"),
                 self.spread(disk, "p50_ms", " ms"), self.spread(disk, "p99_ms", " ms")],
                ["the original design on PostgreSQL, without HTTP", self.spread(old, "orders_per_s"),
                 self.spread(old, "average_ms", " ms on average"), "not measured"],
            ],
        )  # fmt: skip

    def ratios(self, to: str) -> list[float]:
        return [each.standin["orders_per_s"] / getattr(each, to)["orders_per_s"] for each in self.rounds]

    def p99_allowed(self) -> float:
        return max(P99_FDATASYNCS_MAX * statistics.median(self.all("disk", "fdatasync_ms")), P99_MS_MAX)

    def bars(self) -> str:
        over_old, of_disk = self.ratios("original"), self.ratios("disk")
        p99, rate = self.all("standin", "p99_ms"), self.all("standin", "orders_per_s")
        failed = sum(self.all("fail_over", "failed"))
        fdatasync = statistics.median(self.all("disk", "fdatasync_ms"))
        allowed = f"at most {number(self.p99_allowed())} ms (the greater of {P99_FDATASYNCS_MAX} × the median fdatasync of {number(fdatasync)} ms, and {P99_MS_MAX:.0f} ms)"
        return table(
            ["bar", "asked", "measured", "verdict"],
            [
                ["standin ÷ the original design", f"at least {TIMES_OLD_DESIGN_MIN} ×", median_and_spread(over_old, " ×"),
                 verdict(statistics.median(over_old) >= TIMES_OLD_DESIGN_MIN)],
                ["standin ÷ the disk's own limit", f"at least {PART_OF_DISK_MIN}", median_and_spread(of_disk),
                 verdict(statistics.median(of_disk) >= PART_OF_DISK_MIN)],
                ["p99 of standing in", allowed, median_and_spread(p99, " ms"),
                 verdict(statistics.median(p99) <= self.p99_allowed())],
                ["durable orders a second", f"more than {ORDERS_PER_S_GOAL:,}", median_and_spread(rate),
                 verdict(statistics.median(rate) > ORDERS_PER_S_GOAL)],
                ["failed requests in the fail-over", "0", f"{failed:.0f} of {sum(self.all('fail_over', 'requests')):,.0f}",
                 verdict(failed == 0)],
            ],
        )  # fmt: skip

    def fail_over(self) -> str:
        party = "fail_over"
        return table(
            ["the shop is killed under load", "median (lowest to highest round)"],
            [
                ["from the kill to the first answer in its stead", self.spread(party, "first_answer_ms", " ms")],
                ["p99 before", self.spread(party, "p99_before_ms", " ms")],
                ["p99 of who came from 1 s before to 2 s after", self.spread(party, "p99_ms", " ms")],
                ["the longest wait among them", self.spread(party, "max_ms", " ms")],
            ],
        )


def verdict(passed: bool) -> str:
    return "passed" if passed else "**missed**"


def page(rounds: list[Round], machine: dict[str, str], command: str, date: str, settings: dict) -> str:
    measured = Page(rounds)
    told, kept = sum(measured.all("standin", "told_yes")), sum(measured.all("standin", "kept"))
    return f"""# Standing in: durable orders a second

`{command}` on {date}. Rounds: {len(rounds)}; in each, the four measurements run one after the
other on the same disk, which is synced before each.

{measured.bars()}
{measured.rates()}
{measured.fail_over()}
{table(["machine", ""], [[name, value] for name, value in machine.items()])}
- **standin**: `standin serve` in front of a closed port, so that its breaker is open and every order is stood in for; a new
  journal each round; sealing, metrics and the access log (a file) on. wrk on the same machine, {settings['clients']} connections,
  {settings['seconds']} s after 1 s of warming up, each request a new order of 600 bytes (`order.json`). wrk's percentiles are corrected
  for the requests that a slow answer kept from being sent. The journal was counted after each round: wrk was told yes
  {told:,.0f} times, and the journal gained {kept:,.0f} orders (wrk hangs up on at most {settings['clients']} a round). One commit made
  {measured.spread("standin", "orders_per_commit")} orders durable.
- **The disk's own limit**: {settings['clients']} threads append to one file and share each fdatasync, with as many bytes per order as
  standin's database grew by in that round: {measured.spread("standin", "bytes_per_order")} bytes, indexes and decision included (what
  passed through its write-ahead log is more). The median fdatasync took {measured.spread("disk", "fdatasync_ms", " ms")}.
- **The original design**: pgbench with {settings['clients']} clients on a Unix socket, prepared statements; per order one transaction:
  `SELECT` by the unique key, `INSERT` of the same request. PostgreSQL's defaults: `fsync=on`, `synchronous_commit=on`.
- **Fail-over**: `standin sim shop` behind `standin serve`, {settings['fail_over_rate']} orders a second that come when they come, the shop
  killed with SIGKILL. Failed is whatever is not a yes: errors, 5xx, time-outs, refusals.
"""
