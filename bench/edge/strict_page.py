"""The comparison as a page: how many cases each accepts, where standin accepts more or less than another, and every case."""
from judge import Trial
from report import table


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


def _verdict(trial: Trial) -> str:
    arrived = f", {len(trial.whole)} arrived" if trial.whole else ""
    return trial.outcome.text() + arrived + (", **ambiguous**" if trial.ambiguous() else "")


def _summary(found: dict[str, list[Trial]]) -> str:
    rows = []
    for proxy, trials in found.items():
        accepted, refused = sum(trial.accepted() for trial in trials), sum(trial.refused() for trial in trials)
        ambiguous = sum(bool(trial.ambiguous()) for trial in trials)
        rows.append([proxy, str(accepted), str(refused), str(len(trials) - accepted - refused), str(ambiguous)])
    return table(["of " + str(len(trials)), "accepted", "refused", "waited for more", "arrived ambiguous"], rows)


def _rows_of(found: dict[str, list[Trial]]) -> list[dict[str, Trial]]:
    return [dict(zip(found, trials)) for trials in zip(*found.values())]


def _refusers(row: dict[str, Trial]) -> list[str]:
    return [proxy for proxy, trial in row.items() if proxy != "standin" and trial.refused()]


def _accepted_more(rows: list[dict[str, Trial]]) -> list[list[str]]:
    more = [row for row in rows if row["standin"].accepted() and _refusers(row)]
    return [
        [f"`{row['standin'].case.name}`", ", ".join(_refusers(row)), _cell(" ".join(row["standin"].case.known.get("reason", [])))]
        for row in more
    ]


def _accepted_less(rows: list[dict[str, Trial]]) -> list[list[str]]:
    less = [row for row in rows if row["standin"].refused()]
    listed = []
    for row in less:
        takers = [proxy for proxy, trial in row.items() if proxy != "standin" and trial.accepted()]
        if takers:
            listed.append([f"`{row['standin'].case.name}`", ", ".join(takers), _cell(row["standin"].case.why)])
    return listed


def _every_case(found: dict[str, list[Trial]], rows: list[dict[str, Trial]]) -> str:
    parts = []
    for topic in dict.fromkeys(row["standin"].case.topic for row in rows):
        of_topic = [row for row in rows if row["standin"].case.topic == topic]
        cells = [[f"`{row['standin'].case.name}`", *map(_verdict, row.values())] for row in of_topic]
        parts.append(f"### {topic}\n\n" + table(["case", *found], cells))
    return "\n".join(parts)


def _complaints(more: list[list[str]], found: dict[str, list[Trial]]) -> list[str]:
    complaints = [f"{name} is refused by {who}, and accepted here for no reason given" for name, who, why in more if not why]
    for trial in found["standin"]:
        complaints += [f"{trial.case.name}: ambiguous at the upstream: {problem}" for problem in trial.ambiguous()]
    return complaints


def page(found: dict[str, list[Trial]], versions: dict[str, str], date: str) -> tuple[str, list[str]]:
    """The page, and what is wrong with standin by it."""
    rows = _rows_of(found)
    more, less = _accepted_more(rows), _accepted_less(rows)
    text = f"""# Who accepts what: odd and hostile requests

`bench/edge/strict` on {date}: every case of `tests/edge/corpus` sent to standin, nginx {versions["nginx"]} and HAProxy
{versions["HAProxy"]}, each as it comes, with a head of 32 KiB allowed, in front of an upstream that frames strictly by RFC 9112 and
writes down what arrives. *Accepted*: nothing in the case was answered with 4xx or 5xx. *Ambiguous*: what arrived at the
upstream could be framed by another program in another way, or names its host twice or in a way that two programs read
differently. What each case is, and why, is in the corpus.

{_summary(found)}
## Accepted by standin, refused by another

{table(["case", "refused by", "why standin accepts it"], more)}
## Refused by standin, accepted by another

{table(["case", "accepted by", "why it is refused"], less)}
## Every case

The statuses answered, whether the connection was kept or closed or more was waited for, and how many requests arrived
behind the proxy.

{_every_case(found, rows)}"""
    return text, _complaints(more, found)
