"""Real disks that fill up, refuse, forget and lie: the real program on each of them (durability 2.5, 5.3).

Each test ends with what must hold whatever happened: what was acknowledged is there byte for byte, or
the read fails; never other bytes, and never an abort of the process.
"""

import http.client
import json
import os
import resource
import sys
import threading
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "s3"))

import disks  # noqa: E402
import harness  # noqa: E402 (from the folder of the S3 tests)
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402
from disks import MIB, Missing  # noqa: E402

BUCKET = "media"


class LimitedServer(harness.Server):
    """With a largest size of its files."""

    file_bytes_max = None

    def launch(self):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes_max, before[1]))
        try:
            return super().launch()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Media(unittest.TestCase):
    def on(self, make, *settings, server=harness.Server):
        """A server on a disk that make() makes."""
        try:
            self.disk = make()
        except Missing as why:
            print(f"SKIPPED {self.id()}: {why}", flush=True)
            self.skipTest(str(why))
        self.addCleanup(self.disk.close)
        self.server = server(*settings, data=self.disk.path / "data")
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.acked = {}

    def start(self):
        self.server.start()
        self.s3 = harness.client(self.server.endpoint)

    def put(self, key, body):
        """The status; what was acknowledged is remembered."""
        try:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            self.acked[key] = [body]
            return 200
        except ClientError as error:
            self.acked.setdefault(key, [None]).append(body)  # in doubt
            return error.response["ResponseMetadata"]["HTTPStatusCode"]
        except (BotoCoreError, http.client.HTTPException, OSError):
            self.acked.setdefault(key, [None]).append(body)
            return 0

    def delete(self, key):
        self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.acked[key] = [None]

    def read(self, key):
        """(status, body)."""
        try:
            return 200, self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"], None
        except (BotoCoreError, http.client.HTTPException, OSError):
            return 0, None

    def check_acknowledged(self, may_fail=()):
        for key, bodies in self.acked.items():
            status, body = self.read(key)
            if key in may_fail and status in (0, 500):
                continue
            self.assertIn(status, (200, 404), key)
            self.assertTrue(any(body == allowed for allowed in bodies), f"{key}: {status}")

    def check_alive(self):
        self.assertIsNone(self.server.process.poll(), self.server.log()[-3000:])

    def health(self):
        with urllib.request.urlopen(self.server.admin_endpoint + "/health/ready", timeout=60) as answer:
            return answer.read().decode()

    def check_told(self, remark, event):
        self.assertRegex(self.health(), f"(?m)^{remark}$")
        self.assertTrue(self.until(lambda: f'"event":"{event}"' in self.server.log()), event)

    def until(self, action, seconds=180):
        """Asks again until it is true: collecting and reopening take a moment."""
        deadline = time.monotonic() + seconds
        while not (done := action()) and time.monotonic() < deadline:
            threading.Event().wait(0.1)
        return bool(done)

    def until_it_writes(self, action):
        """As an operator does it: a server that tries no more to open its storage again is told to."""
        return self.until(lambda: action() or self.resume_what_gave_up())

    def resume_what_gave_up(self):
        if self.admin("GET", "info")["condition"]["gave_up"]:
            self.admin("POST", "volume/resume")

    def admin(self, method, call):
        token = (self.disk.path / "data/admin-token").read_text().strip()
        request = urllib.request.Request(f"{self.server.admin_endpoint}/admin/v1/{call}", method=method,
                                         headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


class FullDisks(Media):
    def fill(self, size, limit=400):
        """Objects until one is refused; its status."""
        for number in range(limit):
            status = self.put(f"fill-{size}-{number}", harness.payload(size, number))
            if status != 200:
                return status
        self.fail("the disk does not get full")

    def test_a_full_disk_refuses_bodies_and_serves_the_rest(self):
        self.on(lambda: disks.tmpfs(size=256 * MIB), "storage.free_bytes_min=8MiB")
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key="u")["UploadId"]
        self.s3.upload_part(Bucket=BUCKET, Key="u", UploadId=upload, PartNumber=1, Body=b"part")
        self.assertEqual(self.fill(4 * MIB), 507)
        self.check_told("the disk is nearly full: uploads are refused", "space.short")
        self.check_acknowledged()
        self.s3.abort_multipart_upload(Bucket=BUCKET, Key="u", UploadId=upload)
        self.s3.list_objects_v2(Bucket=BUCKET)
        for key in list(self.acked):
            self.delete(key)
        self.assertTrue(self.until_it_writes(lambda: self.put("again", harness.payload(4 * MIB)) == 200))
        self.assertEqual(self.health(), "ready\n")
        self.check_acknowledged()
        self.check_alive()

    def test_a_disk_without_any_reserve_can_still_be_emptied(self):
        self.on(lambda: disks.tmpfs(size=256 * MIB), "storage.free_bytes_min=1", "storage.inline_bytes_max=64KiB")
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        self.assertTrue(self.until(lambda: (self.disk.path / "data/ballast").exists()))
        self.assertIn(self.fill(4 * MIB), (500, 503, 507))
        # And the index with them.
        self.assertIn(self.fill(60_000, limit=4000), (500, 503, 507))
        self.check_told("the disk is nearly full: uploads are refused", "space.short")
        self.check_alive()
        keys = [key for key in self.acked if key.startswith(f"fill-{4 * MIB}-")]

        def deleted(key):
            try:
                self.delete(key)
                return True
            except ClientError:
                return False

        for key in keys:
            self.assertTrue(self.until_it_writes(lambda key=key: deleted(key)), key)
        self.assertTrue(self.until_it_writes(lambda: self.put("again", harness.payload(MIB)) == 200))
        self.check_acknowledged()
        self.check_alive()
        self.server.kill()
        self.start()
        self.check_acknowledged()

    def test_no_inodes_left_is_no_space_left(self):
        self.on(lambda: disks.tmpfs(size=512 * MIB, nr_inodes=200), "storage.free_bytes_min=1MiB")
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        self.assertEqual(self.put("before", harness.payload(MIB)), 200)
        taken = []
        with self.assertRaises(OSError):
            for number in range(1000):
                path = self.disk.path / f"taken-{number}"
                path.touch()
                taken.append(path)
        self.assertTrue(self.until(lambda: self.put("refused", harness.payload(MIB)) == 507))
        self.check_told("the disk is nearly full: uploads are refused", "space.short")
        self.check_acknowledged()
        for path in taken:
            path.unlink()
        self.assertTrue(self.until_it_writes(lambda: self.put("after", harness.payload(MIB)) == 200))
        self.check_acknowledged()
        self.check_alive()


class Refusals(Media):
    def test_a_limit_of_the_file_size_is_an_error_not_the_end(self):
        def limited(*settings, **options):
            server = LimitedServer(*settings, **options)
            server.file_bytes_max = 40 * MIB
            return server

        self.on(lambda: disks.tmpfs(size=512 * MIB), server=limited)
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        statuses = {self.put(f"k{number}", harness.payload(8 * MIB, number)) for number in range(8)}
        self.assertLessEqual(statuses, {200, 500, 507})
        self.assertIn(200, statuses)
        self.check_told(r"since the start: \d+ bodies given up after a failed write", "segment.write_failed")
        self.assertEqual(self.put("inline", b"still"), 200)
        self.check_acknowledged()
        self.check_alive()

    def test_a_file_system_that_turns_read_only_stops_writes_and_not_reads(self):
        self.on(lambda: disks.ext4(400 * MIB))
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        for number in range(4):
            self.assertEqual(self.put(f"k{number}", harness.payload((100, 300_000)[number % 2], number)), 200)
        try:
            disks.make_read_only(self.disk)
        except Missing as why:
            print(f"SKIPPED {self.id()}: {why}", flush=True)
            self.skipTest(str(why))
        for number in range(6):
            self.assertIn(self.put(f"new{number}", harness.payload(300_000, number)), (500, 503))
        self.assertIn(self.put("new", b"inline"), (500, 503))
        self.check_told("read-only: .+", "storage.read_only")
        self.check_told("since the start: 1 faults that stopped writes", "storage.read_only")
        self.check_acknowledged()
        self.check_alive()
        # A start there says in one line why it cannot, and what can be done; and that works.
        self.server.kill()
        before = len(self.server.log())
        with self.assertRaises(RuntimeError):
            self.server.start()
        self.assertEqual(self.server.start_ended_with, 3)
        lines = [line for line in self.server.log()[before:].splitlines() if line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("Read-only file system", lines[0])
        self.assertIn("--read-only", lines[0])
        self.server.settings += ("storage.read_only=true",)
        self.start()
        self.check_acknowledged()
        self.assertEqual(self.put("new", b"inline"), 503)


class Liars(Media):
    def test_a_disk_that_loses_what_it_took_loses_nothing_acknowledged(self):
        """A sparse image on a full disk: writes succeed, their sync does not, the next one may (fsyncgate)."""
        self.on(lambda: disks.ext4(1024 * MIB, backing_bytes=160 * MIB, mkfs=("-O", "^has_journal")))
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        statuses = []
        for number in range(60):
            statuses.append(self.put(f"k{number}", harness.payload(4 * MIB, number)))
            if statuses[-8:].count(200) == 0 and len(statuses) > 8:
                break
        self.assertIn(200, statuses)
        self.assertTrue(set(statuses) & {500, 503}, statuses)
        self.check_alive()
        for key in self.acked:
            status, body = self.read(key)
            self.assertTrue(status in (0, 404, 500) or any(body == one for one in self.acked[key]), key)
        lost = [key for key, bodies in self.acked.items() if bodies[0] is not None and self.read(key)[0] != 200]
        self.assertEqual(lost, [])

    def test_a_disk_that_ends_too_early_gives_errors_not_bytes(self):
        self.on(lambda: disks.ext4(512 * MIB, mkfs=("-O", "^has_journal")))
        self.start()
        self.s3.create_bucket(Bucket=BUCKET)
        self.assertEqual(self.put("small", b"inline"), 200)
        for number in range(24):
            self.assertEqual(self.put(f"large{number}", harness.payload(4 * MIB, number)), 200)
        disks.sync_file_system(self.disk.path)
        segments = sorted((self.disk.path / "data/segments").iterdir(), key=lambda path: path.stat().st_blocks)
        largest = segments[-1]
        ends = [last for path in (self.disk.path / "data").rglob("*") if path.is_file() and path not in segments
                and path.name != "ballast" for _, last in disks.physical_ranges(path)]
        ranges = disks.physical_ranges(largest)
        cut = max(ends + [ranges[0][0] + 8 * MIB])
        if cut >= ranges[-1][1]:
            print(f"SKIPPED {self.id()}: the segment does not lie behind the rest", flush=True)
            self.skipTest("layout")
        for segment in segments:
            disks.forget_cached(segment)
        os.truncate(self.disk.image, cut)
        damaged = {key for key in self.acked if key.startswith("large")}
        self.check_acknowledged(may_fail=damaged)
        failed = [key for key in damaged if self.read(key)[0] in (0, 500)]
        self.assertTrue(failed)
        # Listed, told of, deleted: everything but read.
        for key in failed:
            self.s3.head_object(Bucket=BUCKET, Key=key)
        self.assertEqual(self.read("small"), (200, b"inline"))
        self.check_alive()


if __name__ == "__main__":
    unittest.main()
