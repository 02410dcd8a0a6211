"""The server crashes in each step of its background work, which a round under load may or may not meet: the
next start makes up for it.

Environment: HF_FAILPOINT_BINARY.
"""

import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from admin_test import PATIENCE_SECONDS, AdminTestCase  # noqa: E402 (from the folder of the S3 tests)
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402
from failpoint_server import FailpointServer, require_failpoints  # noqa: E402
from harness import KIB, payload  # noqa: E402
from load import complaints_about  # noqa: E402
from model import Expected  # noqa: E402

COLLECTING = ("gc.row.before", "gc.unlink.before", "gc.unlink.after", "gc.trash.move", "scrub.frame")
INDEX = ("rocksdb.flush", "rocksdb.compaction")
INLINE_OBJECTS_MAX = 3000  # many times what fills the index' memory and makes it compact


class Background(AdminTestCase):
    settings = (*AdminTestCase.settings, "storage.memtable_bytes=1MiB")

    @classmethod
    def setUpClass(cls):
        require_failpoints()

    def make_server(self):
        return FailpointServer(*self.settings)

    def start_with(self, failpoints):
        self.server.kill()
        self.server.environment["HOLDFAST_FAILPOINTS"] = failpoints
        self.server.start()
        self.connect()

    def check_that_it_crashes(self):
        try:
            code = self.server.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.fail("the failpoint is not reached")
        self.assertEqual(code, -signal.SIGKILL, self.server.log()[-4000:])

    def check_the_next_start(self, kept):
        """It is well, everything of `kept` is there, and what the crash interrupted comes to its end."""
        self.start_with("")
        for key, body in kept.items():
            self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(), body)
        empty = self.s3.create_bucket(Bucket=f"{self.bucket}-empty")["Location"].strip("/")
        self.assertEqual(complaints_about(self.server, empty, Expected()), [])
        self.s3.delete_bucket(Bucket=empty)
        self.until(self.settled)
        self.assertEqual(self.scrub_pass()["count"], 0)

    def settled(self):
        """Nothing waits to be given back."""
        found = self.gc_pass()["space"]
        return found["queued_bytes"] + found["quarantined_bytes"] + found["orphan_bytes"] == 0

    def test_a_kill_in_each_step_of_collecting_and_scrubbing_C1(self):
        gone = {f"gone-{number}": payload(200 * KIB, seed=number) for number in range(3)}
        kept = {}
        for failpoint in COLLECTING:
            with self.subTest(failpoint):
                for key, body in gone.items():
                    self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
                self.start_with(f"{failpoint}=crash")
                # Under a key of its own: what it replaced would be given back, and the server crash too early.
                key = f"kept-{failpoint}"
                kept[key] = payload(200 * KIB, seed=key)
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=kept[key])
                for key in gone:
                    try:
                        self.s3.delete_object(Bucket=self.bucket, Key=key)
                    except (BotoCoreError, OSError):  # it is dead already; the client heard nothing
                        break
                for words in (("gc", "run"), ("scrub", "start")):
                    self.command(*words)
                self.check_that_it_crashes()
                self.check_the_next_start(kept)
                for key in gone:
                    self.s3.delete_object(Bucket=self.bucket, Key=key)
                self.until(self.settled)  # or the next start finds it, and crashes before it is ready

    def test_a_kill_while_the_index_flushes_or_compacts_C1(self):
        kept = {}
        for failpoint in INDEX:
            with self.subTest(failpoint):
                try:
                    self.start_with(f"{failpoint}=crash")
                except RuntimeError as error:  # each start flushes, and compacts what the ones before left
                    self.assertEqual(self.server.start_ended_with, -signal.SIGKILL, str(error)[-4000:])
                else:
                    self.put_until_it_dies(failpoint, kept)
                    self.check_that_it_crashes()
                self.check_the_next_start(kept)

    def test_a_resume_undoes_what_a_crash_left_of_a_bucket_s_deletion_P12(self):
        """The start that followed the crash took no writes, so it could not."""
        self.start_with("commit.batch.built=crash@2")  # behind the mark, before the name goes
        with self.assertRaises((BotoCoreError, OSError)):
            self.s3.delete_bucket(Bucket=self.bucket)
        self.check_that_it_crashes()
        self.server.settings = (*self.server.settings, "storage.unclean_starts_max=1")
        self.start_with("")
        self.assertFalse(self.admin("info")["condition"]["writable"])
        with self.assertRaises(ClientError) as refused:
            self.s3.put_object(Bucket=self.bucket, Key="key", Body=b"body")
        self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 503)
        self.admin("volume", "resume")
        self.until(lambda: self.admin("info")["condition"]["writable"])

        def put():
            try:
                return self.s3.put_object(Bucket=self.bucket, Key="key", Body=b"body")
            except ClientError as error:  # the mark stands: nobody knows yet whether the bucket stays
                self.assertEqual(error.response["Error"]["Code"], "SlowDown")
                return None
        self.until(put)
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="key")["Body"].read(), b"body")

    def put_until_it_dies(self, prefix, kept):
        for number in range(INLINE_OBJECTS_MAX):
            key, body = f"{prefix}-{number}", payload(KIB, seed=number)
            try:
                self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
            except (BotoCoreError, OSError):
                return
            kept[key] = body


if __name__ == "__main__":
    unittest.main()
