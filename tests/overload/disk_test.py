"""The disk fills up while many uploads run (durability 2.5, 5.5)."""

import os
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from botocore.exceptions import ClientError
from support import MIB, Overload, harness, receive_answer, skip

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

    def upload(self, key, body):
        """The status of the answer; 0 when the connection ended without one."""
        request = self.request("PUT", f"/load/{key}", headers={"expect": "100-continue"}, body=body)
        with self.connect(timeout=60) as connection:
            connection.sendall(request.signed().head_bytes())
            status, _ = receive_answer(connection)
            if status != 100:
                return status
            try:
                connection.sendall(body)
            except OSError:
                pass  # refused while it was still sending: the answer may be there
            return receive_answer(connection)[0]

    def put_when_there_is_room(self, key, body):
        for _ in range(300):
            try:
                self.s3.put_object(Bucket="load", Key=key, Body=body)
                return
            except ClientError as error:
                self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 507)
            threading.Event().wait(0.1)
        self.fail(f"there is no room for {key}")

    def test_uploads_on_a_full_disk_get_507_and_the_others_are_whole(self):
        bodies = {f"k{n}": harness.payload(UPLOAD_BYTES, n) for n in range(UPLOADS)}
        outcomes = {}

        def upload(key):
            outcomes[key] = self.upload(key, bodies[key])

        threads = [threading.Thread(target=upload, args=(key,)) for key in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = {key for key, status in outcomes.items() if status == 200}
        refused = {key for key, status in outcomes.items() if status == 507}
        cut = {key for key, status in outcomes.items() if status == 0}
        print(f"{len(stored)} stored, {len(refused)} refused with 507, {len(cut)} cut without an answer")
        self.assertEqual(stored | refused | cut, set(bodies), outcomes)
        self.assertTrue(stored and refused, outcomes)
        listed = {entry["Key"] for entry in self.s3.list_objects_v2(Bucket="load").get("Contents", [])}
        self.assertLessEqual(stored, listed)
        self.assertLessEqual(listed, stored | cut)  # what was cut is in doubt
        for key in listed:
            self.assertEqual(self.s3.get_object(Bucket="load", Key=key)["Body"].read(), bodies[key])
        # Deleting works on the full disk and makes room.
        for key in listed:
            self.s3.delete_object(Bucket="load", Key=key)
        self.put_when_there_is_room("again", bodies["k0"])
        self.put_when_there_is_room("after", b"small")  # what came first may have taken all that was free
        self.assertEqual(self.s3.get_object(Bucket="load", Key="again")["Body"].read(), bodies["k0"])


if __name__ == "__main__":
    unittest.main()
