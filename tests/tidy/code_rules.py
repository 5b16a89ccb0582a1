"""Rules about single C++ files: what their code may do, and how long it may be."""
import re

from source import Finding, Tree, code_of, is_cpp, line_at, matching, statement_start

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500

# What reaches for time, chance or sleep -> the files, folders and endings that may, each with its reason.
PORTS = [
    (
        "time",
        re.compile(
            r"\b(?:system_clock|steady_clock|high_resolution_clock|utc_clock)::now\b"
            r"|\b(?:clock_gettime|gettimeofday|ftime)\s*\("
            r"|(?<![\w.>])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0|&\w+)\s*\)"
            r"|\b(?:steady_timer|system_timer|high_resolution_timer|deadline_timer|timerfd_create)\b"
        ),
        {
            "src/net/": "the production Clock, and deadlines of real sockets: the simulated world replaces the room",
            "src/app/verb_check.cc": "runs no event loop, which a Clock belongs to",
            "src/app/process.cc": "the main thread, which has no event loop",
            "src/rehearsal/running_shop.h": "for tests of a real server on a thread of its own",
            "bench/": "measures real time",
        },
    ),
    (
        "chance",
        re.compile(
            r"\brandom_device\b|(?<![\w.>])(?:std::|::)?s?rand\s*\("
            r"|\b(?:drand48|arc4random|getrandom|getentropy|RAND_bytes)\s*\("
        ),
        {"src/base/random.cc": "the production Random"},
    ),
    (
        "chance",
        re.compile(r"\bmt19937(?:_64)?\b|\bminstd_rand0?\b|\bdefault_random_engine\b"),
        dict.fromkeys(["_test.cc", "_test_support.h", "tests/", "sim/"], "seeded, so that it repeats"),
    ),
    (
        "sleep",
        re.compile(
            r"\bthis_thread::sleep_(?:for|until)\b|(?<![\w.>:])(?:usleep|nanosleep|clock_nanosleep)\s*\("
            r"|(?<!\w)::sleep\s*\(|(?<![\w.>:])sleep\s*\(\s*\d+\s*\)"
        ),
        {
            "src/app/process.cc": "the main thread, which has no event loop, waits for the others to drain",
            "src/rehearsal/running_shop.h": "for tests of a real server on a thread of its own",
            "bench/": "measures real time",
        },
    ),
]


def ports_only(tree: Tree) -> list[Finding]:
    """No clock, randomness or sleep outside their ports, so that the simulated world can stand in for them."""
    findings = []
    for path, text in tree.items():
        if not is_cpp(path):
            continue
        code = code_of(text)
        for what, tokens, allowed in PORTS:
            if any(path.startswith(name) or path.endswith(name) for name in allowed):
                continue
            for match in tokens.finditer(code):
                message = f"`{match[0].strip()}` reaches for {what} outside its port"
                findings.append(Finding(path, line_at(code, match.start()), message))
    return findings


_LABEL = re.compile(r"\s*(?:else\b|do\b|case\b(?:[^:]|::)*:(?!:)|\w+\s*:(?!:)|\[\[\w+\]\])")
_CONTROL = re.compile(r"\s*(?:if|while|for|switch)\b\s*(?:constexpr\s*)?\(")
_ASSIGNED = re.compile(r"[\w:<>,&*\s\[\].\->]*[\w\]>]\s*=")


def _without_controls(prefix: str) -> str:
    """`prefix` less the labels and complete `if (...)` and the like that stand before the statement proper."""
    while True:
        control = _CONTROL.match(prefix)
        if control:
            end = matching(prefix, control.end() - 1)
            if end == len(prefix):
                return prefix
            prefix = prefix[end + 1 :]
            continue
        label = _LABEL.match(prefix)
        if not label:
            return prefix.strip()
        prefix = prefix[label.end() :]


_NAME = re.compile(r"(?!(?:and|or|xor|bitand|bitor|not_eq)\b)[A-Za-z_]\w*")
_TEMPLATE_ARGUMENTS = re.compile(r"<[\w:<>,&*\s()]*>(?=\s*(?:[({]|::))")


def _operand_end(code: str, at: int) -> int:
    """The end of the one call or name that starts at `at`."""
    while at < len(code):
        if code[at].isspace() or code[at] in ".*":
            at += 1
        elif code.startswith(("::", "->"), at):
            at += 2
        elif code[at] in "([{":
            at = matching(code, at) + 1
        elif match := _NAME.match(code, at) or _TEMPLATE_ARGUMENTS.match(code, at):
            at = match.end()
        else:
            break
    return at


def await_alone(tree: Tree) -> list[Finding]:
    """`co_await x;`, `auto v = co_await x;`, `v = co_await x;`, `co_return co_await x;`, and nothing larger: compilers
    have run both arms of a conditional expression that awaits."""
    findings = []
    for path, text in tree.items():
        if not is_cpp(path):
            continue
        code = code_of(text)
        for match in re.finditer(r"\bco_await\b", code):
            prefix = _without_controls(code[statement_start(code, match.start()) : match.start()])
            end = _operand_end(code, match.end())
            alone = prefix in ("", "co_return") or _ASSIGNED.fullmatch(prefix)
            if not alone or code[end : end + 1] != ";":
                line = line_at(code, match.start())
                message = "`co_await` inside a larger expression; give it a statement of its own"
                findings.append(Finding(path, line, message))
    return findings


_COROUTINE_LAMBDA = re.compile(
    r"(?<![\w\])\[])\[(?P<captures>[^\[\]]*)\]\s*(?P<parameters>\()?", re.DOTALL
)
_RETURNS_TASK = re.compile(r"\s*(?:mutable\b|noexcept\b|\s)*->\s*(?:\w+::)*(?:Task|awaitable)\b[^{;]*\{")


def no_capturing_coroutine_lambda(tree: Tree) -> list[Finding]:
    """A coroutine's captures die with the lambda object, often before its first suspension ends. Only co_spawn, handed
    the lambda itself, keeps the object as long as the coroutine."""
    findings = []
    for path, text in tree.items():
        if not is_cpp(path):
            continue
        code = code_of(text)
        for match in _COROUTINE_LAMBDA.finditer(code):
            after = matching(code, match.end() - 1) + 1 if match["parameters"] else match.end()
            returns = _RETURNS_TASK.match(code, after)
            if not match["captures"].strip() or not returns:
                continue
            body_end = matching(code, returns.end() - 1) + 1
            called_at_once = re.match(r"\s*\(", code[body_end:])
            before = code[statement_start(code, match.start()) : match.start()]
            if called_at_once or not re.search(r"\b(?:co_)?spawn\s*\(", before):
                line = line_at(code, match.start())
                message = "a lambda with captures is a coroutine; hand it whole to co_spawn or write a function"
                findings.append(Finding(path, line, message))
    return findings


_NOT_A_FUNCTION = re.compile(
    r"(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern|export)\b", re.DOTALL
)

_NOT_IN_HEADER = re.compile(r"(?m)^\s*#.*$|\b(?:public|private|protected)\s*:(?!:)")


def functions(code: str) -> list[tuple[int, int]]:
    """(first line, last line) of each function, test bodies included; a lambda belongs to the function it is in."""
    found: dict[int, int] = {}
    open_braces: list[tuple[int, bool]] = []  # (where its header starts, is it a function)
    last: tuple[int, bool] = (0, False)
    in_initialisers = False
    for match in re.finditer(r"[{}]", code):
        if match[0] == "}":
            if open_braces:
                last = open_braces.pop()
                if last[1]:
                    found[line_at(code, last[0])] = line_at(code, match.start())
            continue
        if any(is_function for _, is_function in open_braces):
            open_braces.append((match.start(), False))
            continue
        start = statement_start(code, match.start())
        header = _NOT_IN_HEADER.sub(lambda skipped: re.sub(r"[^\n]", " ", skipped[0]), code[start : match.start()])
        start += len(header) - len(header.lstrip())
        header = header.strip()
        if last[1] and in_initialisers and (header == "" or header.startswith(",")):
            # The braces before were a member's initialiser in the same constructor.
            open_braces.append((last[0], True))
        else:
            open_braces.append((start, "(" in header and not _NOT_A_FUNCTION.match(header)))
            in_initialisers = re.search(r"\)\s*(?:noexcept\s*)?:(?!:)", header) is not None
    return sorted(found.items())


def short_functions(tree: Tree) -> list[Finding]:
    findings = []
    for path, text in tree.items():
        if not is_cpp(path):
            continue
        for first, last in functions(code_of(text)):
            lines = last - first + 1
            if lines > FUNCTION_LINES_MAX:
                findings.append(Finding(path, first, f"a function of {lines} lines; {FUNCTION_LINES_MAX} at most"))
    return findings


def short_files(tree: Tree) -> list[Finding]:
    findings = []
    for path, text in tree.items():
        lines = text.count("\n")
        if path.startswith("src/") and lines > FILE_LINES_MAX:
            findings.append(Finding(path, 0, f"{lines} lines; {FILE_LINES_MAX} at most"))
    return findings
