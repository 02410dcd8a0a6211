"""A core thread that throws: the process aborts, its log says why, and the next start recovers (2.5).

Environment: HF_FAILPOINT_BINARY.
"""

import json
import signal
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from failpoint_server import FailpointServer, require_failpoints  # noqa: E402
from harness import client, md5, payload  # noqa: E402 (from the folder of the S3 tests)

BUCKET = "core-threads"
DEATH_SECONDS = 60
REQUESTS_MAX = 100
# An event loop outside of any request, the thread that writes the index, and one that syncs a segment.
THREADS = {"accept": "event loop", "commit.batch.built": "committer", "blob.fdatasync.before": "syncer"}


def events(log):
    """The log's lines of one run, parsed; what is no line of the log fails."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


class CoreThread(unittest.TestCase):
    def setUp(self):
        require_failpoints()
        self.server = FailpointServer(log_in_memory=True)
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.server.start()
        client(self.server.endpoint).create_bucket(Bucket=BUCKET)
        self.acknowledged = {}

    def start_with(self, failpoints):
        """The log of that run alone, to be read when it is over."""
        self.server.kill()
        self.server.environment["HOLDFAST_FAILPOINTS"] = failpoints
        seen = len(self.server.log())
        self.server.start()
        return lambda: self.server.log()[seen:]

    def put_until_it_ends(self, name):
        for number in range(REQUESTS_MAX):
            # A client of its own, so a connection of its own.
            key, body = f"{name}-{number}", payload(100_000, number)
            try:
                client(self.server.endpoint).put_object(Bucket=BUCKET, Key=key, Body=body)
            except Exception:  # pylint: disable=broad-except (of the client library, any)
                return
            self.acknowledged[key] = md5(body)
        self.fail(f"{name} was not reached by {REQUESTS_MAX} requests")

    def test_a_core_thread_that_throws_aborts_and_the_next_start_recovers(self):
        for name, thread in THREADS.items():
            with self.subTest(thread):
                log = self.start_with(f"{name}=throw@7")
                self.put_until_it_ends(name)
                self.assertEqual(self.server.process.wait(DEATH_SECONDS), -signal.SIGABRT, log())
                crashes = [event for event in events(log()) if event["event"] == "crashed"]
                self.assertEqual(len(crashes), 1, log())
                self.assertEqual(crashes[0]["level"], "error")
                self.assertIn(f"failpoint {name}", crashes[0]["reason"])

                log = self.start_with("")
                self.assertIn("engine.unclean_stop", [event["event"] for event in events(log())])
                s3 = client(self.server.endpoint)
                for key, digest in self.acknowledged.items():
                    self.assertEqual(md5(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()), digest, key)
                s3.put_object(Bucket=BUCKET, Key="after", Body=b"after")
        self.assertTrue(self.acknowledged)
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
