"""Snapshots against a real server: made under load, copied, and started elsewhere."""

import json
import shutil
import subprocess
import threading
import unittest

from admin_test import AdminTestCase, PATIENCE_SECONDS

import harness
from harness import KIB, MIB, payload


class SnapshotTest(AdminTestCase):
    WRITERS = 3

    def write_forever(self, writer):
        """Puts objects small and large, replaces and deletes some; `acked` has what must be there."""
        s3 = harness.client(self.server.endpoint)
        number = 0
        while not self.stop.is_set():
            key = f"w{writer}/{number:05}"
            body = payload((500, 40 * KIB, 300 * KIB)[number % 3], seed=writer * 100_000 + number)
            s3.put_object(Bucket=self.bucket, Key=key, Body=body)
            with self.lock:
                self.acked[key] = body
            if number % 5 == 4:  # so that space is given back all the time
                s3.put_object(Bucket=self.bucket, Key=f"w{writer}/replaced", Body=body)
                s3.delete_object(Bucket=self.bucket, Key=f"w{writer}/replaced")
            number += 1
            self.written.release()

    def fsck(self, directory):
        command = [str(harness.BINARY), "fsck", "--json", "--set", f"storage.directory={directory}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_snapshot_under_load_is_copied_and_a_second_server_has_all_that_was_acked_2_3_8(self):
        self.s3.put_object(Bucket=self.bucket, Key="deleted-later", Body=payload(3 * MIB, seed=1))
        upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key="multipart")["UploadId"]
        part = self.s3.upload_part(Bucket=self.bucket, Key="multipart", UploadId=upload, PartNumber=1,
                                   Body=payload(300 * KIB, seed=2))
        self.acked, self.lock, self.stop = {}, threading.Lock(), threading.Event()
        self.written = threading.Semaphore(0)
        writers = [threading.Thread(target=self.write_forever, args=(number,)) for number in range(self.WRITERS)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(60):
                self.assertTrue(self.written.acquire(timeout=PATIENCE_SECONDS))
            with self.lock:
                before = dict(self.acked)
            made = self.admin("snapshot", "create", "monday")
            for _ in range(30):
                self.assertTrue(self.written.acquire(timeout=PATIENCE_SECONDS))
        finally:
            self.stop.set()
            for writer in writers:
                writer.join()
        self.assertEqual(made["name"], "monday")
        self.s3.delete_object(Bucket=self.bucket, Key="deleted-later")
        self.s3.abort_multipart_upload(Bucket=self.bucket, Key="multipart", UploadId=upload)
        for key in before:
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        self.gc_pass()

        copy = self.server.scratch / "copy"
        subprocess.run(["cp", "-a", made["directory"], copy], check=True)
        self.assertFalse((copy / "admin-token").exists())
        self.assertEqual((copy / "keyring").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.fsck(copy)["problems"], [])
        second = harness.Server(*self.settings, data=copy)
        self.addCleanup(second.remove)
        self.addCleanup(second.kill)
        second.start()
        there = harness.client(second.endpoint)
        for key, body in before.items():
            self.assertEqual(there.get_object(Bucket=self.bucket, Key=key)["Body"].read(), body)
        self.assertEqual(there.get_object(Bucket=self.bucket, Key="deleted-later")["Body"].read(),
                         payload(3 * MIB, seed=1))
        there.complete_multipart_upload(Bucket=self.bucket, Key="multipart", UploadId=upload, MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        self.assertEqual(there.get_object(Bucket=self.bucket, Key="multipart")["Body"].read(),
                         payload(300 * KIB, seed=2))
        there.put_object(Bucket=self.bucket, Key="new", Body=b"new")
        self.assertEqual(second.stop(), 0)
        self.assertEqual(self.fsck(copy)["problems"], [])
        # And the first one is as whole as it was.
        with self.lock:
            for key, body in self.acked.items():
                if key not in before:
                    self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(), body)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.fsck(self.server.data)["problems"], [])

    def test_what_it_keeps_stays_queued_through_a_restart_and_comes_back_with_its_deletion_P13(self):
        for number in range(4):
            self.s3.put_object(Bucket=self.bucket, Key=f"k{number}", Body=payload(MIB, seed=number))
        self.admin("snapshot", "create", "keep")
        for number in range(3):
            self.s3.delete_object(Bucket=self.bucket, Key=f"k{number}")
        self.server.kill()
        self.server.start()
        self.connect()
        held = self.gc_pass()["space"]
        self.assertGreaterEqual(held["queued_bytes"], 3 * MIB)
        self.assertGreaterEqual(self.on_disk(), 4 * MIB)
        self.assertEqual([row["name"] for row in self.admin("snapshot", "list")["snapshots"]], ["keep"])
        self.assertEqual(self.admin("snapshot", "delete", "keep"), {"deleted": "keep"})
        self.until(lambda: self.gc_pass()["space"]["queued_bytes"] == 0)
        self.assertLess(self.on_disk(), 2 * MIB)
        self.assertEqual(self.admin("snapshot", "list"), {"snapshots": []})
        body = self.s3.get_object(Bucket=self.bucket, Key="k3")["Body"].read()
        self.assertEqual(body, payload(MIB, seed=3))

    def test_commands_and_what_they_refuse(self):
        made = self.admin("snapshot", "create")
        self.assertRegex(made["name"], r"^\d{8}T\d{6}Z$")
        table = self.command("snapshot", "list")
        self.assertIn(made["name"], table.stdout)
        again = self.command("snapshot", "create", made["name"])
        self.assertEqual(again.returncode, 1)
        self.assertIn("already", again.stderr)
        for words in (("create", "../out"), ("delete", ".making")):
            self.assertEqual(self.command("snapshot", *words).returncode, 2)
        gone = self.command("snapshot", "delete", "none")
        self.assertEqual(gone.returncode, 1)
        self.assertIn("there is no snapshot none", gone.stderr)
        self.assertEqual(self.command("snapshot", "delete").returncode, 2)

    def test_a_server_that_writes_nothing_and_one_without_a_disk_refuse(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.settings = (*self.settings, "storage.read_only=true")
        self.server.start()
        refused = self.command("snapshot", "create", "s")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no writes are taken", refused.stderr)
        self.assertEqual(self.server.stop(), 0)
        shutil.rmtree(self.server.data / "snapshots", ignore_errors=True)
        self.server.settings = (*self.settings, "storage.engine=memory", "admin.token=0123456789abcdef")
        self.server.start()
        refused = self.command("snapshot", "create", "s", settings=["admin.token=0123456789abcdef"])
        self.assertEqual(refused.returncode, 1)
        self.assertIn("storage.engine is memory", refused.stderr)


if __name__ == "__main__":
    unittest.main()
