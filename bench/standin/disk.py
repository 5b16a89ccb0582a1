"""The disk's own limit: append and shared fdatasync, from as many producers as standin has connections."""
import pathlib

import processes
from processes import ROOT


def build() -> pathlib.Path:
    processes.run(["cmake", "--build", ROOT / "build", "--target", "disk_limit"], 600)
    return ROOT / "build" / "bench" / "disk_limit"


def measure(program: pathlib.Path, folder: pathlib.Path, producers: int, bytes_per_order: float, seconds: float) -> dict:
    folder.mkdir()
    return processes.last_json(processes.run([program, folder / "log", producers, round(bytes_per_order), seconds]))
