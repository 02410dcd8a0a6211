"""C1 and C6: the server crashes at every failpoint that its code names, also while it recovers and stops.

Environment: HF_CRASH_SEED (drawn and printed), HF_FAILPOINT_BINARY, HF_CRASH_FAILPOINTS (names, joined with
",": only those).
"""

import json
import os
import random
import re
import signal
import sys
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from failpoint_server import FailpointServer, require_failpoints  # noqa: E402
from harness import ROOT, client, md5  # noqa: E402 (from the folder of the S3 tests)
from load import Load, complaints_about  # noqa: E402
from model import Content, Expected  # noqa: E402

SEED = int(os.environ.get("HF_CRASH_SEED", random.SystemRandom().randrange(2**32)))
ONLY = [name for name in os.environ.get("HF_CRASH_FAILPOINTS", "").split(",") if name]
BUCKET = "failpoints"
LOAD_SECONDS = 4
PATIENCE_SECONDS = 180  # for what load alone must reach
DEATH_SECONDS = 120  # a drain and all that follows have deadlines of their own
# Background work comes by while a round lasts.
SETTINGS = ("gc.interval=1s", "gc.quarantine=1s", "scrub.interval=1s", "storage.memtable_bytes=1MiB")
# What a round may not meet at all; background_test leads there.
SELDOM = {"gc.row.before", "gc.trash.move", "gc.unlink.after", "gc.unlink.before", "rocksdb.compaction",
          "rocksdb.flush", "scrub.frame"}
# Once in the life of a server, or of a segment: the nth time may not come.
ONCE = {"dir.fsync.after", "dir.fsync.before", "recovery.replay", "recovery.walcopy", "reload", "rocksdb.open",
        "shutdown.drain", "shutdown.marker"}
UNCLEAN = "engine.unclean_stop"


def failpoints():
    """All names in the code of the server, so that one that is added is tested without a change here."""
    names = set()
    for folder in ("base", "storage", "server"):
        for source in (ROOT / folder).rglob("*.cpp"):
            names.update(re.findall(r'HF_FAILPOINT\(\s*"([a-z_.]+)"\)', source.read_text()))
    return sorted(names)


class FailpointCase(unittest.TestCase):
    """A server, what its clients know, and ways to end it."""

    server_options = {}

    @classmethod
    def setUpClass(cls):
        require_failpoints()
        print(f"seed {SEED} (HF_CRASH_SEED)", flush=True)

    def setUp(self):
        self.new_server()

    def new_server(self):
        self.server = FailpointServer(*SETTINGS, **self.server_options)
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.server.start()
        self.expected = Expected()
        client(self.server.endpoint).create_bucket(Bucket=BUCKET)

    def restart_with(self, failpoints):
        """Whether it got ready, and did not crash on the way; any other end of a start is a failure."""
        self.server.kill()
        self.server.environment["HOLDFAST_FAILPOINTS"] = failpoints
        try:
            self.server.start()
        except RuntimeError as error:
            self.assertEqual(self.server.start_ended_with, -signal.SIGKILL, f"{failpoints}: {str(error)[-4000:]}")
            return False
        return True

    def make_snapshots(self):
        """One after the other, and deletes them again, until the server is gone or did not reach what is awaited."""
        token = (self.server.data / "admin-token").read_text().strip()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for call in ("create", "delete"):
                request = urllib.request.Request(
                    f"{self.server.admin_endpoint}/admin/v1/snapshot/{call}?name=one", method="POST",
                    headers={"Authorization": f"Bearer {token}"})
                try:
                    urllib.request.urlopen(request, timeout=PATIENCE_SECONDS).close()
                except urllib.error.HTTPError as error:
                    # One is left by a crash in its deletion, or there is none after one in its making.
                    self.assertIn(error.code, (404, 409), error.read())
                except OSError:
                    return

    def died(self, seconds):
        """By its own SIGKILL within that time."""
        deadline = time.monotonic() + seconds
        while self.server.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.server.process.returncode == -signal.SIGKILL

    def crash_at(self, name, nth, seed):
        """Starts it with the failpoint and does everything that may lead there; whether it crashed there."""
        if not self.restart_with(f"{name}=crash@{nth}"):
            return True  # the start itself
        load = Load(self.server.endpoint, BUCKET, self.expected, seed)
        if name.startswith("snapshot."):
            self.make_snapshots()
        crashed = self.died(LOAD_SECONDS if name in SELDOM | ONCE else PATIENCE_SECONDS)
        for wake in (signal.SIGHUP, signal.SIGTERM):
            if crashed:
                break
            if wake == signal.SIGTERM:
                load.allow_failures()
            self.server.process.send_signal(wake)
            crashed = self.died(0.5 if wake == signal.SIGHUP else DEATH_SECONDS)
        code = self.server.process.returncode
        self.server.kill()
        self.assertIsNone(load.join(), f"{name}, seed {SEED}")
        self.assertEqual(code, -signal.SIGKILL if crashed else 0, f"{name}, seed {SEED}")
        return crashed

    def verify(self, what):
        self.assertTrue(self.restart_with(""), f"P12: no start after {what}, seed {SEED}")
        complaints = complaints_about(self.server, BUCKET, self.expected)
        self.assertEqual(complaints, [], f"after {what}, seed {SEED}")


class Rounds(FailpointCase):
    def test_a_crash_at_every_failpoint_loses_nothing_acknowledged_C1(self):
        moments = random.Random(SEED)
        crashed, never, too_seldom = 0, [], []
        for number, name in enumerate(ONLY or failpoints()):
            if number % 10 == 9:
                self.server.kill()
                self.new_server()  # uploads that nobody ends would add up
            for nth in (1, moments.randrange(2, 6)):
                reached = self.crash_at(name, nth, f"{SEED}-{name}-{nth}")
                self.verify(f"{name}=crash@{nth}")
                if not reached:
                    (never if nth == 1 else too_seldom).append(name)
                    break
                crashed += 1
        print(f"{crashed} crashes at failpoints; never reached: {', '.join(never) or 'none'}; "
              f"once only: {', '.join(too_seldom) or 'none'}", flush=True)
        self.assertEqual(sorted(set(never) - SELDOM), [], f"seed {SEED}")
        self.assertEqual(sorted(set(too_seldom) - SELDOM - ONCE), [], f"seed {SEED}")

    def test_a_crash_during_recovery_loses_nothing_acknowledged_C6(self):
        starting = [name for name in failpoints() if name.startswith(("rocksdb.open", "recovery."))]
        self.assertTrue(starting)
        for name in starting:
            load = Load(self.server.endpoint, BUCKET, self.expected, f"{SEED}-recovery-{name}")
            time.sleep(0.5)  # a moment under load, any
            self.server.kill()
            self.assertIsNone(load.join())
            for _ in range(3):
                self.assertFalse(self.restart_with(f"{name}=crash@1"), f"{name} is not reached by a start")
            self.verify(f"three crashes at {name} while starting")

    def test_a_crash_during_the_drain_loses_nothing_acknowledged_C6(self):
        for name in (name for name in failpoints() if name.startswith("shutdown.")):
            self.assertTrue(self.restart_with(f"{name}=crash@1"))
            load = Load(self.server.endpoint, BUCKET, self.expected, f"{SEED}-drain-{name}")
            time.sleep(0.5)  # a moment under load, any
            load.allow_failures()
            self.server.process.send_signal(signal.SIGTERM)
            self.assertTrue(self.died(DEATH_SECONDS), f"{name} is not reached by a stop")
            self.server.kill()
            self.assertIsNone(load.join())
            self.verify(f"a crash at {name}")

    def test_blobs_that_go_before_their_commit_are_noticed_gc_order(self):
        """The check of the check: a server that releases too early loses an object in this crash."""
        self.server.environment["HOLDFAST_TEST_BREAK"] = "gc_order"
        s3 = client(self.server.endpoint)
        body = b"k" * 100_000
        s3.put_object(Bucket=BUCKET, Key="kept", Body=body)
        self.expected.begin("kept", None)
        self.expected.acknowledge("kept", Content.of(body, md5(body), {}))
        self.assertTrue(self.restart_with("commit.wal.before=crash@1"))
        with self.assertRaises(Exception):
            client(self.server.endpoint).delete_object(Bucket=BUCKET, Key="kept")
        self.assertTrue(self.died(DEATH_SECONDS))
        self.server.environment["HOLDFAST_TEST_BREAK"] = ""
        self.assertTrue(self.restart_with(""))
        complaints = complaints_about(self.server, BUCKET, self.expected)
        self.assertTrue(any("kept" in complaint for complaint in complaints), complaints)


class CleanMarker(FailpointCase):
    """A start says whether the directory was left by a clean stop."""

    server_options = {"log_in_memory": True}

    def last_start(self):
        """The log of the newest start alone."""
        seen = len(self.server.log())
        self.assertTrue(self.restart_with(""))
        return self.server.log()[seen:]

    def test_a_clean_stop_leaves_the_marker(self):
        client(self.server.endpoint).put_object(Bucket=BUCKET, Key="key", Body=b"x" * 100_000)
        self.assertEqual(self.server.stop(), 0)
        self.assertNotIn(UNCLEAN, self.last_start())

    def test_a_kill_leaves_none(self):
        self.server.kill()
        self.assertIn(UNCLEAN, self.last_start())

    def start_that_hangs_at(self, name, drain_timeout="1s"):
        """Tells of each failpoint that is reached in a folder of the server's own."""
        marks = self.server.scratch / "marks"
        marks.mkdir(exist_ok=True)
        (marks / name).unlink(missing_ok=True)  # of a server before
        self.server.environment["HOLDFAST_TEST_FAILPOINT_DIRECTORY"] = str(marks)
        self.server.settings = (f"limits.drain_timeout={drain_timeout}",)
        self.assertTrue(self.restart_with(f"{name}=pause"))

    def wait_for(self, name):
        mark = self.server.scratch / "marks" / name
        deadline = time.monotonic() + DEATH_SECONDS
        while not mark.exists():
            self.assertLess(time.monotonic(), deadline, f"{name} is not reached")
            time.sleep(0.02)

    def check_an_unclean_stop(self, unfinished):
        last = [json.loads(line) for line in self.server.log().splitlines() if "stopped_uncleanly" in line][-1]
        self.assertEqual(last["unfinished"], unfinished)
        self.assertIn(UNCLEAN, self.last_start())
        self.verify("a stop that could not wait for the storage")

    def test_a_stop_leaves_none_when_the_storage_does_not_finish(self):
        """A flush that hangs: its request is cut after the drain, but the storage is still at work for it."""
        self.start_that_hangs_at("blob.fdatasync.before")
        load = Load(self.server.endpoint, BUCKET, self.expected, f"{SEED}-hang", may_fail=True)
        self.wait_for("blob.fdatasync.before")
        self.assertEqual(self.server.stop(), 1)
        self.assertIsNone(load.join())
        self.check_an_unclean_stop("requests")

    def test_a_stop_ends_although_no_request_waits_for_the_disk_that_hangs(self):
        """Everything behind the drain has a deadline too: background work, the last sync, the threads."""
        with self.subTest("background work"):
            self.start_that_hangs_at("gc.row.before")
            s3 = client(self.server.endpoint)
            s3.put_object(Bucket=BUCKET, Key="key", Body=b"x" * 100_000)
            s3.delete_object(Bucket=BUCKET, Key="key")
            self.wait_for("gc.row.before")
            self.assertEqual(self.server.stop(), 1)
            self.check_an_unclean_stop("background work")
        with self.subTest("closing the storage"):
            self.start_that_hangs_at("shutdown.marker")
            self.assertEqual(self.server.stop(), 1)
            self.check_an_unclean_stop("closing the storage")

    def test_a_second_signal_ends_a_stop_that_hangs_at_once(self):
        for second in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(second.name):
                self.start_that_hangs_at("shutdown.marker", drain_timeout="1h")  # or it is ended by that
                self.server.process.send_signal(signal.SIGTERM)
                self.wait_for("shutdown.marker")
                self.server.process.send_signal(second)
                self.assertEqual(self.server.process.wait(DEATH_SECONDS), 1)
                self.assertNotIn("stopped_uncleanly", self.server.log())
                self.assertIn(UNCLEAN, self.last_start())
                self.verify("a stop that was cut short")


if __name__ == "__main__":
    unittest.main()
