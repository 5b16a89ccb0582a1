"""A gateway on another machine: a network namespace of its own, at the other end of a link that can be taken down."""
import ctypes
import os
import subprocess
import threading

from gateways import Gateway
from harness import PATIENCE
from load import cannot

CLONE_NEWNET = 0x40000000
HERE, THERE = "10.83.0.1", "10.83.0.2"


def _libc_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def _ip(arguments: str) -> None:
    done = subprocess.run(["ip", *arguments.split()], capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise OSError(f"ip {arguments}: {done.stderr.strip()}")


class Link:
    """Takes this process into a network namespace of its own, for good: the machine's network is not touched."""

    def __init__(self):
        try:
            _libc_call("unshare", CLONE_NEWNET)
            _ip("link set lo up")
            here = os.open("/proc/self/ns/net", os.O_RDONLY)
            _libc_call("unshare", CLONE_NEWNET)
            self._there = os.open("/proc/self/ns/net", os.O_RDONLY)
            _libc_call("setns", here, CLONE_NEWNET)
            os.close(here)
            _ip(f"link add here type veth peer name there netns /proc/{os.getpid()}/fd/{self._there}")
            _ip(f"addr add {HERE}/30 dev here")
            self.from_there(lambda: (_ip("link set lo up"), _ip(f"addr add {THERE}/30 dev there")))
            self.up()
        except OSError as error:
            cannot("a network of two machines", error)

    def enter(self) -> None:
        _libc_call("setns", self._there, CLONE_NEWNET)

    def from_there(self, work):
        """What `work` returns, on a thread that is at the other end."""
        result: list = []
        failed: list[Exception] = []

        def run() -> None:
            try:
                self.enter()
                result.append(work())
            except Exception as error:  # raised below, in the thread that asked
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return result[0]

    def down_here(self) -> None:
        """Our cable: there is no route any more."""
        _ip("link set here down")

    def down_there(self) -> None:
        """Theirs: what is sent is lost, and nobody says so."""
        self.from_there(lambda: _ip("link set there down"))

    def up(self) -> None:
        _ip("link set here up")
        self.from_there(lambda: _ip("link set there up"))


class GatewayThere(Gateway):
    def __init__(self, folder: str, link: Link):
        self._link = link
        link.from_there(lambda: super(GatewayThere, self).__init__(folder, places=((THERE, 0),)))

    def spawn(self, *arguments: str, prepare=lambda: None) -> None:
        super().spawn(*arguments, prepare=lambda: (self._link.enter(), prepare()))

    def control(self, method: str, what: str, body=None):
        return self._link.from_there(lambda: super(GatewayThere, self).control(method, what, body))
