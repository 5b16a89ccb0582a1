"""The result as a page: figures, bars, and what was measured how."""
import statistics

import costs
import hostile
import load
import memory
import rows
from report import median_and_spread, number, table, verdict

PROCESSOR_MAX, P99_MAX, POST_GOAL = 1.0, 1.25, 0.8
IDLE_MIB_MAX = 150
OTHERS_P99_MAX = 2.0
PEERS = ["nginx", "HAProxy"]


class Result:
    def __init__(self, rounds: list[dict], parts: list[dict], memory_found: dict, hostile_found: dict):
        self.rounds, self.parts, self.memory, self.hostile = rounds, parts, memory_found, hostile_found

    def all(self, row: str, proxy: str, name: str) -> list[float]:
        return [each[row][proxy][name] for each in self.rounds if name in each[row].get(proxy, {})]

    def spread(self, row: str, proxy: str, name: str) -> str:
        values = self.all(row, proxy, name)
        return median_and_spread(values) if values else ""

    def ratios(self, row: str, name: str) -> list[float]:
        """In each round, ours to the better of the peers."""
        return [each[row]["standin"][name] / min(each[row][peer][name] for peer in PEERS) for each in self.rounds]

    def against_peers(self, name: str, most: float | None) -> str:
        lines = []
        for row, what in rows.WHAT.items():
            if not self.all(row, "standin", name):
                continue
            figures = [self.spread(row, proxy, name) for proxy in ["standin", *PEERS]]
            lines.append([what, *figures, *self.judged(row, name, most)])
        bar = f"bar: at most {most}" if most else ""
        return table(["median (lowest to highest round)", "standin", "nginx", "HAProxy", "ratio", bar], lines)

    def judged(self, row: str, name: str, most: float | None) -> list[str]:
        if not self.all(row, "nginx", name):
            return ["", "no bar"]
        ratios = self.ratios(row, name)
        return [median_and_spread(ratios), verdict(statistics.median(ratios) <= most) if most else ""]

    def rates(self) -> str:
        lines = [[rows.WHAT[row.name], *(self.spread(row.name, proxy, "per_s") for proxy in ["standin", *PEERS])] for row in rows.LOADED]
        return table(["requests/s", "standin", "nginx", "HAProxy"], lines)

    def of_memory(self) -> str:
        idle = self.memory["standin"]
        scaled = idle["at_rest_mib"] + (idle["resident_mib"] - idle["at_rest_mib"]) * memory.IDLE_GOAL / idle["connections"]
        most = f"at most {IDLE_MIB_MAX} MiB with {memory.IDLE_GOAL:,} ({number(scaled)}): {verdict(scaled <= IDLE_MIB_MAX)}"
        names = ["standin", *PEERS]
        lines = [
            [f"KiB for an idle connection, of {rows.IDLE:,}", *(self.spread("idle", name, "kib_per_idle") for name in names), ""],
            [f"KiB for a POST under way, of {memory.ACTIVE:,}", *(number(self.memory[name]["kib_per_active"]) for name in names), ""],
            ["MiB without connections", *(number(self.memory[name]["at_rest_mib"]) for name in names), ""],
            [f"MiB with {idle['connections']:,} idle connections", *(number(self.memory[name]["resident_mib"]) for name in names), most],
        ]  # fmt: skip
        return table(["resident memory", *names, "bar"], lines)

    def cost(self, with_it: str, without: str) -> list[str]:
        """What is more in each round, and what it is more than."""
        more = [each[with_it] - each[without] for each in self.parts]
        return [median_and_spread(more), median_and_spread([each[without] for each in self.parts])]

    def of_parts(self) -> str:
        lines = [
            ["the access log, into a file", *self.cost(costs.PLAIN, "no_access_log"), "`log.access = \"\"`"],
            ["choosing among 3 targets by the scoreboard", *self.cost("scoreboard", "random"), "`balance = \"random\"`"],
            ["choosing among 3 targets by least-busy", *self.cost("least_busy", "random"), "`balance = \"random\"`"],
            ["protection: facts, key, stand-in at hand, answer judged", *self.cost("protected", costs.PLAIN), "a plain route"],
            ["the journal, of a charge written down before it is sent (two commits)", *self.cost("journalled", "pass"), "`idempotency = \"pass\"`"],
            ["metrics", "not measured", "", "cannot be switched off"],
            ["the breaker", "not measured", "", "cannot be switched off"],
        ]  # fmt: skip
        return table(["part", "processor µs more", "than µs without it", "left out by"], lines)

    def of_attacks(self) -> str:
        lines = [self.of_attack(name, seen) for name, seen in self.hostile["standin"].items()]
        heads = ["tool", "others' p99 before", "meanwhile", f"ratio, at most {OTHERS_P99_MAX:.0f}", "ratio at nginx", "at HAProxy",
                 "others failed", "the tool itself", "turned away", "resident MiB"]  # fmt: skip
        return table(heads, lines)

    def of_attack(self, name: str, seen: dict) -> list[str]:
        away = ", ".join(f"{count:,.0f} `{why}`" for why, count in seen["turned_away"].items()) or "none"
        kept = verdict(hostile.slower(seen) <= OTHERS_P99_MAX and not seen["failed"])
        if seen["said"].startswith("0 answered"):
            kept = "not measured, the tool had no answer"
        theirs = [self.hostile[peer].get(name) for peer in PEERS]
        return [name, f"{number(seen['alone_p99_ms'])} ms", f"{number(seen['p99_ms'])} ms", f"{number(hostile.slower(seen))}: {kept}",
                *(of_peer(each) for each in theirs), str(seen["failed"]), seen["said"], away, number(seen["resident_mib"])]  # fmt: skip

    def goal(self) -> str:
        ratio = statistics.median(self.ratios("post", "processor_us"))
        return f"{number(ratio)} ({'reached' if ratio <= POST_GOAL else 'not reached'})"

    def ciphers(self) -> str:
        return ", ".join(sorted({cipher for proxy in ["standin", *PEERS] for cipher in self.all("full", proxy, "cipher")}))


def of_peer(seen: dict | None) -> str:
    if not seen:
        return "not measured"
    return number(hostile.slower(seen)) + (f", {seen['failed']} failed" if seen["failed"] else "")


def page(measured: Result, machine: dict[str, str], settings: dict) -> str:
    clients = load.CONNECTIONS
    return f"""# The front door beside nginx and HAProxy

`{settings["command"]}` from {settings["begun"]} to {settings["ended"]}. Rounds: {len(measured.rounds)}; in each, the three are measured right
after one another in every row, each time another one first. *Ratio*: in each round, standin's figure by the better of the
other two's; given is the median, and judged.

**The machine was {settings["busy"]}**: load average {settings["load_before"]} before it began, {settings["load_after"]} when it ended (with its own
about 2), on {settings["cores"]} cores.

## Processor time, µs for each request

{measured.against_peers("processor_us", PROCESSOR_MAX)}
The goal of {POST_GOAL} for the POST: {measured.goal()}.

## How long a request takes, p99 in ms

At a fixed rate, the same for all.

{measured.against_peers("p99_ms", P99_MAX)}
And with as many requests as go (wrk, {clients} connections), without a bar:

{measured.against_peers("loaded_p99_ms", None)}
## Requests a second

With the front door, wrk and the upstream on two cores; whichever core is full first decides.

{measured.rates()}
## Memory

{measured.of_memory()}
## What the parts of standin cost

POSTs of 600 bytes, as many as go; charges for the journal. Differences within a round, {len(measured.parts)} rounds.

{measured.of_parts()}
What choosing a target costs with its breaker asked and its metrics counted is measured by itself: [upstream](upstream.md).

## Under tools that wear it down

{hostile.CLIENTS} clients of other addresses ask {hostile.CLIENTS_PER_S} times a second meanwhile. They share a core with
the upstream and the attackers, which have the lowest priority there; part of the wait is theirs all the same, and the others' ratios tell how much. wrk and
h2load take all of the core that the front door is given. Each was played {settings["attacks"]} times; given is the
one in the middle by its ratio, of two the worse.

{measured.of_attacks()}
{table(["machine", ""], [[name, value] for name, value in machine.items()])}
- **Placement**: the front door on core 0, clients and upstream together on core 1.
- **standin**: `standin.toml`: one thread, a plain route; access log in a file, metrics, breaker, request id, `Forwarded`, `X-Forwarded-*` and `Via`
  on. The protected route reads facts and key of each order and judges the answer.
- **nginx**: `nginx.conf`: one worker, kept connections to the upstream, buffered access log. **HAProxy**: `haproxy.cfg`: one thread, kept
  connections, HTTP log into a ring in memory. Both set a request id, `X-Forwarded-For`, `-Proto` and `-Host`.
- **Upstream**: nginx with one worker, which answers from memory (`upstream.conf`).
- **Processor time**: user and system time of all threads of all processes of the front door, from the kernel's scheduler, by requests
  answered; {settings["seconds"]} s of each row in each round, {clients} connections.
- **Latency at a fixed rate**: h2load in HTTP/1.1, 20 connections, {", ".join(f"{row.rate:,}/s" for row in rows.LOADED if not row.ours)} in the order of the rows; handshakes
  one after the other; idle connections from {load.IDLE_ADDRESSES} addresses, timed from when a request was due.
- **Idle connections**: the three stand side by side with theirs, and are measured {rows.IDLE_TURNS} times in turns; the median counts.
- **TLS**: one ECDSA P-256 certificate; all three agree on {measured.ciphers()}; sessions are resumed by tickets.
- **Memory** of a connection: what resident memory grew by, from a new process on. nginx sets its connections' memory aside when it starts.
- **Turned away**: slow clients come from one address, which may have 2,000 connections; a request's head may take {hostile.RECEIVE} here.
"""
