"""The original design: PostgreSQL, and for each order one transaction that looks the key up and inserts the request."""
import contextlib
import os
import pathlib
import re
import shutil

import processes
from processes import HERE, Failed

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
SCHEMA = "CREATE TABLE orders (id bigserial PRIMARY KEY, idempotency_key text NOT NULL UNIQUE, request text NOT NULL)"
# PostgreSQL's own defaults, but for where it listens; said again because the comparison rests on them.
SETTINGS = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on"}


def as_postgres(command: list, seconds: float = 120) -> str:
    """PostgreSQL refuses to run as root."""
    owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    return processes.run(owner + command, seconds, cwd="/")


def version() -> str:
    return processes.run([PROGRAMS / "postgres", "--version"]).split()[2]


@contextlib.contextmanager
def cluster(folder: pathlib.Path):
    """A cluster of its own on a Unix socket in the folder."""
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    as_postgres([PROGRAMS / "initdb", "-D", data, "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"])
    settings = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    control = [PROGRAMS / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    as_postgres(control + ["-o", f"{settings} -c unix_socket_directories='{folder}'", "start"])
    try:
        yield
    finally:
        as_postgres(control + ["-m", "fast", "stop"])


def measure(folder: pathlib.Path, clients: int, seconds: float) -> dict:
    with cluster(folder):
        connection = ["-h", folder, "-U", "postgres"]
        as_postgres([PROGRAMS / "psql", *connection, "-q", "-c", SCHEMA])
        script = folder / "original.sql"
        script.write_text((HERE / "original.sql").read_text())
        request = (HERE / "order.json").read_text().strip()
        load = ["-n", "-M", "prepared", "-c", clients, "-j", "2", "-D", f"request={request}", "-f", script]
        pgbench = [PROGRAMS / "pgbench", *connection, *load]
        as_postgres([*pgbench, "-T", "1", "postgres"])
        output = as_postgres([*pgbench, "-T", round(seconds), "postgres"])
    return read(output)


def read(output: str) -> dict:
    rate = re.search(r"^tps = (\S+)", output, re.MULTILINE)
    latency = re.search(r"^latency average = (\S+) ms", output, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", output, re.MULTILINE)
    if not (rate and latency and failed) or int(failed[1]) > 0:
        raise Failed(f"pgbench did not measure what it should:\n{output}")
    return {"orders_per_s": float(rate[1]), "average_ms": float(latency[1])}
