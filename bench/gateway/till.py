"""One charge after the other through standin, under wrk: written before it is sent, or passed, or stood in for."""
import os
import pathlib
import time

import edge as edges
import gateways
import processes
from processes import Failed

HERE = pathlib.Path(__file__).resolve().parent
CHARGE = HERE / "charge.form"
DUPLICATES = 'duplicates = { kind = "folded", window = "10m" }'


def serving(ports: list[int], folder: pathlib.Path, idempotency: str, upstream: str = DUPLICATES, deadline: str = "15s"):
    folder.mkdir(exist_ok=True)
    keys = folder / "cardgate.keys"
    keys.touch(0o600)
    keys.write_text("sandbox\n")
    targets = ", ".join(f'"http://127.0.0.1:{port}/gate"' for port in ports)
    return edges.configured(HERE / "till.toml", folder, targets=targets, idempotency=idempotency, upstream=upstream, deadline=deadline)


def processor_seconds(process) -> float:
    """User and system time of the process, all threads."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def under_load(edge: edges.Edge, path: str, run: str, clients: int, seconds: float) -> dict:
    edges.wrk(edge.url(path), CHARGE, run + "warm", clients, 1)
    time.sleep(0.5)  # commits under way when wrk hung up
    told_before, kept_before = counted(edge)
    used = processor_seconds(edge.process)
    seen = edges.wrk(edge.url(path), CHARGE, run, clients, seconds)
    used = processor_seconds(edge.process) - used
    if seen["refused"] or seen["broken"]:
        raise Failed(f"{run}: {seen['refused']} answers with a status of 400 or more, {seen['broken']} broken connections")
    time.sleep(0.5)
    told, kept = counted(edge)
    return {
        "per_s": seen["answers"] / seen["seconds"],
        "p50_ms": seen["p50_ms"],
        "p99_ms": seen["p99_ms"],
        "processor_us": used / seen["answers"] * 1e6,
        "answers": seen["answers"],
        "told": told - told_before,
        "kept": kept - kept_before,
    }


def counted(edge: edges.Edge) -> tuple[float, int]:
    """Charges that the gateway approved, by the metrics; and approved ones in the journal, by standin or the gateway."""
    told = edge.metric(r'standin_forwards_total\{kind="success",outcome="approved",route="till"\}')
    return told, edges.journal_holds(edge.folder)[0]


def honest(run: str, measured: dict, name: str, clients: int) -> dict:
    """Every answer that wrk counted was an approval; wrk hangs up on at most one for each of its connections."""
    if not measured["answers"] <= measured[name] <= measured["answers"] + clients:
        raise Failed(f"{run}: wrk had {measured['answers']} answers, and approved were {measured[name]:.0f}")
    return measured


def measure(folder: pathlib.Path, clients: int, seconds: float) -> dict[str, dict]:
    closed_port = processes.free_ports(1)[0]
    with gateways.that_approves(folder / "nginx") as port:
        alone = edges.wrk(f"http://127.0.0.1:{port}/gate", CHARGE, "alone", clients, min(seconds, 3))
        with serving([port], folder / "journalled", "journalled") as edge:
            journalled = honest("journalled", under_load(edge, "/gate", "journalled", clients, seconds), "kept", clients)
            commits = edge.metric("standin_journal_commit_seconds_count")
            journalled["charges_per_commit"] = edges.journal_holds(edge.folder)[0] / commits
        os.sync()
        with serving([port], folder / "pass", "pass") as edge:
            passed = honest("pass", under_load(edge, "/gate", "pass", clients, seconds), "told", clients)
            plain = under_load(edge, "/plain", "plain", clients, seconds)
    os.sync()
    with serving([closed_port], folder / "stand_in", "journalled") as edge:
        stood_in = honest("stand-in", under_load(edge, "/gate", "standin", clients, seconds), "kept", clients)
    alone["per_s"] = alone["answers"] / alone["seconds"]
    return {"journalled": journalled, "stand_in": stood_in, "pass": passed, "plain": plain, "alone": alone}


def simulated_alone(folder: pathlib.Path, clients: int, seconds: float) -> float:
    """Charges a second of the simulated gateway, asked directly."""
    with gateways.simulated(folder, 1) as ports:
        seen = edges.wrk(f"http://127.0.0.1:{ports[0]}/gate", CHARGE, "alone", clients, seconds)
    return seen["answers"] / seen["seconds"]
