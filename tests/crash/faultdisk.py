"""A disk that remembers every write and flush, and the disks that a power failure may have left of it.

Of what was written after the last flush any part may be there, in any order, down to single sectors; of what
was flushed nothing may be missing.

Environment: HF_FAULTDISK, the program made from faultdisk/faultdisk.cpp (default: build/faultdisk/faultdisk).
"""

import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from harness import ROOT
from volume import is_mounted, run

PROGRAM = Path(os.environ.get("HF_FAULTDISK", ROOT / "build/faultdisk/faultdisk"))
HEADER = struct.Struct("<IIQ")
WRITE, FLUSH = 1, 2
SECTOR_BYTES = 512
# The superblock of ext4 spans two sectors, has one checksum, and is written in place when an error is noted: torn,
# it is refused by mount. That is not what is tested here.
WHOLE_BEFORE = 4096
START_SECONDS = 60


class FaultDisk:
    """The running program; `path` is the disk."""

    def __init__(self, image):
        self.scratch = Path(tempfile.mkdtemp(prefix="holdfast-faultdisk-"))
        self.mount_point = self.scratch / "mounted"
        self.mount_point.mkdir()
        self.log = self.scratch / "log"
        self.path = self.mount_point / "disk"
        self.process = subprocess.Popen([PROGRAM, self.mount_point, image, self.log], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while not self.path.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.remove()
                raise RuntimeError("the fault disk does not start")
            time.sleep(0.02)

    def control(self, command):
        (self.mount_point / "control").write_text(command)

    def log_bytes(self):
        """This moment, as a place in its log."""
        return self.log.stat().st_size

    def stop(self):
        """REQUIRES: the disk is not in use. The log stays."""
        if is_mounted(self.mount_point):
            run("umount", self.mount_point)
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()

    def remove(self):
        try:
            self.stop()
        finally:
            if not is_mounted(self.mount_point):
                shutil.rmtree(self.scratch, ignore_errors=True)


class Replay:
    """Makes images from a log; moments must be asked for in their order."""

    def __init__(self, base_image, log, scratch):
        self.flushed = Path(scratch) / "flushed"
        self.scratch = Path(scratch)
        run("cp", "--sparse=always", base_image, self.flushed)
        self.log = open(log, "rb")  # noqa: SIM115 (closed by close)
        self.pending = []  # writes since the last flush

    def close(self):
        self.log.close()

    def advance(self, moment):
        """Takes over what was recorded up to then."""
        with open(self.flushed, "r+b") as image:
            while self.log.tell() + HEADER.size <= moment:
                begin = self.log.tell()
                kind, length, offset = HEADER.unpack(self.log.read(HEADER.size))
                if begin + HEADER.size + length > moment:
                    self.log.seek(begin)
                    return
                if kind == WRITE:
                    self.pending.append((offset, self.log.read(length)))
                    continue
                for at, data in self.pending:
                    image.seek(at)
                    image.write(data)
                self.pending = []

    def image(self, random):
        """One of the disks that may be left; the caller deletes it. And how it was chosen."""
        path = self.scratch / "state"
        run("cp", "--sparse=always", self.flushed, path)
        how = random.choice(("nothing", "everything", "writes", "sectors", "prefix"))
        with open(path, "r+b") as image:
            for offset, data in self._chosen(how, random):
                image.seek(offset)
                image.write(data)
        return path, f"{how} of {len(self.pending)} writes that were not flushed"

    def _chosen(self, how, random):
        if how == "nothing":
            return []
        if how == "everything":
            return self.pending
        if how == "writes":
            return [write for write in self.pending if random.random() < 0.5]
        if how == "sectors":
            return [sector for write in self.pending for sector in self._sectors(write) if random.random() < 0.5]
        end = random.randrange(len(self.pending) + 1)
        torn = self._sectors(self.pending[end]) if end < len(self.pending) else []
        return self.pending[:end] + torn[:random.randrange(len(torn) + 1)]

    @staticmethod
    def _sectors(write):
        offset, data = write
        if offset < WHOLE_BEFORE:
            return [write]
        return [(offset + at, data[at:at + SECTOR_BYTES]) for at in range(0, len(data), SECTOR_BYTES)]
