"""Servers for the length of a measurement, and commands that answer in JSON."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
STANDIN = pathlib.Path(os.environ.get("STANDIN_BINARY", ROOT / "build" / "standin"))


class Failed(Exception):
    """The measurement could not be made, or did not measure what it says."""


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def answers(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition, what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


@contextlib.contextmanager
def serving(command: list, port: int, folder: pathlib.Path):
    """Runs the server until the end of the block; it answers on the port when the block begins."""
    name = " ".join(str(part) for part in command[:3])
    log = folder / "server.log"
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for(lambda: process.poll() is not None or answers(port), name)
        if process.poll() is not None:
            raise Failed(f"{name} ended:\n{log.read_text()[-2000:]}")
        yield process
    finally:
        stop(process)


def run(command: list, seconds: float = 120, **options) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, **options
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(str(part) for part in command[:4])}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def last_json(output: str) -> dict:
    return json.loads(output.strip().splitlines()[-1])
