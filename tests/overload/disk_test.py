"""The disk fills up while many uploads run (durability 2.5, 5.5)."""

import os
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from botocore.exceptions import ClientError
from support import MIB, Overload, harness, skip

UPLOADS, UPLOAD_BYTES, DISK = 64, 6 * MIB, 320 * MIB


class FullDisk(Overload):
    def make_server(self):
        self.disk = Path(tempfile.mkdtemp(prefix="holdfast-test-disk-"))
        if os.geteuid() != 0:
            skip(self, "mounting a small file system needs root")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(self.disk)],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            skip(self, f"no tmpfs: {mounted.stderr.strip()}")
        self.addCleanup(self.unmount)
        return harness.Server(data=self.disk / "data")

    def unmount(self):
        self.server.kill()
        subprocess.run(["umount", "-l", str(self.disk)], check=True)
        self.disk.rmdir()

    def test_uploads_on_a_full_disk_get_507_and_the_others_are_whole(self):
        bodies = {f"k{n}": harness.payload(UPLOAD_BYTES, n) for n in range(UPLOADS)}
        outcomes = {}

        def upload(key):
            try:
                answer = self.request("PUT", f"/load/{key}", headers={"expect": "100-continue"},
                                      body=bodies[key]).send()
                outcomes[key] = (answer.status, answer.code if answer.status != 200 else "")
            except OSError as error:  # refused while it was still sending
                outcomes[key] = (507, type(error).__name__)

        threads = [threading.Thread(target=upload, args=(key,)) for key in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = [key for key, (status, _) in outcomes.items() if status == 200]
        refused = [key for key, (status, _) in outcomes.items() if status == 507]
        print(f"{len(stored)} stored, {len(refused)} refused with 507")
        self.assertEqual(len(stored) + len(refused), UPLOADS, outcomes)
        self.assertTrue(stored and refused, outcomes)
        for key in stored:
            self.assertEqual(self.s3.get_object(Bucket="load", Key=key)["Body"].read(), bodies[key])
        listed = {entry["Key"] for entry in self.s3.list_objects_v2(Bucket="load").get("Contents", [])}
        self.assertEqual(listed, set(stored))
        # Deleting works on the full disk and makes room.
        for key in stored:
            self.s3.delete_object(Bucket="load", Key=key)
        for _ in range(300):
            try:
                self.s3.put_object(Bucket="load", Key="again", Body=bodies["k0"])
                break
            except ClientError as error:
                self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 507)
            threading.Event().wait(0.1)
        self.assertEqual(self.s3.get_object(Bucket="load", Key="again")["Body"].read(), bodies["k0"])


if __name__ == "__main__":
    unittest.main()
