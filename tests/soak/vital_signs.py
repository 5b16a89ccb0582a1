"""What a process holds while it works, second by second, and how much more it holds at the end than at the beginning."""
import contextlib
import dataclasses
import os
import sqlite3
import statistics
import threading
import time
import typing

MEBIBYTE = 1024 * 1024
# What stays of an order by design: its key and state, and the upstream's answer to it (limits::definite_answers of them).
OF_AN_ORDER = 1024
ORDERS = ("orders", "till")  # the routes that keep something


@dataclasses.dataclass(frozen=True)
class Reading:
    at: float  # seconds since the first
    memory: int  # resident, that no file is behind: what the kernel cannot take back
    resident: int  # with the parts of files that are mapped: the program itself mostly
    descriptors: int
    threads: int
    journal: int  # bytes of its pages: they may all be in its cache, which has a limit of its own
    requests: int
    orders: int  # of these

    def unexplained(self) -> int:
        """Memory that nothing accounts for which is meant to be kept."""
        return self.memory - self.journal - OF_AN_ORDER * self.orders


def descriptors_of(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def pages_of(database: str) -> int:
    """In bytes; those that are still in its log alone count."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        pages, bytes_each = (connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        return pages * bytes_each


class Watch(threading.Thread):
    """Reads the vital signs of `standin` each second until it is told to stop; to be asked afterwards."""

    def __init__(self, standin):
        super().__init__()
        self._standin, self._over = standin, threading.Event()
        self._pid: int = standin.process.pid
        self._began = time.monotonic()
        self.readings: list[Reading] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self._over.wait(1):
                self.readings.append(self._read())
        except Exception as error:  # told by whoever stops it
            self.failure = error

    def stop(self) -> None:
        self._over.set()
        self.join()
        if self.failure:
            raise self.failure

    def _read(self) -> Reading:
        with open(f"/proc/{self._pid}/status") as file:
            status = dict(line.split(":", 1) for line in file)
        size = lambda name: int(status[name].split()[0]) * 1024
        requests = [int(self._standin.metric("standin_requests_total", **of)) for of in [{}] + [{"route": route} for route in ORDERS]]
        return Reading(time.monotonic() - self._began, size("RssAnon"), size("VmRSS"), descriptors_of(self._pid), int(status["Threads"]),
                       pages_of(self._standin.journal), requests[0], sum(requests[1:]))

    # The first fifth of the time warms up: pools, caches and buffers grow to what the load needs, and parts of the
    # allocator with them. The median of the last fifth is compared with that of the second. A slope by least squares would
    # be moved by the few readings in which large bodies or a fault's queue are under way, more so the nearer these are to
    # an end; a median is not. And the difference is in bytes, as what is allowed is.

    def fifth(self, number: int) -> list[Reading]:
        """From 1."""
        count = len(self.readings)
        return self.readings[(number - 1) * count // 5 : number * count // 5]

    def grown(self, sign: typing.Callable[[Reading], int]) -> float:
        first, last = (statistics.median(map(sign, self.fifth(number))) for number in (2, 5))
        return last - first

    def table(self, rows: int = 15) -> str:
        lines = ["    s  memory MiB  resident MiB  descriptors  threads  journal MiB  orders   requests"]
        step = max(1, len(self.readings) // rows)
        lines += [f"{reading.at:5.0f}{reading.memory / MEBIBYTE:12.1f}{reading.resident / MEBIBYTE:14.1f}{reading.descriptors:13}"
                  f"{reading.threads:9}{reading.journal / MEBIBYTE:13.1f}{reading.orders:8}{reading.requests:11}"
                  for reading in self.readings[step - 1 :: step]]
        return "\n".join(lines)
