"""What a fault of the disk looks like from outside: the answers, and that the metrics, the log and
/health/ready tell of it (spec durability 2.5).

The disk is made to refuse by a limit on the size of the process' files, which needs no rights.
"""

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
        with urllib.request.urlopen(self.server.admin_endpoint + path, timeout=10) as answer:
            self.assertEqual(answer.status, 200)
            return answer.read().decode()

    def health(self):
        return self.ask("/health/ready")

    def metric(self, series):
        found = re.search(rf"(?m)^{re.escape(series)} (\S+)$", self.ask("/metrics"))
        return float(found[1]) if found else 0

    def lines(self, event):
        return self.server.log().count(f'"event":"{event}"')

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
        self.assertEqual(self.lines("storage.read_only"), 1)

        self.limit_files_to(resource.RLIM_INFINITY)
        deadline = time.monotonic() + REOPENING_SECONDS
        while (answer := self.put("after", b"inline")) != "200":
            self.assertEqual(answer, "503 ServiceUnavailable")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertNotIn("read-only", self.health())
        self.assertIn("since the start: 1 faults that stopped writes\n", self.health())
        self.assertEqual(self.metric("holdfast_storage_writable"), 1)
        self.assertEqual(self.lines("storage.writable"), 1)
        self.check_reads()

    def test_a_segment_that_cannot_be_written_fails_its_upload_and_is_told(self):
        # Above what the index writes meanwhile.
        self.limit_files_to(4 * MIB)
        self.assertEqual(self.put("large", payload(8 * MIB)), "500 InternalError")
        self.assertEqual(self.put("after", b"inline"), "200")
        self.check_reads()
        failures = self.metric(WRITE_FAILURES)
        self.assertGreaterEqual(failures, 1)
        self.assertEqual(self.lines("segment.write_failed"), failures)
        self.assertRegex(self.health(), r"\Aready\nsince the start: \d+ bodies given up after a failed write\n\Z")
        self.assertEqual(self.metric("holdfast_storage_writable"), 1)


if __name__ == "__main__":
    unittest.main()
