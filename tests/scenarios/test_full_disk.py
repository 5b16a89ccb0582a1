"""A journal that cannot be written: forwarding goes on, nothing is promised, nobody is told no, and somebody is told."""
import ctypes
import os
import resource
import signal
import unittest

from harness import UNAVAILABLE, Scenario, ask, eventually

LARGE = "x" * 100_000
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_REC, MS_PRIVATE, MS_REMOUNT = 0x4000, 0x40000, 0x20


def own_mounts() -> bool:
    """From now on this process and its children mount for themselves alone; false where that is not permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        user, group = os.getuid(), os.getgid()
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
            return False
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    return libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) == 0


def mount_small(folder: str, size: str) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, f"size={size}".encode()) == 0


def unmount(folder: str) -> None:
    ctypes.CDLL(None).umount2(folder.encode(), 2)


class JournalThatCannotBeWritten(Scenario):
    def assert_neither_yes_nor_no(self, key: str, cents: int = 1000):
        answer = self.standin.order(key, cents)
        self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))

    def fill_with_orders(self, budget: int) -> list[str]:
        """Accepts orders until the journal takes no more; the keys of those accepted."""
        accepted = []
        for number in range(budget):
            answer = self.standin.order(f"filling-{number}", 1, note=LARGE)
            if answer.status != 201:
                self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))
                return accepted
            accepted.append(f"filling-{number}")
        raise AssertionError("the disk is never full")

    def assert_it_goes_on_without_promising(self):
        self.assertEqual(self.standin.metric("standin_journal_promising"), 0)
        self.standin.will_log("journal_not_promising")
        self.assert_neither_yes_nor_no("within-the-floor")
        self.assert_neither_yes_nor_no("over-the-floor", 9900)
        self.shop.start()
        for number in range(3):
            self.assertTrue(self.standin.order(f"live-{number}").json()["order"]["id"].startswith("ord_"))
        self.shop.faults(answer="status", status=500)
        self.assert_neither_yes_nor_no("stood-in")
        self.shop.kill()


class FullDisk(JournalThatCannotBeWritten):
    @classmethod
    def setUpClass(cls):
        cls.mounts = own_mounts()

    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        if not self.mounts or not mount_small(self.disk, "4m"):
            self.skipTest("no file system may be mounted here: the limit on a file's size stands in for it")
        self.addCleanup(unmount, self.disk)
        self.configuration.change("journal", url=f'"sqlite:{self.disk}/journal.db"')
        self.standin.journal = os.path.join(self.disk, "journal.db")
        self.standin.socket = os.path.join(self.disk, "standin.sock")
        self.ballast = os.path.join(self.disk, "ballast")

    def make_room(self) -> None:
        os.unlink(self.ballast)
        libc = ctypes.CDLL(None, use_errno=True)
        self.assertEqual(libc.mount(b"tmpfs", self.disk.encode(), b"tmpfs", MS_REMOUNT, b"size=16m"), 0)
        eventually(lambda: self.standin.metric("standin_journal_promising") == 1, "it promises again")

    def fill_disk(self) -> None:
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def test_a_disk_that_orders_fill_up_loses_none_of_them_and_room_brings_promises_back(self):
        self.standin.start()
        accepted = self.fill_with_orders(200)
        self.assertGreater(len(accepted), 3)
        self.assertEqual(self.standin.exposure(), len(accepted))
        self.fill_disk()
        # A small order may yet find room in what the large one had to give back.
        self.assertEqual(self.standin.order("large", 1, note=LARGE).body, UNAVAILABLE)
        self.make_room()
        self.assertEqual(self.standin.order("large", 1, note=LARGE).status, 201)
        self.standin.restart()
        self.assertEqual(self.standin.states(), {"accepted": len(accepted) + 1})

    def test_a_full_disk_stops_promises_alone_and_room_brings_them_back(self):
        self.standin.start()
        first = self.standin.order("first")
        self.assertEqual(first.status, 201)
        self.assertEqual(self.standin.metric("standin_journal_promising"), 1)
        self.fill_disk()
        self.assert_neither_yes_nor_no("second")
        self.assert_it_goes_on_without_promising()
        self.assertEqual(self.standin.order("first"), first)
        self.assertIn("not promising", self.ready())
        self.make_room()
        self.assertEqual(self.ready().strip(), "ready")
        self.assertEqual(self.standin.order("second").status, 201)
        self.assertEqual(self.standin.states(), {"accepted": 2})

    def ready(self) -> str:
        answer = ask(self.standin.console_port, "GET", "/readyz")
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def test_a_replay_on_a_full_disk_delivers_nothing_that_it_could_not_record(self):
        self.standin.start()
        for number in range(5):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}", customer_id=f"c{number}")
        self.fill_disk()
        self.assert_neither_yes_nor_no("second")
        self.shop.start()
        self.standin.replay()
        self.assertTrue(self.standin.order("live", cart_id="live").json()["order"]["id"].startswith("ord_"))
        self.assertEqual(self.shop.standing_charges(), ["live"])
        self.make_room()
        self.standin.wait_for_states({"settled": 5})
        self.assertEqual(sorted(self.shop.standing_charges()), [f"cart-{number}" for number in range(5)] + ["live"])


class FileTooLarge(JournalThatCannotBeWritten):
    """The same where no file system may be mounted: the journal's files may not grow. What could not be written is then
    taken for a broken disk, which is final until a restart."""

    def test_a_journal_that_may_not_grow_stops_promises_alone(self):
        def limit_files() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

        self.standin.start(prepare=limit_files)
        accepted = self.fill_with_orders(200)
        self.assertGreater(len(accepted), 3)
        self.assert_it_goes_on_without_promising()
        self.standin.restart()
        self.assertEqual(self.standin.metric("standin_journal_promising"), 1)
        self.assertEqual(self.standin.states(), {"accepted": len(accepted)})
        self.assertEqual(self.standin.order("afterwards").status, 201)
