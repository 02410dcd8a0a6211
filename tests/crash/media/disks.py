"""File systems of a test's own: small, broken on request, gone with it. Root only."""

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

MIB = 1 << 20


class Missing(Exception):
    """This machine cannot do that."""


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout


class Disk:
    """A mounted directory; close() takes everything away again."""

    def __init__(self):
        if os.geteuid() != 0:
            raise Missing("mounting needs root")
        self.place = Path(tempfile.mkdtemp(prefix="holdfast-test-media-"))
        self.path = self.place / "mounted"
        self.path.mkdir()
        self.undo = []

    def mount(self, *arguments):
        _run("mount", *arguments, str(self.path))
        self.undo.append(["umount", "-l", str(self.path)])

    def close(self):
        for command in reversed(self.undo):
            subprocess.run(command, capture_output=True)
        self.undo.clear()
        for root, folders, files in os.walk(self.place, topdown=False):
            for name in files:
                os.unlink(Path(root) / name)
            for name in folders:
                os.rmdir(Path(root) / name)
        self.place.rmdir()


def tmpfs(**options):
    disk = Disk()
    try:
        text = ",".join(f"{name}={value}" for name, value in options.items())
        disk.mount("-t", "tmpfs", "-o", text, "tmpfs")
    except Missing:
        disk.close()
        raise
    return disk


def ext4(image_bytes, backing_bytes=None, mkfs=()):
    """ext4 on a loop device over a sparse image; backing_bytes: what the image's own disk holds."""
    disk = Disk()
    try:
        folder = disk.place
        if backing_bytes:
            folder = disk.place / "backing"
            folder.mkdir()
            _run("mount", "-t", "tmpfs", "-o", f"size={backing_bytes}", "tmpfs", str(folder))
            disk.undo.append(["umount", "-l", str(folder)])
        disk.image = folder / "image"
        with open(disk.image, "wb") as image:
            image.truncate(image_bytes)
        _run("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=1,packed_meta_blocks=1", *mkfs, str(disk.image))
        disk.loop = _run("losetup", "--find", "--show", str(disk.image)).strip()
        disk.undo.append(["losetup", "--detach", disk.loop])
        disk.mount("-o", "errors=remount-ro", disk.loop)
    except Missing:
        disk.close()
        raise
    return disk


def make_read_only(disk):
    """As ext4 does after an error of its own: at once, whoever has files open."""
    trigger = Path("/sys/fs/ext4") / Path(disk.loop).name / "trigger_fs_error"
    try:
        trigger.write_text("1")
    except OSError as error:
        raise Missing(f"trigger_fs_error: {error}") from error


def physical_ranges(path):
    """[(first, last)] bytes on the device that hold a file."""
    ranges = []
    for line in _run("filefrag", "-v", "-b4096", str(path)).splitlines():
        words = line.replace(".", " ").replace(":", " ").split()
        if len(words) >= 6 and words[0].isdigit() and words[3].isdigit():
            ranges.append((int(words[3]) * 4096, (int(words[4]) + 1) * 4096))
    return ranges


def forget_cached(path):
    """The next read of the file comes from its device."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def sync_file_system(path):
    descriptor = os.open(path, os.O_RDONLY)
    ctypes.CDLL(None, use_errno=True).syncfs(descriptor)
    os.close(descriptor)
