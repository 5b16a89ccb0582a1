"""A file system of the test's own, seen by it and its children alone, that can be filled and that can turn read-only."""
import ctypes
import errno
import os
import shutil
import subprocess
import unittest

from harness import PATIENCE
from load import cannot

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000


def own_mounts() -> None:
    """From now on this process and its children mount for themselves alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        cannot("mounting a file system", os.strerror(ctypes.get_errno()))
    # In a chroot "/" is no mount point: others may see what is mounted there, until the test takes it away.
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0 and ctypes.get_errno() != errno.EINVAL:
        cannot("mounting a file system", os.strerror(ctypes.get_errno()))


def _command(*arguments: str, fine: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode not in fine:
        raise OSError(f"{' '.join(arguments)}: {done.stderr.strip()}")


class SmallDisk:
    """In memory."""

    def __init__(self, folder: str, size: str):
        self.folder = os.path.join(folder, "disk")
        self._ballast = os.path.join(self.folder, "ballast")
        os.mkdir(self.folder)
        self.mount(size)

    def mount(self, size: str) -> None:
        try:
            _command("mount", "-t", "tmpfs", "-o", "size=" + size, "none", self.folder)
        except OSError as error:
            cannot("a small file system", error)

    def unmount(self) -> None:
        _command("umount", "-l", self.folder)

    def fill(self) -> None:
        """To its last block, while others write."""
        with open(self._ballast, "ab") as file:
            size = 0
            while True:
                try:
                    os.posix_fallocate(file.fileno(), size, 4096)
                except OSError:
                    return
                size += 4096

    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def make_room(self) -> None:
        os.unlink(self._ballast)


class FileDisk(SmallDisk):
    """ext4 in a file. Only a kernel that gives up on a file system turns one read-only in which files are open for
    writing: `abort` makes it do so, as after an error of the device under errors=remount-ro."""

    def mount(self, size: str) -> None:
        if not os.path.exists("/dev/loop-control"):
            raise unittest.SkipTest("no loop devices: a chroot or container without /dev/loop-control")
        self._image = self.folder + ".image"
        with open(self._image, "wb") as file:
            file.truncate(int(size.removesuffix("m")) << 20)
        try:
            _command("mkfs.ext4", "-q", "-m", "0", self._image)
            self._mount_image()
        except OSError as error:
            cannot("a file system in a file", error)

    def _mount_image(self) -> None:
        _command("mount", "-o", "loop", self._image, self.folder)

    def remount_read_only(self) -> None:
        _command("mount", "-o", "remount,abort", self.folder)

    def repair(self) -> None:
        """What an administrator does before it is used again; nobody may have a file open in it."""
        _command("umount", self.folder)
        corrected = 1
        _command("e2fsck", "-f", "-y", self._image, fine=(0, corrected))
        self._mount_image()
