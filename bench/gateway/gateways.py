"""What stands behind the till while it is measured: a gateway that only approves, and the simulated one."""
import contextlib
import json
import pathlib
import string
import urllib.request

import processes
from processes import STANDIN

HERE = pathlib.Path(__file__).resolve().parent


def ask(port: int, method: str, what: str, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/_control/{what}", data, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


@contextlib.contextmanager
def that_approves(folder: pathlib.Path):
    """The port of nginx, which answers every charge with an approval."""
    port = processes.free_ports(1)[0]
    folder.mkdir()
    (folder / "nginx.conf").write_text(string.Template((HERE / "approves.conf").read_text()).substitute(port=port))
    with processes.serving(["nginx", "-p", folder, "-c", "nginx.conf", "-e", "stderr"], port, folder):
        yield port


@contextlib.contextmanager
def simulated(folder: pathlib.Path, locations: int, *options: str):
    """Its locations' ports; the ledger is the folder's, if it has one."""
    ports = processes.free_ports(locations)
    folder.mkdir(exist_ok=True)
    listen = [option for port in ports for option in ("--listen", f"127.0.0.1:{port}")]
    command = [STANDIN, "sim", "gateway", *listen, "--ledger", "ledger.db", "--timezone-minutes", "0", *options]
    with processes.serving(command, ports[0], folder):
        yield ports
