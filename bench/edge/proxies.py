"""standin, nginx and HAProxy as front doors on a core of their own, and the application behind them on another."""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import string
import subprocess
import tempfile

import processes
from processes import STANDIN, Failed

HERE = pathlib.Path(__file__).resolve().parent
PROXY_CORE, LOAD_CORE = 0, 1
NAMES = ["standin", "nginx", "HAProxy"]
NS_PER_S = 1e9


def stay_on_the_load_core() -> None:
    """This process, and with it whatever it starts: clients and upstream. A front door is moved to its own core."""
    os.sched_setaffinity(0, {LOAD_CORE})


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


@dataclasses.dataclass
class Proxy:
    name: str
    port: int
    tls_port: int
    console_port: int
    folder: pathlib.Path
    process: subprocess.Popen | None = None

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def tls_url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.tls_port}{path}"

    def processor_s(self) -> float:
        """User and system time of all threads of all its processes: utime and stime, but in nanoseconds."""
        tasks = [task for pid in family(self.process.pid) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / NS_PER_S

    def resident_kib(self) -> int:
        return sum(resident_kib(pid) for pid in family(self.process.pid))

    def alive(self) -> bool:
        return self.process.poll() is None


def resident_kib(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def make_certificate(folder: pathlib.Path) -> None:
    """proxy.pem, proxy.key, and both in one file for HAProxy."""
    subject = ["-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example,IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    processes.run(["openssl", "req", "-x509", *kind, *subject, "-keyout", folder / "proxy.key", "-out", folder / "proxy.pem"])
    (folder / "both.pem").write_text((folder / "proxy.pem").read_text() + (folder / "proxy.key").read_text())


def fill_in(name: str, folder: pathlib.Path, values: dict) -> pathlib.Path:
    path = folder / name
    path.write_text(string.Template((HERE / name).read_text()).substitute(values))
    return path


def command_of(proxy: Proxy, values: dict) -> list:
    if proxy.name == "nginx":
        return ["nginx", "-p", proxy.folder, "-c", fill_in("nginx.conf", proxy.folder, values), "-e", "stderr"]
    if proxy.name == "HAProxy":
        return ["haproxy", "-db", "-f", fill_in("haproxy.cfg", proxy.folder, values)]
    processes.run([STANDIN, "keys", "new", proxy.folder / "journal.keys"])
    return [STANDIN, "serve", "-c", fill_in("standin.toml", proxy.folder, values)]


@contextlib.contextmanager
def serving(name: str, parent: pathlib.Path, upstream_port: int, targets: int = 1, **changed: str):
    """One of them until the end of the block, in a folder of its own; `changed` are values of standin.toml, and `targets`
    says how many names of the one upstream it has there."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=name.lower() + "-", dir=parent))
    folder.chmod(0o755)
    for file in ("proxy.pem", "proxy.key", "both.pem"):
        shutil.copy(parent / file, folder)
    proxy = Proxy(name, *processes.free_ports(3), folder)
    listed = ", ".join(f'"http://127.0.0.{number}:{upstream_port}"' for number in range(1, targets + 1))
    values = {"port": proxy.port, "tls_port": proxy.tls_port, "console_port": proxy.console_port, "targets": listed,
              "upstream_port": upstream_port, "access": "access.log", "balance": "least-busy",
              "receive": "30s"} | changed  # fmt: skip
    command = ["taskset", "--cpu-list", PROXY_CORE, *command_of(proxy, values)]
    try:
        with processes.serving([str(part) for part in command], proxy.port, folder) as proxy.process:
            processes.wait_for(lambda: processes.answers(proxy.tls_port), f"{name} under TLS")
            yield proxy
            if not proxy.alive():
                raise Failed(f"{name} ended:\n{(folder / 'server.log').read_text()[-2000:]}")
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def upstream(folder: pathlib.Path):
    """The port of an application that answers from memory, at any address of this machine's own."""
    port = processes.free_ports(1)[0]
    (folder / "100k.html").write_text("x" * 100 * 1024)
    values = {"upstream_port": port, "text_1k": "x" * 1024, "folder": folder}
    command = ["nginx", "-p", folder, "-c", fill_in("upstream.conf", folder, values), "-e", "stderr"]
    with processes.serving(command, port, folder):
        yield port


def versions() -> dict[str, str]:
    named = {"nginx": "nginx", "HAProxy": "haproxy", "OpenSSL": "libssl3", "nghttp2 (h2load)": "nghttp2-client"}
    show = ["dpkg-query", "--show", "--showformat=${Version}"]
    return {what: processes.run([*show, package]) for what, package in named.items()}
