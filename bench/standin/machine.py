"""What the figures depend on: the machine, its disk and the versions measured."""
import os
import pathlib
import platform
import re
import subprocess

import original
import processes
from processes import ROOT


def field(path: str, pattern: str) -> str:
    found = re.search(pattern, pathlib.Path(path).read_text(), re.MULTILINE)
    return found[1].strip() if found else "unknown"


def file_system(folder: pathlib.Path) -> str:
    columns = processes.run(["df", "--output=fstype,source", folder]).splitlines()[1].split()
    return f"{columns[0]} on {columns[1]}"


def first_line(command: list) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def describe(folder: pathlib.Path) -> dict[str, str]:
    processor = field("/proc/cpuinfo", r"^model name\s*: (.*)$")
    memory_kib = int(field("/proc/meminfo", r"^MemTotal:\s+(\d+)"))
    compiler = field(str(ROOT / "build" / "CMakeCache.txt"), r"^CMAKE_CXX_COMPILER:\w+=(.*)$")
    return {
        "processor": f"{processor}, {os.cpu_count()} cores",
        "memory": f"{memory_kib / 2**20:.1f} GiB",
        "kernel": f"Linux {platform.release()}",
        "file system": file_system(folder),
        "standin": f"commit {commit()}, {first_line([compiler, '--version'])}, RelWithDebInfo (-O2), ThinLTO, with its profile",
        "SQLite": processes.run(["dpkg-query", "--show", "--showformat=${Version}", "libsqlite3-0"]),
        "PostgreSQL": original.version(),
        "wrk": re.sub(r"^wrk (\S+).*$", r"\1", first_line(["wrk", "-v"])),
    }


def commit() -> str:
    """With a plus for what is not committed."""
    try:
        short = processes.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"]).strip()
        changed = processes.run(["git", "-C", ROOT, "status", "--porcelain", "--", "src", "cmake", "CMakeLists.txt"]).strip()
    except processes.Failed:
        return "unknown"
    return short + ("+" if changed else "")
