"""A journal that cannot be written: forwarding goes on, nothing is promised, nobody is told no, and somebody is told."""
import ctypes
import os
import resource
import signal
import unittest

from harness import UNAVAILABLE, Scenario, eventually

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


def own_mounts() -> bool:
    """From now on this process and its children mount for themselves alone; false where that is not permitted."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 and libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0:
        return False
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
            answer = self.standin.order(f"filling-{number}", 1, note="x" * 100_000)
            if answer.status != 201:
                self.assertEqual((answer.status, answer.body), (503, UNAVAILABLE))
                return accepted
            accepted.append(f"filling-{number}")
        raise AssertionError("the disk is never full")

    def assert_it_goes_on_without_promising(self):
        self.assertEqual(self.standin.metric("standin_journal_promising"), 0)
        self.assertTrue(self.standin.logged("journal_not_promising"))
        self.assert_neither_yes_nor_no("small")
        self.assert_neither_yes_nor_no("large", 9900)
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

    def fill_disk(self) -> None:
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass

    def test_a_disk_that_fills_up_stops_promises_alone_and_room_brings_them_back(self):
        self.standin.start()
        with open(self.ballast, "wb") as file:
            file.write(b"x" * 1_000_000)
        self.assertEqual(self.standin.metric("standin_journal_promising"), 1)
        accepted = self.fill_with_orders(200)
        self.assertGreater(len(accepted), 3)
        self.assert_it_goes_on_without_promising()
        exposed = self.standin.exposure()
        self.assertEqual(exposed, len(accepted))
        os.unlink(self.ballast)
        eventually(lambda: self.standin.metric("standin_journal_promising") == 1, "it promises again")
        self.assertEqual(self.standin.order("afterwards").status, 201)
        self.assertEqual(self.standin.states(), {"accepted": len(accepted) + 1})
        self.standin.restart()
        self.assertEqual(self.standin.states(), {"accepted": len(accepted) + 1})

    def test_a_full_disk_between_orders_is_noticed_at_the_first_that_needs_it(self):
        self.standin.start()
        first = self.standin.order("first")
        self.assertEqual(first.status, 201)
        self.fill_disk()
        eventually(lambda: self.standin.order("second", 1, note="x" * 20_000).status == 503, "the disk is full")
        self.assertEqual(self.standin.order("first"), first)
        self.assertIn("not promising", self.ready())
        os.unlink(self.ballast)
        eventually(lambda: self.standin.metric("standin_journal_promising") == 1, "it promises again")
        self.assertEqual(self.ready().strip(), "ready")
        self.assertEqual(self.standin.order("third").status, 201)

    def ready(self) -> str:
        from harness import ask

        answer = ask(self.standin.console_port, "GET", "/readyz")
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def test_a_replay_on_a_full_disk_delivers_nothing_that_it_could_not_record(self):
        self.standin.start()
        for number in range(5):
            self.standin.order(f"k{number}", cart_id=f"cart-{number}", customer_id=f"c{number}")
        self.fill_disk()
        eventually(lambda: self.standin.order("more", 1, note="x" * 20_000).status == 503, "the disk is full")
        self.shop.start()
        self.standin.replay()
        self.assert_neither_yes_nor_no_while_down()
        self.assertEqual(self.shop.orders(), [])
        os.unlink(self.ballast)
        eventually(lambda: set(self.standin.states()) <= {"settled", "matched"}, "every order is delivered")
        self.assertEqual(sorted(self.shop.standing_charges()), [f"cart-{number}" for number in range(5)])

    def assert_neither_yes_nor_no_while_down(self):
        self.shop.faults(answer="status", status=500, at="before")
        self.assert_neither_yes_nor_no("while-full")
        self.shop.faults()


class FileTooLarge(JournalThatCannotBeWritten):
    """The same where no file system may be mounted: the journal's files may not grow. What could not be written is then
    taken for a broken disk, which is final until a restart."""

    def test_a_journal_that_may_not_grow_stops_promises_alone(self):
        def limit_files() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

        self.standin.start(preexec_fn=limit_files)
        accepted = self.fill_with_orders(200)
        self.assertGreater(len(accepted), 3)
        self.assert_it_goes_on_without_promising()
        self.standin.restart()
        self.assertEqual(self.standin.metric("standin_journal_promising"), 1)
        self.assertEqual(self.standin.states(), {"accepted": len(accepted)})
        self.assertEqual(self.standin.order("afterwards").status, 201)


if __name__ == "__main__":
    unittest.main()
