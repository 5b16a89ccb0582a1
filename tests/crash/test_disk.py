"""The journal's file system full, or read-only, under load: nothing is promised that was not kept, and nothing kept is lost."""
import os

from disk import FileDisk, SmallDisk, own_mounts
from harness import eventually
from load import ROUNDS
from shop_load import ShopLoad
from till_load import AtAPartyThatFolds

# A disk is filled in a tenth of the rounds: each takes until standin has seen it, and has seen room again.
FILLINGS = max(1, ROUNDS // 10)
UNAVAILABLE = frozenset({503})


class OnADiskOfItsOwn:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own_mounts()

    def keep_journal_on(self, disk: SmallDisk) -> SmallDisk:
        self.addCleanup(disk.unmount)
        self.configuration.change("journal", url=f'"sqlite:{disk.folder}/journal.db"')
        self.standin.journal = os.path.join(disk.folder, "journal.db")
        self.standin.socket = os.path.join(disk.folder, "standin.sock")
        return disk

    def promising(self, expected: int) -> None:
        eventually(lambda: self.standin.metric("standin_journal_promising") == expected, f"promising is {expected}")

    def served_more(self) -> None:
        known = self.told_yes()
        eventually(lambda: self.told_yes() >= known + 20, "more customers are served")

    def told_yes(self) -> int:
        with self.lock:
            return sum(bool(self.is_yes(answer)) for answer in self.told.values())

    def fill_again_and_again(self, disk: SmallDisk) -> None:
        with self.under_load():
            for _ in range(FILLINGS):
                self.served_more()
                self.a_moment(0, 0.3)
                disk.fill()
                self.promising(0)
                self.assertLess(disk.free(), 1 << 20)
                self.a_moment(0, 0.3)
                disk.make_room()
                self.promising(1)
                self.served_more()
        self.assertEqual(self.cut_off, 0, "a full disk cuts nobody off")

    def break_again_and_again(self, disk: FileDisk) -> None:
        """What could not be synced is a broken disk: final for this process, and well again for the next."""
        for _ in range(FILLINGS):
            known = set(self.told)
            with self.under_load():
                self.served_more()
                self.a_moment(0, 0.3)
                kept = set(self.told)
                disk.remount_read_only()
                self.promising(0)
                self.a_moment(0, 0.3)
            self.assertTrue(self.standin.logged("journal_not_promising"))
            self.standin.kill()
            disk.repair()
            self.standin.start()
            self.promising(1)
            # Of what is told from then on the party's own word is passed on though it cannot be kept.
            self.assert_remembered(known | (self.told.keys() - kept))


class TillOnAFullDisk(OnADiskOfItsOwn, AtAPartyThatFolds):
    def is_yes(self, answer) -> bool:
        return self.verdict(answer)

    def test_a_full_disk(self):
        disk = self.keep_journal_on(SmallDisk(self.folder, "16m"))
        self.gateway.faults({"fault": "reset", "at": "after", "fraction": 0.3}, {"fault": "late", "late_ms": 50})
        self.standin.start()
        self.fill_again_and_again(disk)
        self.assert_all_ends_well()

    def test_a_disk_that_turns_read_only(self):
        disk = self.keep_journal_on(FileDisk(self.folder, "32m"))
        self.gateway.faults({"fault": "reset", "at": "after", "fraction": 0.3}, {"fault": "late", "late_ms": 50})
        self.standin.start()
        self.break_again_and_again(disk)
        self.assert_all_ends_well()


class ShopOnAFullDisk(OnADiskOfItsOwn, ShopLoad):
    faults = {"answer": "status", "status": 500, "at": "after", "fraction": 0.5}

    def is_yes(self, answer) -> bool:
        return answer.status == 201

    def test_a_full_disk(self):
        disk = self.keep_journal_on(SmallDisk(self.folder, "16m"))
        self.shop.start().faults(**self.faults)
        self.standin.start()
        self.fill_again_and_again(disk)
        self.assert_all_ends_well(neither=UNAVAILABLE)

    def test_a_start_on_a_full_disk(self):
        disk = self.keep_journal_on(SmallDisk(self.folder, "16m"))
        self.shop.start().faults(**self.faults)
        self.standin.start()
        with self.under_load():
            self.served_more()
            disk.fill()
            self.promising(0)
        self.standin.kill()
        disk.fill()
        self.standin.start()
        self.promising(0)
        disk.make_room()
        self.promising(1)
        with self.under_load():
            self.served_more()
        self.assert_all_ends_well(neither=UNAVAILABLE)
