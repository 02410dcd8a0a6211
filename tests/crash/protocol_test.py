"""C5: the order of system calls of one request each, and how often it waits for the disk.

Finds a sync that is missing, too early or superfluous, on any file system, without a crash.
"""

import json
import sys
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from failpoint_server import FailpointServer, require_failpoints  # noqa: E402 (harness: the S3 tests')
from harness import Server, client, md5  # noqa: E402
from protocol import Exchange  # noqa: E402
from syscalls import Trace  # noqa: E402

BUCKET, KEY = "protocol", "key"
COMMITS = "holdfast_commits_total"
PATIENCE_SECONDS = 60
INLINE, SEGMENT = b"i" * 1000, b"s" * 100_000


class Session:
    """A server and the requests that the tests look at; each one alone on an idle server."""

    def __init__(self, server):
        self.server = server.start()
        self.s3 = client(self.server.endpoint)
        self.s3.create_bucket(Bucket=BUCKET)

    def end(self):
        self.server.kill()
        self.server.remove()

    def look_at(self, operation, **parameters):
        """The system calls of one request, as an Exchange, and its answer."""
        self.wait_until_idle()
        with Trace(self.server.process.pid) as trace:
            self.answer = getattr(self.s3, operation)(**{"Bucket": BUCKET, **parameters})
        return Exchange(trace.calls, self.server.data)

    def put(self, body, key=KEY):
        return self.look_at("put_object", Key=key, Body=body)

    def create(self):
        return self.s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]

    def metric(self, series):
        with urllib.request.urlopen(f"{self.server.admin_endpoint}/metrics", timeout=PATIENCE_SECONDS) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(series + " "):
                    return float(line.rpartition(" ")[2])
        raise AssertionError(f"no {series}")

    def admin(self, method, call):
        token = (self.server.data / "admin-token").read_text().strip()
        request = urllib.request.Request(f"{self.server.admin_endpoint}/admin/v1/{call}", method=method,
                                         headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def queued_bytes(self, deadline):
        """As a pass of the collector that begins now finds them."""
        before = self.admin("POST", "gc/run")["passes_before"]
        while time.monotonic() < deadline:
            found = self.admin("GET", "gc/report")
            if found["passes"] > before and not found["running"]:
                return found["space"]["queued_bytes"]
            time.sleep(0.02)
        raise AssertionError("the collector does not end its pass")

    def wait_until_idle(self):
        """Until the reclaimer, which looks once a second, has dropped what the request before left.

        It gives the space back first and commits that at once; a commit of our own shows the end of those before.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            before = self.metric(COMMITS)
            if self.queued_bytes(deadline) == 0:
                self.s3.put_object(Bucket=BUCKET, Key="idle", Body=INLINE)
                if self.metric(COMMITS) == before + 1:
                    return
        raise AssertionError("the server does not become idle")


class Protocol(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.session = Session(Server())
        cls.addClassCleanup(cls.session.end)
        cls.session.s3.put_object(Bucket=BUCKET, Key="first", Body=SEGMENT)  # makes the segment

    def check(self, exchange, syncs):
        self.assertEqual(exchange.complaints(), [])
        self.assertTrue(exchange.writes(), "nothing was written: the trace is blind")
        self.assertEqual([Path(c.path).suffix for c in exchange.syncs()], syncs)

    def test_put_of_a_small_object_waits_for_one_sync_C5(self):
        self.check(self.session.put(INLINE), [".log"])

    def test_put_of_a_large_object_waits_for_two_syncs_C5(self):
        self.check(self.session.put(SEGMENT), [".segment", ".log"])

    def test_overwrite_gives_space_back_only_when_it_is_durable_C5(self):
        self.session.put(SEGMENT, "overwritten")
        self.check(self.session.put(SEGMENT, "overwritten"), [".segment", ".log"])

    def test_create_bucket_is_durable_when_answered_C5(self):
        exchange = self.session.look_at("create_bucket", Bucket="another")
        self.assertEqual(exchange.complaints(), [])
        self.assertEqual({Path(c.path).suffix for c in exchange.syncs()}, {".log"})

    def test_delete_waits_for_one_sync_C5(self):
        self.session.put(SEGMENT, "deleted")
        self.check(self.session.look_at("delete_object", Key="deleted"), [".log"])

    def test_copy_is_durable_when_answered_C5(self):
        self.session.put(SEGMENT, "copied")
        source = {"Bucket": BUCKET, "Key": "copied"}
        self.check(self.session.look_at("copy_object", Key="copy", CopySource=source), [".segment", ".log"])

    def test_an_upload_is_durable_at_each_step_C5(self):
        self.check(self.session.look_at("create_multipart_upload", Key=KEY), [".log"])
        upload = self.session.answer["UploadId"]
        part = {"Key": KEY, "UploadId": upload, "PartNumber": 1}
        self.check(self.session.look_at("upload_part", Body=SEGMENT, **part), [".segment", ".log"])
        self.check(self.session.look_at("upload_part", Body=SEGMENT[1:], **part), [".segment", ".log"])
        parts = {"Parts": [{"PartNumber": 1, "ETag": f'"{md5(SEGMENT[1:])}"'}]}
        exchange = self.session.look_at("complete_multipart_upload", Key=KEY, UploadId=upload, MultipartUpload=parts)
        self.assertEqual(exchange.complaints(), [])
        self.assertIn([Path(c.path).suffix for c in exchange.syncs()],
                      ([".log"], [".segment", ".log"]))  # with a blob that says which parts were chosen

    def test_abort_waits_for_one_sync_C5(self):
        upload = self.session.create()
        self.session.s3.upload_part(Bucket=BUCKET, Key=KEY, UploadId=upload, PartNumber=1, Body=SEGMENT)
        self.check(self.session.look_at("abort_multipart_upload", Key=KEY, UploadId=upload), [".log"])

    def test_delete_objects_waits_for_every_entry_C5(self):
        keys = [f"many-{n}" for n in range(3)]
        for key in keys:
            self.session.s3.put_object(Bucket=BUCKET, Key=key, Body=INLINE)
        exchange = self.session.look_at("delete_objects", Delete={"Objects": [{"Key": key} for key in keys]})
        self.assertEqual(exchange.complaints(), [])
        self.assertTrue(exchange.writes())


class NewSegment(unittest.TestCase):
    def test_the_name_of_a_new_segment_is_durable_before_the_answer_C5(self):
        session = Session(Server())
        self.addCleanup(session.end)
        exchange = session.put(SEGMENT)
        self.assertEqual(exchange.complaints(), [])
        self.assertEqual(len(exchange.files_made()), 1)
        self.assertEqual([Path(c.path).name.rpartition(".")[2] for c in exchange.syncs()],
                         ["segments", "segment", "log"])


class SelfCheck(unittest.TestCase):
    """A server that is broken in one place must be caught, or the tests above prove nothing."""

    @classmethod
    def setUpClass(cls):
        require_failpoints()

    def complaints_of(self, broken):
        session = Session(FailpointServer(broken=broken))
        self.addCleanup(session.end)
        first = session.put(SEGMENT)
        return first.complaints() + session.put(SEGMENT).complaints()

    def test_the_same_build_with_nothing_broken_passes(self):
        self.assertEqual(self.complaints_of(""), [])

    def test_a_missing_sync_of_a_segment_is_caught(self):
        self.assertTrue(any("the log names a blob" in c for c in self.complaints_of("blob_sync")))

    def test_a_missing_sync_of_the_directory_is_caught(self):
        self.assertTrue(any("the directory of the new file" in c for c in self.complaints_of("dir_sync")))

    def test_a_missing_sync_of_the_log_is_caught(self):
        self.assertTrue(any(".log" in c and "not synced" in c for c in self.complaints_of("wal_sync")))

    def test_space_given_back_too_early_is_caught(self):
        self.assertTrue(any("space is given back" in c for c in self.complaints_of("gc_order")))


if __name__ == "__main__":
    unittest.main()
