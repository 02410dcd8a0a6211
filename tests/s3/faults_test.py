"""What a fault of the disk looks like from outside: the answers, and that the metrics, the log and
/health/ready tell of it (spec durability 2.5).

The disk is made to refuse by a limit on the size of the process' files, which needs no rights.
"""

import os
import re
import resource
import time
import unittest
import urllib.request

import harness
from botocore.exceptions import ClientError
from harness import KIB, MIB, Server, client, payload

BUCKET = "faults"
REOPENING_SECONDS = 60
LOG_SECONDS = 180
WRITE_FAILURES = 'holdfast_segment_write_failures_total{reason="io"}'


@unittest.skipIf(harness.GIVEN_ENDPOINT, "needs servers of its own")
class Faults(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.s3 = client(self.server.endpoint)
        self.s3.create_bucket(Bucket=BUCKET)
        self.bodies = {"small": b"inline", "large": payload(300 * KIB)}
        for key, body in self.bodies.items():
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        self.assertEqual(self.health(), "ready\n")

    def limit_files_to(self, size):
        _, hard = resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def put(self, key, body):
        """"200", or the status with its code."""
        try:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            return "200"
        except ClientError as error:
            return f'{error.response["ResponseMetadata"]["HTTPStatusCode"]} {error.response["Error"]["Code"]}'

    def ask(self, path):
        with urllib.request.urlopen(self.server.admin_endpoint + path, timeout=60) as answer:
            self.assertEqual(answer.status, 200)
            return answer.read().decode()

    def health(self):
        return self.ask("/health/ready")

    def metric(self, series):
        found = re.search(rf"(?m)^{re.escape(series)} (\S+)$", self.ask("/metrics"))
        return float(found[1]) if found else 0

    def check_lines(self, event, count):
        """They are written a moment after what they tell of."""
        deadline = time.monotonic() + LOG_SECONDS
        while (found := self.server.log().count(f'"event":"{event}"')) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(found, count, event)

    def restart(self, *settings, meanwhile=lambda: None):
        """After a kill; the log of before is counted no more."""
        self.server.kill()
        meanwhile()
        self.server.log_path.unlink()
        self.server.settings = settings
        self.server.start()
        self.s3 = client(self.server.endpoint)

    def check_reads(self):
        for key, body in self.bodies.items():
            self.assertEqual(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), body)

    def test_a_log_of_the_index_that_cannot_be_written_stops_writes_and_is_told(self):
        # The log of the index is longer than that, the server's own is not.
        for number in range(16):
            self.bodies[f"row-{number}"] = payload(15 * KIB, number)
            self.assertEqual(self.put(f"row-{number}", self.bodies[f"row-{number}"]), "200")
        self.limit_files_to(128 * KIB)
        self.assertEqual(self.put("doubtful", b"inline"), "500 InternalError")
        for body in (b"inline", payload(300 * KIB)):
            self.assertEqual(self.put("refused", body), "503 ServiceUnavailable")
        self.check_reads()

        told = self.health().splitlines()
        self.assertEqual(told[0], "ready")
        self.assertRegex(told[1], "^read-only: the index could not be written: .*File too large")
        self.assertIn("since the start: 1 faults that stopped writes", told)
        self.assertEqual(self.metric("holdfast_storage_faults_total"), 1)
        self.assertEqual(self.metric("holdfast_storage_writable"), 0)
        self.check_lines("storage.read_only", 1)

        self.limit_files_to(resource.RLIM_INFINITY)
        deadline = time.monotonic() + REOPENING_SECONDS
        while (answer := self.put("after", b"inline")) != "200":
            self.assertEqual(answer, "503 ServiceUnavailable")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertNotIn("read-only", self.health())
        self.assertIn("since the start: 1 faults that stopped writes\n", self.health())
        self.assertEqual(self.metric("holdfast_storage_writable"), 1)
        self.check_lines("storage.writable", 1)
        self.check_reads()

    def test_a_segment_that_cannot_be_written_fails_its_upload_and_is_told(self):
        # Above what the index writes meanwhile.
        self.limit_files_to(4 * MIB)
        self.assertEqual(self.put("large", payload(8 * MIB)), "500 InternalError")
        self.assertEqual(self.put("after", b"inline"), "200")
        self.check_reads()
        failures = self.metric(WRITE_FAILURES)
        self.assertGreaterEqual(failures, 1)
        self.check_lines("segment.write_failed", failures)
        self.assertRegex(self.health(), r"\Aready\nsince the start: \d+ bodies given up after a failed write\n\Z")
        self.assertEqual(self.metric("holdfast_storage_writable"), 1)

    def test_less_room_than_the_reserve_refuses_uploads_and_is_told(self):
        self.restart("storage.free_bytes_min=16TiB")
        self.assertEqual(self.health(), "ready\n")
        for body in (b"inline", payload(300 * KIB)):
            self.assertEqual(self.put("refused", body), "507 InsufficientStorage")
        self.assertEqual(self.health(), "ready\nthe disk is nearly full: uploads are refused\n")
        self.assertEqual(self.metric("holdfast_storage_short_of_space"), 1)
        self.assertEqual(self.metric("holdfast_space_refused_total"), 2)
        self.check_lines("space.short", 1)
        self.check_reads()
        self.s3.delete_object(Bucket=BUCKET, Key="small")

    def test_damaged_bytes_fail_their_object_and_are_told(self):
        body = self.bodies.pop("large")

        def damage():
            for segment in (self.server.data / "segments").iterdir():
                with open(segment, "r+b") as file:
                    file.seek(5000)
                    byte = file.read(1)
                    file.seek(5000)
                    file.write(bytes([byte[0] ^ 1]))

        self.restart(meanwhile=damage)
        with self.assertRaises(Exception) as refused:  # a status or a cut connection, never a body
            self.assertNotEqual(self.s3.get_object(Bucket=BUCKET, Key="large")["Body"].read(), body)
        self.assertNotIsInstance(refused.exception, AssertionError)
        self.assertEqual(self.health(), "ready\ndamaged: 1, see `holdfast admin scrub report`\n"
                                        "since the start: 1 reads of segments that met damage\n")
        self.assertEqual(self.metric("holdfast_damaged"), 1)
        self.assertEqual(self.metric("holdfast_segment_corrupt_frames_total"), 1)
        self.check_lines("segment.damaged_frame", 1)
        self.check_reads()

    def check_started_read_only(self, reason):
        told = self.health().splitlines()
        self.assertEqual((told[0], len(told)), ("ready", 2))
        self.assertRegex(told[1], f"^read-only: {reason}")
        self.assertEqual(self.metric("holdfast_storage_writable"), 0)
        self.check_lines("storage.read_only", 1)
        self.assertEqual(self.put("refused", b"inline"), "503 ServiceUnavailable")

    def test_missing_commits_start_read_only_and_are_told(self):
        self.restart()
        self.s3.put_object(Bucket=BUCKET, Key="lost", Body=b"inline")

        def lose_the_log():
            for log in (self.server.data / "index").glob("*.log"):
                os.truncate(log, 0)

        self.restart(meanwhile=lose_the_log)
        self.check_started_read_only("acknowledged commits are missing")
        self.assertGreaterEqual(self.metric("holdfast_storage_missing_commits"), 1)
        self.check_reads()

    def test_damage_to_the_rows_of_the_index_itself_starts_read_only_and_is_told(self):
        def damage():
            # All that name the volume: RocksDB may be about to delete one that it has rewritten.
            tables = [table for table in (self.server.data / "index").glob("*.sst")
                      if b"volume_id" in table.read_bytes()]
            self.assertTrue(tables)
            for table in tables:
                with open(table, "r+b") as file:
                    file.seek(4)
                    file.write(b"\xa5\x5a\xa5")

        self.restart(meanwhile=damage)
        self.check_started_read_only("a part of the index cannot be read")
        self.check_reads()


if __name__ == "__main__":
    unittest.main()
