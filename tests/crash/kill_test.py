"""Kills the server with SIGKILL under load, again and again, and checks every promise after each restart.

A kill loses nothing with any storage.durability, so the rounds take turns with them, on one data directory.

Environment: HF_CRASH_ROUNDS (50), HF_CRASH_SEED (drawn and printed), HF_TEST_BINARY.
"""

import os
import random
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from botocore.exceptions import ClientError  # noqa: E402
from harness import Server, client  # noqa: E402 (from the folder of the S3 tests)
from load import Load, complaints_about  # noqa: E402
from model import Expected  # noqa: E402
from writers import Gone, Writer  # noqa: E402

ROUNDS = int(os.environ.get("HF_CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("HF_CRASH_SEED", random.SystemRandom().randrange(2**32)))
BUCKET = "crash"
SETTING = "storage.segment_bytes=128MiB"
DURABILITIES = ("strict", "batched", "strict", "relaxed")  # one round after the other


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (HF_CRASH_SEED), {ROUNDS} rounds", flush=True)

    def setUp(self):
        self.server = Server(SETTING).start()
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.expected = Expected()
        self.client().create_bucket(Bucket=BUCKET)

    def client(self):
        return client(self.server.endpoint, max_pool_connections=4)

    def load(self, seed, seconds):
        """Writers for a while, then the end without warning."""
        load = Load(self.server.endpoint, BUCKET, self.expected, seed)
        time.sleep(seconds)  # the random moment is the point of this test
        self.server.kill()
        self.assertIsNone(load.join())

    def verify(self):
        return complaints_about(self.server, BUCKET, self.expected)

    def test_nothing_acknowledged_is_lost_P1_to_P8(self):
        moments = random.Random(SEED)
        slowest = 0.0
        for number in range(ROUNDS):
            self.load(f"{SEED}-{number}", moments.choice((0.02, 0.1, 0.3, 0.6, 1.0)) * moments.uniform(0.5, 2))
            durability = DURABILITIES[(number + 1) % len(DURABILITIES)]
            self.server.settings = (SETTING, f"storage.durability={durability}")
            started = time.monotonic()
            self.server.start()
            slowest = max(slowest, time.monotonic() - started)
            complaints = self.verify()
            self.assertEqual(complaints, [], f"round {number}, {DURABILITIES[number % len(DURABILITIES)]}, seed {SEED}")
        print(f"{ROUNDS} kills, {self.expected.acknowledged} acknowledged operations checked, "
              f"slowest restart {slowest:.2f} s")
        self.assertGreater(self.expected.acknowledged, ROUNDS)
        self.assertEqual(self.server.stop(), 0)

    def test_a_second_kill_during_recovery_is_harmless(self):
        for number in range(max(2, ROUNDS // 10)):
            self.load(f"{SEED}-again-{number}", 0.3)
            for _ in range(3):
                self.server.launch()
                time.sleep(random.Random(f"{SEED}-{number}").uniform(0.0, 0.1))
                self.server.kill()
            self.server.start()
            self.assertEqual(self.verify(), [], f"round {number}, seed {SEED}")

    def test_the_verifier_sees_what_is_lost_changed_or_left_over(self):
        """The check of the check: each kind of damage is done behind the model's back."""
        s3 = self.client()
        writer = Writer(0, s3, BUCKET, self.expected, SEED)
        for _ in range(12):
            writer.put()
        upload = writer.start_upload()
        writer.upload_part(upload, 1, b"part")
        other = writer.start_upload()
        writer.upload_part(other, 1, b"part")
        writer.complete(other, [b"part"])
        self.assertEqual(self.verify(), [])
        key = next(key for key, states in self.expected.keys.items() if None not in states)

        def complaints_after(damage):
            saved = {k: set(v) for k, v in self.expected.keys.items()}
            damage()
            found = self.verify()
            self.expected.keys = saved
            return found

        content = s3.get_object(Bucket=BUCKET, Key=key)
        body, metadata = content["Body"].read(), content["Metadata"]
        self.assertTrue(complaints_after(lambda: s3.delete_object(Bucket=BUCKET, Key=key)), "a lost object")
        s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={})
        self.assertTrue(self.verify(), "lost metadata")
        s3.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata=metadata)
        s3.put_object(Bucket=BUCKET, Key="nobody's", Body=b"x")
        self.assertTrue(any("P8" in c for c in self.verify()), "an object nobody wrote")
        s3.delete_object(Bucket=BUCKET, Key="nobody's")
        s3.upload_part(Bucket=BUCKET, Key=upload.key, UploadId=upload.upload_id, PartNumber=1, Body=b"changed")
        self.assertTrue(self.verify(), "a changed part")
        s3.abort_multipart_upload(Bucket=BUCKET, Key=upload.key, UploadId=upload.upload_id)
        self.assertTrue(any("P2" in c for c in self.verify()), "a lost upload")

    def test_the_verifier_and_the_writers_notice_a_server_that_takes_no_writes(self):
        """The check of the check: nothing is lost, and P12 is broken all the same."""
        Writer(0, self.client(), BUCKET, self.expected, SEED).put()
        self.assertEqual(self.verify(), [])
        self.server.kill()
        self.server.settings = (*self.server.settings, "storage.read_only=true")
        self.server.start()
        complaints = self.verify()
        self.assertTrue(any("/health/ready" in c and "read-only" in c for c in complaints), complaints)
        self.assertTrue(any("does not take writes" in c for c in complaints), complaints)
        with self.assertRaises(ClientError):
            Writer(0, self.client(), BUCKET, self.expected, SEED).put()
        with self.assertRaises(Gone):
            Writer(0, self.client(), BUCKET, self.expected, SEED, may_fail=True).put()


if __name__ == "__main__":
    unittest.main()
