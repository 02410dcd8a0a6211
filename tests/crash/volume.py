"""File systems on images of their own: made, mounted, cut off as a power failure does, mounted again.

Needs root and loop devices. Everything is taken back by remove(), which may be called at any time.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

FS_IOC_GOINGDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2  # what is only in the journal's memory is lost as well
MIB = 1 << 20
MKFS = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout.decode(errors='replace').strip()}")
    return done.stdout.decode().strip()


def is_mounted(path):
    """os.path.ismount asks the file system, and one that is shut down does not answer."""
    return any(line.split()[1] == str(path) for line in Path("/proc/self/mounts").read_text().splitlines())


def why_no_volume(kind):
    """Nothing when this machine can have one."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/dev/loop-control"):
        return "there are no loop devices"
    if shutil.which(MKFS[kind][0]) is None:
        return f"{MKFS[kind][0]} is not installed"
    try:
        Volume(kind).remove()
    except RuntimeError as error:
        return str(error)
    return None


class Volume:
    """A mounted file system on a sparse image, or on `image` when that is given and made already.

    Large enough that writers do not fill it: a full disk is not what these tests are about.
    """

    def __init__(self, kind, image_bytes=1024 * MIB, image=None, direct_io=False):
        self.kind = kind
        self.scratch = Path(tempfile.mkdtemp(prefix="holdfast-volume-"))
        self.mount_point = self.scratch / "mounted"
        self.mount_point.mkdir()
        self.direct_io = direct_io
        self.image = image or self.scratch / "image"
        try:
            if not image:
                self._make_image(image_bytes)
            self.mount()
        except BaseException:
            self.remove()
            raise

    def _make_image(self, image_bytes):
        with open(self.image, "wb") as file:
            file.truncate(image_bytes)
        make(self.kind, self.image)

    def mount(self):
        """As a machine that comes up again: nothing of what the kernel kept in memory is left."""
        options = ["--direct-io=on"] if self.direct_io else []
        device = run("losetup", *options, "--find", "--show", self.image)
        run("mount", "-t", self.kind, "-o", "noatime", device, self.mount_point)

    def cut_power(self):
        """The file system writes nothing more from here on."""
        directory = os.open(self.mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(directory, FS_IOC_GOINGDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(directory)

    def unmount(self):
        """Asks the system instead of remembering: an interrupt may have come between a step and its note."""
        if is_mounted(self.mount_point):
            _patiently("umount", self.mount_point)
        for line in run("losetup", "--noheadings", "--output", "NAME", "--associated", self.image).split():
            _patiently("losetup", "--detach", line)

    def remove(self):
        try:
            self.unmount()
        finally:
            if not is_mounted(self.mount_point):
                shutil.rmtree(self.scratch, ignore_errors=True)


def make(kind, image):
    run(*MKFS[kind], image)


def _patiently(*command):
    """Somebody who walks over all mounts may hold one for a moment."""
    for attempt in range(50):
        try:
            return run(*command)
        except RuntimeError:
            if attempt == 49:
                raise
            time.sleep(0.1)
