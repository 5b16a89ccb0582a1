#!/usr/bin/env python3
"""The house rules as a test: reads every file of the project and reports what breaks a rule.

tests/tidy/tidy.py              checks the project
tests/tidy/tidy.py --self-test  checks the rules: each must catch what it is there for
"""
import sys
import time

sys.dont_write_bytecode = True  # no cache files among the sources

import code_rules
import documentation_rules
import house_rules
from source import read_tree

RULES = [
    code_rules.ports_only,
    code_rules.await_alone,
    code_rules.no_capturing_coroutine_lambda,
    code_rules.short_functions,
    code_rules.short_files,
    house_rules.nothing_left_open,
    house_rules.floor_plan,
    house_rules.checkers_stand_alone,
    documentation_rules.configuration_keys,
    documentation_rules.metrics,
    documentation_rules.verbs,
]


def check_project() -> int:
    started = time.monotonic()
    tree = read_tree()
    findings = sorted({finding for rule in RULES for finding in rule(tree)})
    for finding in findings:
        print(finding)
    took = time.monotonic() - started
    print(f"tidy: {len(RULES)} rules, {len(tree)} files, {len(findings)} findings ({took:.1f} s)")
    return 1 if findings else 0


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        import self_test

        return self_test.run(RULES)
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    return check_project()


if __name__ == "__main__":
    sys.exit(main())
