"""The rules' own tests: made-up projects that break a rule, which it must catch, and lawful ones, which it must not."""
from typing import Callable, NamedTuple

import code_rules as code
import documentation_rules as documentation
import house_rules as house
from source import Finding, Tree

Rule = Callable[[Tree], list[Finding]]


class Case(NamedTuple):
    rule: Rule
    tree: Tree
    lines: list[int]  # where findings are expected; empty: none


def snippet(rule: Rule, text: str, *lines: int, path: str = "src/route/example.cc") -> Case:
    return Case(rule, {path: text}, list(lines))


def in_function(statement: str) -> str:
    return "Task<int> f() {\n" + statement + "\n}\n"


def awaits(statement: str, *lines: int) -> Case:
    return snippet(code.await_alone, in_function(statement), *lines)


def coroutine_lambda(statement: str, *lines: int) -> Case:
    return snippet(code.no_capturing_coroutine_lambda, in_function(statement), *lines)


def function_of(lines: int, head: str = "void f(int a)") -> str:
    return head + " {\n" + "  g();\n" * (lines - 2) + "}\n"


PORTS = [
    snippet(code.ports_only, "auto t = std::chrono::system_clock::now();", 1),
    snippet(code.ports_only, "\nauto t = steady_clock::now();", 2),
    snippet(code.ports_only, "auto t = time(nullptr);", 1),
    snippet(code.ports_only, "boost::asio::steady_timer timer(executor);", 1),
    snippet(code.ports_only, "std::random_device seed;", 1),
    snippet(code.ports_only, "int i = rand();", 1),
    snippet(code.ports_only, "std::mt19937_64 engine;", 1),
    snippet(code.ports_only, "std::mt19937_64 engine(7);", path="src/route/example_test.cc"),
    snippet(code.ports_only, "RAND_bytes(out, 12);", 1),
    snippet(code.ports_only, "std::this_thread::sleep_for(1s);", 1),
    snippet(code.ports_only, "usleep(10);", 1),
    snippet(code.ports_only, "::sleep(span);\nsleep(1);", 1, 2),
    snippet(code.ports_only, "Task<> sleep(Clock& clock);\nrun(sleep(clock));"),
    snippet(code.ports_only, "nanosleep(&span, nullptr);", 1),
    snippet(code.ports_only, "auto t = steady_clock::now();", path="src/net/asio_clock.cc"),
    snippet(code.ports_only, "getrandom(out, size, 0);", path="src/base/random.cc"),
    snippet(code.ports_only, "getrandom(out, size, 0);", 1, path="src/net/asio_clock.cc"),
    snippet(code.ports_only, "// system_clock::now is for asio_clock.cc\nf(\"rand()\");"),
    snippet(code.ports_only, "co_await clock.sleep_for(1s);\nauto t = clock.now();\noperand(1);"),
]

AWAIT = [
    awaits("co_await x;"),
    awaits("co_await clock_.sleep_until(start + 2 * step);"),
    awaits("auto v = co_await x;"),
    awaits("const Result<Response> v = co_await transport_->exchange(a, {b, c}, [] { return 1; });"),
    awaits("v = co_await std::move(task);"),
    awaits("out[i].value_ = co_await read<int>(x);"),
    awaits("co_return co_await x;"),
    awaits("if (a < b) co_await x;\nelse co_await y;"),
    awaits("for (int i = 0; i < 3; ++i) co_await x;"),
    awaits("switch (a) {\ncase Mode::off: co_await x; break;\n}"),
    awaits("co_spawn(e, [self]() -> Task<> { co_await x; }, token);"),
    awaits("// if (co_await x)\nf(\"a + co_await b\");"),
    awaits("if (co_await x) return;", 2),
    awaits("while (auto v = co_await x) f();", 2),
    awaits("co_return c ? co_await f() : co_await g();", 2, 2),
    awaits("auto v = c ? 1 : co_await g();", 2),
    awaits("auto v = 1 + co_await x;", 2),
    awaits("v += co_await x;", 2),
    awaits("auto v = co_await x + 1;", 2),
    awaits("auto v = co_await x && y;", 2),
    awaits("auto v = (co_await x).value;", 2),
    awaits("f(co_await x);", 2),
    awaits("co_return Answer{co_await x, 1};", 2),
    awaits("co_return Answer{1, co_await x};", 2),
    awaits("auto v = !co_await x;", 2),
    awaits("auto v = co_await\n    f() ? a : b;", 2),
    awaits("if (a)\n  if (b) f(co_await x);", 3),
]

LAMBDAS = [
    coroutine_lambda("auto f = [this]() -> Task<> { co_await x; };", 2),
    coroutine_lambda("run([&, a = g(b)](int c) -> Task<int> { co_return 1; });", 2),
    coroutine_lambda("spawn(e, [this]() -> Task<> { co_await x; }());", 2),
    coroutine_lambda("run([=] -> boost::asio::awaitable<void> { co_await x; });", 2),
    coroutine_lambda("boost::asio::co_spawn(e, [self] mutable -> Task<> { co_await x; }, token);"),
    coroutine_lambda("boost::asio::co_spawn(\n    e, [self]() -> Task<> { co_await x; }, token);"),
    coroutine_lambda("auto f = [](int a) -> Task<> { co_await x; };"),
    coroutine_lambda("auto f = [this](int a) -> Answer { return g(a[1]); };"),
]

LENGTHS = [
    snippet(code.short_functions, "\n" + function_of(71), 2),
    snippet(code.short_functions, function_of(70)),
    snippet(code.short_functions, "namespace a {\nclass B {\n public:\n" + function_of(71) + "};\n}\n", 4),
    snippet(code.short_functions, "class B {\n" + function_of(40) + function_of(40) + "};\n"),
    snippet(code.short_functions, function_of(71, "A::A(int a) : b_(a), c_{1}, d_{2}"), 1),
    snippet(code.short_functions, "constexpr Row rows[] = {\n" + '    {"a(", f(1)},\n' * 80 + "};\n"),
    snippet(code.short_functions, "TEST(A, B) {\n  const auto run = [&] {\n" + "    g();\n" * 70 + "  };\n}\n", 1),
    Case(code.short_files, {"src/a/b.cc": "\n" * 501}, [0]),
    Case(code.short_files, {"src/a/b.cc": "\n" * 500, "tests/a.py": "\n" * 600}, []),
]

OPEN = [
    snippet(house.nothing_left_open, "int a;\n// TO" "DO: later", 2),
    snippet(house.nothing_left_open, "/* FIX" "ME */", 1),
    snippet(house.nothing_left_open, "# XX" "X\n", 1, path="tools/example"),
    snippet(house.nothing_left_open, "A HA" "CK.\n", 1, path="docs/example.md"),
    snippet(house.nothing_left_open, 'f("XX' 'X");  // no currency\nmktemp("XXXXXX");'),
]

ROUTE = "standin_room(route THREADED ROOMS base net LIBS Boost::json)"


def including(header: str, *lines: int, path: str = "src/route/a.cc") -> Case:
    tree = {path: f"#include {header}\n", "src/route/CMakeLists.txt": ROUTE, "src/net/client.h": ""}
    return Case(house.floor_plan, tree, list(lines))


FLOORS = [
    including('"net/client.h"'),
    including('"route/b.h"'),
    including("<sys/types.h>"),
    including('"vault/vault.h"', 1),
    including('"app/serve.h"', 1),
    including("<boost/beast/http.hpp>", 1),
    including("<boost/beast/http.hpp>", path="src/net/a.cc"),
    including("<openssl/evp.h>", 1),
    including("<openssl/evp.h>", path="src/vault/a.cc"),
    including("<sqlite3.h>", 1),
    including("<sqlite3.h>", path="src/journal/a.cc"),
    Case(house.floor_plan, {"src/route/CMakeLists.txt": "standin_room(route ROOMS base replay)"}, [1]),
    Case(house.floor_plan, {"src/net/CMakeLists.txt": "standin_room(net ROOMS base config)"}, [1]),
    Case(house.floor_plan, {"src/attic/CMakeLists.txt": "standin_room(attic)"}, [0]),
]



def checking(header: str, *lines: int, path: str = "sim/checkers/a.cc") -> Case:
    return snippet(house.checkers_stand_alone, f"#pragma once\n#include {header}\n", *lines, path=path)


CHECKERS = [
    checking('"sim/checkers/evidence.h"'),
    checking("<vector>"),
    checking("<fmt/format.h>"),
    checking("<gtest/gtest.h>", path="sim/checkers/a_test.cc"),
    checking("<gmock/gmock.h>", path="sim/checkers/test_evidence.h"),
    checking("<gtest/gtest.h>", 2),
    checking('"base/money.h"', 2),
    checking('"journal/journal.h"', 2, path="sim/checkers/a.h"),
    checking('"base/money.h"', 2, path="sim/checkers/a_test.cc"),
    checking('"sim/world.h"', 2),
    checking('"money.h"', 2),
    checking("<boost/json.hpp>", 2),
    checking('"base/money.h"', path="sim/actors/a.cc"),
]

KEYS = 'Key{"log", table, "", ""},\nKey{"log.access", text, "", ""},\nKey{"alerts", later, "", "", "alerts"},\n'
METRICS = {"src/telemetry/metrics.cc": 'f("standin_orders"); // standin_comment'}
VERBS = {"src/app/main.cc": 'app.add_subcommand("serve", "runs");\n// app.add_subcommand("later");\n'}
KEY_VERBS = {"src/app/keys.cc": 'app.add_subcommand("keys", "");\nverb->add_subcommand(\n    "new", "");\n'}


def keys_described(page: str | None, *lines: int) -> Case:
    pages = {} if page is None else {"docs/configuration.md": page}
    return Case(documentation.configuration_keys, {"src/config/keys.cc": KEYS} | pages, list(lines))


DOCUMENTATION = [
    keys_described("| `log.access` | text |\n"),
    keys_described("`log.access` in passing\n", 0),
    keys_described("| `log.access` | text |\n| `log.excess` | text |\n", 2),
    keys_described(None, 0),
    Case(documentation.configuration_keys, {}, [0]),
    Case(documentation.metrics, METRICS | {"docs/metrics.md": "| `standin_orders` | gauge |\n"}, []),
    Case(documentation.metrics, METRICS | {"docs/metrics.md": "| `standin_gone` | gauge |\n"}, [0, 1]),
    Case(documentation.metrics, METRICS, [0]),
    Case(documentation.metrics, {}, [0]),
    Case(documentation.verbs, VERBS | {"README.md": "run `build/standin serve -c FILE`; standin keeps on"}, []),
    Case(documentation.verbs, VERBS | {"README.md": "```\n$ standin serve\nstandin dance\n```"}, [3]),
    Case(documentation.verbs, VERBS | {"README.md": "`standin serve`\nstandin reads one file."}, []),
    Case(documentation.verbs, VERBS, [1]),
    Case(documentation.verbs, KEY_VERBS | {"docs/a.md": "`standin keys`\n`standin keys list|new`"}, []),
    Case(documentation.verbs, KEY_VERBS | {"docs/a.md": "`standin keys`\nanything new"}, [2]),
    Case(documentation.verbs, {}, [0]),
]

CASES = PORTS + AWAIT + LAMBDAS + LENGTHS + OPEN + FLOORS + CHECKERS + DOCUMENTATION


def run(rules: list[Rule]) -> int:
    failures = 0
    for case in CASES:
        lines = sorted(finding.line for finding in case.rule(case.tree))
        if lines != case.lines:
            failures += 1
            print(f"{case.rule.__name__}: expected findings on lines {case.lines}, got {lines}, in:")
            for path, text in case.tree.items():
                print(f"--- {path}\n{text[:400]}")
    for rule in rules:
        caught = [case for case in CASES if case.rule is rule and case.lines]
        if not caught:
            failures += 1
            print(f"{rule.__name__}: no case that it must catch")
    print(f"tidy: {len(CASES)} cases for {len(rules)} rules, {failures} failed")
    return 1 if failures else 0
