"""The admin commands against a real server: what a kill leaves behind, and damage on the disk."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

from botocore.exceptions import ClientError

import harness
from harness import KIB, MIB, payload

PATIENCE_SECONDS = 180


class AdminTestCase(unittest.TestCase):
    settings = ("gc.interval=0s", "scrub.interval=0s", "gc.quarantine=0s", "storage.inline_bytes_max=1KiB")

    def setUp(self):
        if harness.GIVEN_ENDPOINT:
            self.skipTest("needs a server of its own")
        self.server = self.make_server()
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.server.start()
        self.connect()
        self.bucket = harness.new_bucket_name()
        self.s3.create_bucket(Bucket=self.bucket)

    def make_server(self):
        return harness.Server(*self.settings)

    def connect(self):
        self.s3 = harness.client(self.server.endpoint)

    def command(self, *words, settings=()):
        port = self.server.admin_endpoint.rsplit(":", 1)[1]
        given = [f"storage.directory={self.server.data}", f"admin.port={port}", *settings]
        command = [self.server.command()[0], "admin", *words]
        command += [piece for setting in given for piece in ("--set", setting)]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)

    def admin(self, *words):
        done = self.command(*words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def until(self, holds):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = holds()
            if found:
                return found
            time.sleep(0.05)
        self.fail("it did not come to that in time")

    def gc_pass(self, *words):
        """Runs a whole pass and returns the report about it."""
        before = self.admin("gc", "run", *words)["passes_before"]

        def report():
            found = self.admin("gc", "report")
            return found if found["passes"] > before and not found["running"] else None
        found = self.until(report)
        self.assertIsNone(found["failure"])
        self.check_sum(found)
        return found

    def scrub_pass(self):
        before = self.admin("scrub", "start")["passes_before"]
        self.until(lambda: self.admin("scrub", "status")["passes"] > before)
        return self.admin("scrub", "report")

    def check_sum(self, report):
        space = dict(report["space"])
        whole = space.pop("on_disk_bytes")
        self.assertEqual(sum(space.values()), whole)

    def on_disk(self):
        return sum(os.stat(path).st_blocks * 512 for path in (self.server.data / "segments").iterdir())


class CommandsTest(AdminTestCase):
    def test_info_and_its_table(self):
        info = self.admin("info")
        self.assertEqual(info["durability"], "strict")
        self.assertTrue(info["condition"]["writable"])
        self.assertEqual(info["condition"]["missing_commits"], 0)
        self.assertGreater(info["commits"], 0)
        self.assertGreater(info["disk"]["total_bytes"], info["disk"]["free_bytes"])
        table = self.command("info")
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertIn("nothing that was answered is lost", table.stdout)

    def test_relaxed_is_told_by_the_log_the_metrics_and_info(self):
        def told_of(durability):
            with urllib.request.urlopen(self.server.admin_endpoint + "/metrics") as metrics:
                text = metrics.read().decode()
            self.assertEqual([line for line in text.splitlines() if line.startswith("holdfast_storage_durability")],
                             [f'holdfast_storage_durability_info{{durability="{durability}"}} 1'])
            self.assertEqual(self.admin("info")["durability"], durability)
            events = [json.loads(line) for line in self.server.log().splitlines() if line.startswith("{")]
            ready = [event for event in events if event.get("event") == "ready"]
            self.assertEqual(ready[-1]["durability"], durability)
            return [event for event in events if event.get("event") == "storage.relaxed"]

        self.assertEqual(told_of("strict"), [])
        for durability in ("batched", "relaxed"):
            self.assertEqual(self.server.stop(), 0)
            self.server.settings = (*self.settings, f"storage.durability={durability}")
            self.server.start()
            warnings = told_of(durability)
        (warning,) = warnings
        self.assertEqual(warning["level"], "warning")
        self.assertIn("a power failure may lose writes that were answered", warning["meaning"])
        self.assertIn("a power failure may lose the last writes", self.command("info").stdout)

    def test_a_wrong_token_no_server_and_no_token_are_told_apart(self):
        wrong = self.command("info", settings=["admin.token=0123456789abcdef"])
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("refuses the admin token", wrong.stderr)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            gone = self.command("info", settings=[f"admin.port={unused.getsockname()[1]}"])
        self.assertEqual(gone.returncode, 1)
        self.assertIn("no server answers at", gone.stderr)
        nowhere = self.command("info", settings=[f"storage.directory={self.server.scratch}/none"])
        self.assertEqual(nowhere.returncode, 2)
        self.assertIn("there is no admin token", nowhere.stderr)

    def test_nothing_without_the_token_and_it_never_reaches_the_log(self):
        token = (self.server.data / "admin-token").read_text().strip()
        self.assertEqual((self.server.data / "admin-token").stat().st_mode & 0o777, 0o600)
        url = self.server.admin_endpoint + "/admin/v1/info"
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url)
        self.assertEqual(refused.exception.code, 401)
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(json.load(answer)["durability"], "strict")
        self.assertNotIn(token, self.server.log())


class CollectorTest(AdminTestCase):
    def upload_forever(self, key):
        """An upload that has sent half of its body and waits."""
        def body():
            yield payload(2 * MIB)
            self.sent.release()
            time.sleep(PATIENCE_SECONDS)
        request = urllib.request.Request(
            self.s3.generate_presigned_url("put_object", Params={"Bucket": self.bucket, "Key": key}),
            data=body(), method="PUT", headers={"Content-Length": str(4 * MIB)})
        try:
            urllib.request.urlopen(request)
        except OSError:
            pass  # the server was killed

    def test_what_a_kill_leaves_is_found_and_given_back_and_the_bytes_add_up(self):
        kept = payload(3 * MIB, seed=1)
        self.s3.put_object(Bucket=self.bucket, Key="kept", Body=kept)
        self.sent = threading.Semaphore(0)
        for number in range(3):
            threading.Thread(target=self.upload_forever, args=(f"cut-{number}",), daemon=True).start()
        for _ in range(3):
            self.assertTrue(self.sent.acquire(timeout=PATIENCE_SECONDS))
        self.until(lambda: self.gc_pass()["space"]["in_flight_bytes"] >= 12 * MIB)
        self.server.kill()
        self.server.settings = tuple(s for s in self.settings if "quarantine" not in s)
        self.server.start()
        self.connect()
        found = self.gc_pass()
        self.assertEqual(found["quarantined"], 3)
        self.assertEqual({row["state"] for row in found["quarantine"]}, {"unfinished"})
        # The start has given back what the last one of them had reserved and not written.
        self.assertGreaterEqual(found["space"]["quarantined_bytes"], 8 * MIB)
        self.assertEqual(found["given_back"], 0)
        before = self.on_disk()

        self.server.kill()
        self.server.settings = self.settings
        self.server.start()
        self.connect()
        found = self.gc_pass()
        self.assertEqual(found["given_back"], 3)
        self.assertEqual(found["space"]["quarantined_bytes"], 0)
        bodies = found["bodies_in_the_index"]
        self.assertGreaterEqual(bodies["on_disk_bytes"], bodies["gone_bytes"])
        self.assertLess(self.on_disk(), before - 8 * MIB)
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="kept")["Body"].read(), kept)


class ScrubTest(AdminTestCase):
    def flip_a_byte_of(self, body):
        """Finds nothing of the body (it is encrypted): the only segment holds the only blob."""
        (segment,) = (self.server.data / "segments").iterdir()
        with open(segment, "r+b") as file:
            file.seek(5000)
            byte = file.read(1)
            file.seek(5000)
            file.write(bytes([byte[0] ^ 0xff]))

    def test_a_flipped_byte_is_named_and_the_object_can_be_replaced(self):
        body = payload(300 * KIB)
        self.s3.put_object(Bucket=self.bucket, Key="cat.jpg", Body=body)
        self.assertEqual(self.scrub_pass(), {"count": 0, "not_listed": 0, "damaged": []})
        self.flip_a_byte_of(body)
        report = self.scrub_pass()
        self.assertEqual(report["count"], 1)
        (damage,) = report["damaged"]
        self.assertEqual((damage["kind"], damage["bucket"], damage["key"]),
                         ("blob", self.bucket, "cat.jpg"))
        self.assertIn("cat.jpg", self.command("scrub", "report").stdout)
        with urllib.request.urlopen(self.server.admin_endpoint + "/health/ready") as ready:
            self.assertIn(b"damaged: 1", ready.read())

        with self.assertRaises(Exception) as refused:  # a status or a cut connection, never a body
            self.s3.get_object(Bucket=self.bucket, Key="cat.jpg")["Body"].read()
        self.assertNotIsInstance(refused.exception, AssertionError)
        self.assertEqual(self.s3.head_object(Bucket=self.bucket, Key="cat.jpg")["ContentLength"], len(body))
        self.s3.put_object(Bucket=self.bucket, Key="cat.jpg", Body=body)
        self.assertEqual(self.s3.get_object(Bucket=self.bucket, Key="cat.jpg")["Body"].read(), body)
        self.s3.delete_object(Bucket=self.bucket, Key="cat.jpg")
        with self.assertRaises(ClientError):
            self.s3.head_object(Bucket=self.bucket, Key="cat.jpg")
        self.until(lambda: self.admin("scrub", "report")["count"] == 0)

    def test_what_was_found_is_known_after_a_kill(self):
        body = payload(300 * KIB)
        self.s3.put_object(Bucket=self.bucket, Key="cat.jpg", Body=body)
        self.flip_a_byte_of(body)
        self.assertEqual(self.scrub_pass()["count"], 1)
        self.server.kill()
        self.server.start()
        self.until(lambda: self.admin("scrub", "report")["count"] == 1)
        self.assertEqual(self.admin("scrub", "report")["damaged"][0]["key"], "cat.jpg")


class IndexTest(AdminTestCase):
    KEYS = 400

    def test_damage_to_the_index_is_told_by_health_and_info_2_5(self):
        names = [hashlib.sha256(str(key).encode()).hexdigest() for key in range(self.KEYS)]
        for name in names:  # rows that do not compress, so that they fill many blocks
            self.s3.put_object(Bucket=self.bucket, Key=name, Body=b"x",
                               Metadata={"a": hashlib.sha256(name.encode()).hexdigest()})
        for _ in range(2):  # the first start writes the log into tables
            self.assertEqual(self.server.stop(), 0)
            self.server.start()
        self.connect()
        table = self.settled_table()
        self.assertEqual(self.server.stop(), 0)
        with open(table, "r+b") as file:
            file.seek(table.stat().st_size // 3)
            file.write(b"\xff" * 8)
        self.server.start()
        self.connect()
        self.assertEqual(self.health(), "ready\n")
        failed = 0
        for name in names:
            try:
                self.s3.get_object(Bucket=self.bucket, Key=name)
            except ClientError as error:
                self.assertEqual(error.response["ResponseMetadata"]["HTTPStatusCode"], 500)
                failed += 1
        self.assertGreater(failed, 0)
        self.assertLess(failed, self.KEYS // 2)
        self.assertRegex(self.health(), r"(?m)^since the start: [1-9]\d* reads of the index that failed$")
        self.assertGreater(self.admin("info")["index_failures"], 0)

    def largest_table(self):
        sizes = {}
        for table in (self.server.data / "index").glob("*.sst"):
            with contextlib.suppress(FileNotFoundError):  # rewritten meanwhile
                sizes[table] = table.stat().st_size
        return max(sizes, key=sizes.get)

    def settled_table(self):
        """RocksDB writes a table once more, by and by, when nobody reads what was before it."""
        def unchanged():
            table = self.largest_table()
            self.gc_pass()
            self.s3.list_objects_v2(Bucket=self.bucket)
            return table if self.largest_table() == table else None
        return self.until(unchanged)

    def health(self):
        with urllib.request.urlopen(self.server.admin_endpoint + "/health/ready") as ready:
            return ready.read().decode()


if __name__ == "__main__":
    unittest.main()
