"""Rules about documentation: every configuration key, metric and verb that the program has is described, and none that
it does not have."""
import re

from source import Finding, Tree, code_of, line_at, strings_of

CONFIGURATION_PAGE = "docs/configuration.md"
METRICS_PAGE = "docs/metrics.md"
KEY_TABLE = "src/config/keys.cc"

# `Key{"path", kind, ...`: a table has no value of its own, and `later` ones are not in this version.
_KEY = re.compile(r'Key\{"([\w.]+)", (\w+)')
_NOT_VALUES = {"table", "tables", "later"}
_METRIC = re.compile(r"\bstandin_[a-z_]+\b")
# A verb is added to `app`; what is added to a verb is its own: `verb->add_subcommand("new", ...)`.
_VERB = re.compile(r'(\bapp\.|->|\.)add_subcommand\(\s*"([a-z-]+)"')
# In documentation: `standin serve` or `build/standin serve -c FILE`, or a line of a code block that begins so.
_VERB_WRITTEN = re.compile(r"`(?:sudo )?(?:build/)?standin ([a-z][a-z-]+)\b")
_VERB_IN_BLOCK = re.compile(r"\s*(?:[$#] )?(?:sudo )?(?:build/)?standin ([a-z][a-z-]+)\b")


def _rows(page: str, name: str) -> dict[str, int]:
    """What the tables of a page describe in their first column: name -> line."""
    rows = re.finditer(rf"(?m)^\| `({name})` \|", page)
    return {row[1]: line_at(page, row.start()) for row in rows}


def _compare(
    page: str, tree: Tree, what: str, source: str, has: set[str], described: dict[str, int]
) -> list[Finding]:
    if page not in tree:
        return [Finding(page, 0, f"is missing; it describes every {what} of {source}")]
    missing = [
        Finding(page, 0, f"does not describe the {what} `{name}` of {source}") for name in sorted(has - set(described))
    ]
    unknown = [
        Finding(page, described[name], f"describes the {what} `{name}`, which {source} does not have")
        for name in sorted(set(described) - has)
    ]
    return missing + unknown


def configuration_keys(tree: Tree) -> list[Finding]:
    """docs/configuration.md has a table row, "| `section.key` | ...", for each key that has a value."""
    keys = dict(_KEY.findall(tree.get(KEY_TABLE, "")))
    if not keys:
        return [Finding(KEY_TABLE, 0, "no table of keys found: has it moved?")]
    rows = _rows(tree.get(CONFIGURATION_PAGE, ""), r"[\w.]+")
    described = {key: line for key, line in rows.items() if keys.get(key) not in _NOT_VALUES}
    has = {key for key, kind in keys.items() if kind not in _NOT_VALUES}
    return _compare(CONFIGURATION_PAGE, tree, "key", KEY_TABLE, has, described)


def metrics(tree: Tree) -> list[Finding]:
    """docs/metrics.md has a table row for each metric."""
    has: set[str] = set()
    for path, text in tree.items():
        if path.startswith("src/telemetry/") and path.endswith(".cc") and not path.endswith("_test.cc"):
            has |= {name for _, literal in strings_of(text) for name in _METRIC.findall(literal)}
    if not has:
        return [Finding("src/telemetry", 0, "no metric found: has their naming changed?")]
    described = _rows(tree.get(METRICS_PAGE, ""), "standin_[a-z_]+")
    return _compare(METRICS_PAGE, tree, "metric", "src/telemetry", has, described)


def _verbs_of(path: str, text: str) -> list[tuple[str, str, Finding]]:
    """(verb, verb below it or "", the finding if it is not described)."""
    code, found, top = code_of(text), [], ""
    for match in _VERB.finditer(text):
        if code[match.start()] == " ":  # in a comment
            continue
        below = match[2] if match[1] != "app." else ""
        top = top if below else match[2]
        whole = f"{top} {below}".strip()
        finding = Finding(path, line_at(text, match.start()), f"verb `{whole}` is in no documentation")
        found.append((top, below, finding))
    return found


def _verbs_written(page: str) -> list[tuple[int, str, str]]:
    """(line, verb, text of the line) wherever a page writes a command."""
    written, in_block = [], False
    for number, line in enumerate(page.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            in_block = not in_block
        elif in_block:
            if match := _VERB_IN_BLOCK.match(line):
                written.append((number, match[1], line))
        else:
            written += [(number, match[1], line) for match in _VERB_WRITTEN.finditer(line)]
    return written


def verbs(tree: Tree) -> list[Finding]:
    """README.md or a page of docs/ names each verb, and no other. A verb below another one, such as `keys new`, is
    named on a line with it."""
    folders = ("src/app/", "sim/runner/")
    sources = [(path, text) for path, text in tree.items() if path.startswith(folders) and path.endswith(".cc")]
    has = [verb for path, text in sources for verb in _verbs_of(path, text)]
    if not has:
        return [Finding("src/app", 0, "no verb found: has the command line changed?")]
    findings, lines = [], []
    known = {top for top, _, _ in has}
    for path, text in tree.items():
        if path.endswith(".md"):
            for number, verb, line in _verbs_written(text):
                lines.append(line)
                if verb not in known:
                    findings.append(Finding(path, number, f"`standin {verb}`: there is no such verb"))
    for top, below, finding in has:
        pattern = re.compile(rf"\bstandin {top}\b.*\b{below}\b" if below else rf"\bstandin {top}\b")
        if not any(pattern.search(line) for line in lines):
            findings.append(finding)
    return findings
