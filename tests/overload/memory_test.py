"""Five gigabytes in and out within a control group of 256 MiB (durability 4, 5.5)."""

import hashlib
import os
import tempfile
import unittest
from pathlib import Path

from support import MIB, Overload, harness, skip

GROUP_BYTES = 256 * MIB
LIMIT_BYTES = GROUP_BYTES // 100 * 60  # what the server allows itself there
OBJECT_BYTES = 5 * 1024 * MIB
PIECE = 4 * MIB


def make_group(name):
    """A control group with a memory limit, version 1 or 2; None when it cannot be made."""
    for root, limit in ((Path("/sys/fs/cgroup"), "memory.max"),
                        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes")):
        group = root / name
        try:
            group.mkdir()
        except OSError:
            continue
        if not (group / limit).exists():  # no control groups of that version here
            group.rmdir()
            continue
        try:
            (group / limit).write_text(str(GROUP_BYTES))
            return group
        except OSError:
            group.rmdir()
    return None


class InGroup(harness.Server):
    group = None

    def launch(self):
        # The server enters the group before it looks at its limits.
        self._command = ["/bin/sh", "-c", f'echo $$ > "{self.group}/cgroup.procs" && exec "$@"', "sh"]
        return super().launch()

    def command(self):
        return [*self._command, *super().command()]


class SmallGroup(Overload):
    def make_server(self):
        if os.geteuid() != 0:
            skip(self, "a control group needs root")
        group = make_group(f"holdfast-test-{os.getpid()}")
        if group is None:
            skip(self, "no control group with a memory limit can be made here")
        free = os.statvfs(tempfile.gettempdir())
        if free.f_bavail * free.f_frsize < 2 * OBJECT_BYTES:
            group.rmdir()
            skip(self, "not enough room on the disk")
        server = InGroup()
        server.group = group
        self.addCleanup(self.remove_group, server)
        return server

    def remove_group(self, server):
        server.kill()
        server.group.rmdir()

    def test_a_large_object_passes_through_little_memory(self):
        self.assertIn('"memory_limit_bytes":' + str(LIMIT_BYTES),
                      self.server.log().replace(" ", ""))
        piece = harness.payload(PIECE)
        pieces = OBJECT_BYTES // PIECE
        request = self.request("PUT", "/load/large", headers={"content-length": str(OBJECT_BYTES)})
        request.sign("UNSIGNED-PAYLOAD")
        with self.connect(timeout=300) as connection:
            connection.sendall(request.head_bytes())
            largest = 0
            for _ in range(pieces):
                connection.sendall(piece)
                largest = max(largest, self.resident())
            answer = connection.recv(1 << 16)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:200])
        expected, got = hashlib.sha1(), hashlib.sha1()
        for _ in range(pieces):
            expected.update(piece)
        body = self.s3.get_object(Bucket="load", Key="large")["Body"]
        for chunk in iter(lambda: body.read(PIECE), b""):
            got.update(chunk)
            largest = max(largest, self.resident())
        print(f"at most {largest / MIB:.0f} MiB resident, {LIMIT_BYTES / MIB:.0f} MiB allowed")
        self.assertLess(largest, LIMIT_BYTES)
        self.assertEqual(got.hexdigest(), expected.hexdigest())
        self.s3.delete_object(Bucket="load", Key="large")


if __name__ == "__main__":
    unittest.main()
