#!/usr/bin/env python3
"""Plants each mistake that the program can be built with, and expects the simulator to find it within so many seeds.

find_planted.py STANDIN_PLANTED [BUG...]
"""
import re
import subprocess
import sys

SEEDS = range(1, 121)  # of each bug, with every kind of sabotage
# Those that need faults that seldom meet get more seeds, or fewer other faults; the rarest, those around one that found them.
RARE: dict[str, tuple[range, list[str]]] = {
    "withdrawn_though_told": (range(1, 201), ["--sabotage", "network,partition,slow_disk,slow_network,rude_shoppers"]),
    "bare_409_is_proof": (range(1, 301), ["--sabotage", "slow_gateway,gateway_errors,answers_lost,slow_network,rude_shoppers"]),
    "refund_kept_as_shadow": (range(1, 201), ["--sabotage", "names,operators"]),
    "rest_of_match_forgotten": (range(1, 201), ["--sabotage", "slow_gateway,answers_lost"]),
    "one_payload_remembered": (range(1, 201), ["--sabotage", "network,shop_crash,slow_network,rude_shoppers"]),
    "sent_after_lease": (range(1, 401), ["--sabotage", "pause,slow_gateway,answers_lost,slow_network,operators"]),
    "forgotten_yes_undone": (range(361, 381), ["--purchases", "600"]),
    "lease_without_fencing": (range(1, 401), ["--sabotage", "pause,slow_gateway,answers_lost,slow_network,operators"]),
}


def planted_bugs(program: str) -> list[str]:
    return subprocess.run([program, "simulate", "--list-bugs"], check=True, capture_output=True, text=True).stdout.split()


def runs_until_found(program: str, bug: str, seeds: range, options: list[str]) -> tuple[int, str] | None:
    """How many seeds it took, and which promises were broken; nothing if none was."""
    command = [program, "simulate", "--quiet", "--plant", bug, "--first", str(seeds.start), "--runs", str(len(seeds)),
               "--first-failure", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    if done.returncode == 0:
        return None
    if "a run ended the process" in done.stdout:
        return 0, "an invariant, which aborts"
    seed = re.search(r"--seed (\d+)", done.stdout)
    promises = sorted(set(re.findall(r"^  (P\d+|money|lease) ", done.stdout, re.MULTILINE)))
    if not seed:
        sys.exit(f"{bug}: the simulator did not say which seed failed:\n{done.stdout}{done.stderr}")
    return int(seed.group(1)), " ".join(promises)


def main() -> int:
    program = sys.argv[1]
    missed = []
    bugs = sys.argv[2:] or planted_bugs(program)
    for bug in bugs:
        seeds, options = RARE.get(bug, (SEEDS, []))
        found = runs_until_found(program, bug, seeds, options)
        if found:
            print(f"{bug}: found at seed {found[0]}, by {found[1]}" if found[0] else f"{bug}: found by {found[1]}", flush=True)
        else:
            print(f"{bug}: NOT FOUND in seeds {seeds.start} to {seeds.stop - 1}", flush=True)
            missed.append(bug)
    print(f"{len(bugs) - len(missed)} of {len(bugs)} planted bugs found")
    return 1 if missed or len(bugs) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
