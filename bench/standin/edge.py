"""standin itself: standing in for a shop that is down, under wrk."""
import contextlib
import dataclasses
import pathlib
import re
import sqlite3
import string
import subprocess
import time
import urllib.request

import processes
from processes import HERE, STANDIN, Failed


@dataclasses.dataclass
class Edge:
    port: int
    console_port: int
    folder: pathlib.Path
    process: subprocess.Popen | None = None

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.console_port}/metrics", timeout=5) as page:
            found = re.search(rf"^{name} (\S+)$", page.read().decode(), re.MULTILINE)
        return float(found[1]) if found else 0.0


@contextlib.contextmanager
def configured(template: pathlib.Path, folder: pathlib.Path, **values):
    """An edge in the folder, with a new journal there unless it has one; the template has its ports and the values."""
    edge = Edge(*processes.free_ports(2), folder)
    folder.mkdir(exist_ok=True)
    text = string.Template(template.read_text())
    ports = {"edge_port": edge.port, "console_port": edge.console_port}
    (folder / "standin.toml").write_text(text.substitute(ports | values))
    if not (folder / "journal.keys").exists():
        processes.run([STANDIN, "keys", "new", folder / "journal.keys"])
    with processes.serving([STANDIN, "serve", "-c", "standin.toml"], edge.port, folder) as edge.process:
        processes.wait_for(lambda: processes.answers(edge.console_port), "the console")
        yield edge


def standing_in_for(shop_port: int, folder: pathlib.Path):
    """An edge with a new journal in the folder."""
    return configured(HERE / "standin.toml", folder, shop_port=shop_port)


def journal_holds(folder: pathlib.Path) -> tuple[int, int]:
    """Accepted orders, and the bytes of the journal's database, with what is still in its log."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True)) as journal:
        orders = journal.execute("SELECT count(*) FROM orders WHERE accepted = 1 AND shadow = 0").fetchone()[0]
        pages = journal.execute("PRAGMA page_count").fetchone()[0] * journal.execute("PRAGMA page_size").fetchone()[0]
    return orders, pages


def wrk(url: str, request: pathlib.Path, run: str, connections: int, seconds: float) -> dict:
    """The request's KEY is another in each; what its name ends in says its type."""
    command = ["wrk", "--threads", "2", "--connections", connections, "--duration", f"{seconds}s", "--timeout", "20s"]
    script = ["--script", HERE / "orders.lua", url, "--", request, run]
    return processes.last_json(processes.run(command + script))


def count_honestly(folder: pathlib.Path, before: int, told_yes: int, connections: int) -> int:
    """What the journal gained is what wrk was told, and at most one more for each connection it hung up."""
    time.sleep(0.5)  # commits under way when wrk hung up
    kept = journal_holds(folder)[0] - before
    if not told_yes <= kept <= told_yes + connections:
        raise Failed(f"wrk was told yes {told_yes} times, and the journal holds {kept} orders more than before")
    return kept


def measure(folder: pathlib.Path, connections: int, seconds: float) -> dict:
    closed_port = processes.free_ports(1)[0]
    with standing_in_for(closed_port, folder) as edge:
        url, order = edge.url("/orders"), HERE / "order.json"
        wrk(url, order, "warm", connections, 1)
        time.sleep(0.5)
        before, bytes_before = journal_holds(folder)
        commits = edge.metric("standin_journal_commit_seconds_count")
        seen = wrk(url, order, "measured", connections, seconds)
        commits = edge.metric("standin_journal_commit_seconds_count") - commits
        if seen["refused"] or seen["broken"]:
            raise Failed(f"{seen['refused']} answers other than yes, {seen['broken']} broken connections")
        kept = count_honestly(folder, before, seen["answers"], connections)
        size = journal_holds(folder)[1] - bytes_before
    return {
        "orders_per_s": seen["answers"] / seen["seconds"],
        "p50_ms": seen["p50_ms"],
        "p99_ms": seen["p99_ms"],
        "max_ms": seen["max_ms"],
        "told_yes": seen["answers"],
        "kept": kept,
        "bytes_per_order": size / kept,
        "orders_per_commit": kept / commits,
    }
