"""`holdfast fsck`: what it finds, and the index made again from the segments alone."""

import json
import os
import random
import re
import shutil
import subprocess
import time
import unittest

import harness
from harness import KIB, MIB, Server, client, payload

SEED = int(os.environ.get("HF_TEST_SEED", random.randrange(1 << 32)))
HEAD_FIELDS = ("ContentLength", "ETag", "ContentType", "Metadata", "LastModified", "CacheControl")


def what_is_there(s3, bucket):
    found = {}
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        key = entry["Key"]
        got = s3.get_object(Bucket=bucket, Key=key)
        found[key] = (got["Body"].read(), {name: got.get(name) for name in HEAD_FIELDS})
    return found


def multipart(s3, bucket, key, sizes, listed=None):
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, Metadata={"kind": "multipart"},
                                        ContentType="video/mp4")["UploadId"]
    parts = []
    for number, size in enumerate(sizes, 1):
        answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number,
                                Body=payload(size))
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    listed = parts if listed is None else [parts[number - 1] for number in listed]
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload,
                                 MultipartUpload={"Parts": listed})


@unittest.skipIf(harness.GIVEN_ENDPOINT, "needs servers of its own")
class Fsck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (HF_TEST_SEED)")

    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.s3 = client(self.server.endpoint)
        self.s3.create_bucket(Bucket="photos")

    def fsck_command(self, *flags):
        return [str(harness.BINARY), "fsck", "--json", *flags, "--set",
                f"storage.directory={self.server.data}"]

    def fsck(self, *flags):
        done = subprocess.run(self.fsck_command(*flags), capture_output=True, text=True, timeout=300, check=False,
                              stdin=subprocess.DEVNULL, cwd=self.server.scratch)
        report = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        return done.returncode, report, done.stderr

    def kill_fsck(self, moment):
        """Kills -9 a rebuild at the moment; false when it was through before."""
        process = subprocess.Popen(self.fsck_command("--rebuild"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   cwd=self.server.scratch)
        while process.poll() is None and not moment():
            time.sleep(0.0005)
        process.kill()
        return process.wait() == -9

    def restart(self):
        self.server.start()
        self.s3 = client(self.server.endpoint)

    def segments(self):
        return sorted((self.server.data / "segments").iterdir())

    def test_rebuild_restores_every_object_of_the_segments(self):
        """6: recovery of the index from blobs alone, 100 % of blob objects."""
        chance = random.Random(SEED)
        self.s3.create_bucket(Bucket="videos")
        for number in range(30):
            bucket = chance.choice(["photos", "videos"])
            size = chance.choice([17 * KIB, 64 * KIB, 100 * KIB, 300_001, 2 * MIB])
            self.s3.put_object(Bucket=bucket, Key=f"dir{number % 4}/ä {number}", Body=payload(size),
                               Metadata={"number": str(number)}, ContentType="image/jpeg",
                               CacheControl="max-age=7")
        self.s3.put_object(Bucket="photos", Key="two extents", Body=payload(70 * MIB))
        multipart(self.s3, "videos", "whole", [5 * MIB, 6 * MIB, 1])
        multipart(self.s3, "videos", "some parts", [5 * MIB, 5 * MIB, 5 * MIB, 100], listed=[1, 3])
        multipart(self.s3, "videos", "copied over", [5 * MIB, 9])
        self.s3.copy_object(Bucket="videos", Key="copy", CopySource="photos/two extents")
        for body in (payload(40 * KIB), payload(50 * KIB), payload(60 * KIB)):
            self.s3.put_object(Bucket="photos", Key="overwritten", Body=body)
        multipart(self.s3, "videos", "copied over", [5 * MIB, 5 * MIB, 77])
        self.s3.put_object(Bucket="photos", Key="inline", Body=b"only in the index")
        self.s3.put_object(Bucket="photos", Key="deleted", Body=payload(MIB))
        self.s3.delete_object(Bucket="photos", Key="deleted")
        open_upload = self.s3.create_multipart_upload(Bucket="photos", Key="open")["UploadId"]
        self.s3.upload_part(Bucket="photos", Key="open", UploadId=open_upload, PartNumber=1,
                            Body=payload(5 * MIB))
        # The reclaimer's first rounds give back what was deleted and replaced; a restart ends them.
        for _ in range(2):
            self.assertEqual(self.server.stop(), 0)
            self.restart()
        before = {bucket: what_is_there(self.s3, bucket) for bucket in ("photos", "videos")}
        self.assertEqual(self.server.stop(), 0)

        code, report, errors = self.fsck()
        self.assertEqual((code, report.get("problems")), (0, []), errors)
        counts = report["counts"]
        self.assertEqual(counts["bytes of segments"],
                         sum(counts[name] for name in ("bytes live", "bytes queued for release",
                                                       "bytes without an owner", "bytes free",
                                                       "bytes of unfinished blobs",
                                                       "bytes of unknown content")))
        shutil.rmtree(self.server.data / "index")
        code, report, errors = self.fsck()
        self.assertEqual(code, 3)
        self.assertIn("fsck --rebuild", errors)
        code, report, errors = self.fsck("--rebuild")
        self.assertEqual((code, report.get("problems")), (0, []), errors)
        self.assertEqual(report["counts"]["buckets restored"], 2)

        self.restart()
        before["photos"].pop("inline")
        for bucket, objects in before.items():
            self.assertEqual(what_is_there(self.s3, bucket), objects)
        self.assertEqual(self.s3.list_multipart_uploads(Bucket="photos").get("Uploads", []), [])
        # It goes on as any other: writes, overwrites, and a listing in order.
        self.s3.put_object(Bucket="photos", Key="overwritten", Body=payload(20 * KIB))
        self.s3.delete_object(Bucket="videos", Key="whole")
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.fsck()[0], 0)

    def test_a_damaged_index_is_moved_aside(self):
        body = payload(100 * KIB)
        self.s3.put_object(Bucket="photos", Key="cat", Body=body)
        self.assertEqual(self.server.stop(), 0)
        (self.server.data / "index" / "CURRENT").write_text("nothing\n")
        self.assertEqual(self.fsck()[0], 3)
        code, report, errors = self.fsck("--rebuild")
        self.assertEqual(code, 0, errors)
        self.assertTrue((self.server.data / "index.damaged-1" / "CURRENT").exists())
        self.restart()
        self.assertEqual(self.s3.get_object(Bucket="photos", Key="cat")["Body"].read(), body)

    def test_a_flipped_byte_is_named_and_harms_nothing_else(self):
        """P11: damage is told by bucket and key, and never repaired by deletion."""
        bodies = {f"object-{number}": payload(200 * KIB) for number in range(3)}
        for key, body in bodies.items():
            self.s3.put_object(Bucket="photos", Key=key, Body=body)
        self.assertEqual(self.server.stop(), 0)
        segment = next(path for path in self.segments() if b"object-1" in path.read_bytes())
        image = segment.read_bytes()
        headers = [match.start() for match in re.finditer(b"HFEXTENT", image)]
        self.assertEqual(len(headers), 3)
        mark = image.index(b"HFENDMRK", headers[1])
        identity = image.rindex(b"oobject-1", 0, mark)
        for place in (headers[1], headers[1] + 20, headers[1] + 64, headers[1] + 64 + 100_000,
                      identity, mark, mark + 20):
            with open(segment, "r+b") as file:
                file.seek(place)
                file.write(bytes([image[place] ^ 0x40]))
            code, report, errors = self.fsck()
            self.assertEqual(code, 1, f"{place}: {errors}")
            self.assertTrue(report["problems"], place)
            for problem in report["problems"]:
                self.assertTrue(problem.startswith("photos/object-1: "), problem)
            segment.write_bytes(image)
        with open(segment, "r+b") as file:
            file.truncate(headers[2] + 5000)
        code, report, errors = self.fsck()
        self.assertEqual(code, 1)
        self.assertTrue(all(line.startswith("photos/object-2: ") for line in report["problems"]))
        self.restart()
        for key in ("object-0", "object-1"):
            self.assertEqual(self.s3.get_object(Bucket="photos", Key=key)["Body"].read(), bodies[key])
        self.assertEqual(len(what_is_listed(self.s3)), 3)

    def lose_commits(self):
        """Objects of a run that is killed, and whose log is gone: acknowledged commits are missing."""
        self.s3.put_object(Bucket="photos", Key="replaced", Body=payload(30 * KIB))
        self.assertEqual(self.server.stop(), 0)
        self.restart()
        multipart(self.s3, "photos", "whole", [5 * MIB, 3])
        for key in ("first", "replaced", "last"):
            self.s3.put_object(Bucket="photos", Key=key, Body=payload(40 * KIB), Metadata={"key": key})
        self.s3.put_object(Bucket="photos", Key="inline", Body=b"only in the index")
        there = what_is_there(self.s3, "photos")
        self.server.kill()
        for log in (self.server.data / "index").glob("*.log"):
            os.truncate(log, 0)
        return there

    def test_rebuild_puts_back_objects_of_missing_commits(self):
        """2.6: commits found in self-describing blobs are attached again."""
        there = self.lose_commits()
        code, report, errors = self.fsck()
        self.assertEqual(code, 1, errors)
        self.assertIn("acknowledged commits are missing", report["problems"][0])
        code, report, errors = self.fsck("--rebuild")
        self.assertEqual((code, report.get("problems")), (0, []), errors)
        self.assertEqual(report["counts"]["objects put back"], 4)
        self.assertTrue((self.server.data / "index-wal-kept-1").is_dir())
        there.pop("inline")
        for _ in range(2):
            self.restart()
            self.assertEqual(what_is_there(self.s3, "photos"), there)
            self.s3.put_object(Bucket="photos", Key="last", Body=there["last"][0], Metadata={"key": "last"})
            there = what_is_there(self.s3, "photos")
            self.assertEqual(self.server.stop(), 0)
            self.assertEqual(self.fsck()[0], 0)

    def test_loss_is_accepted_only_when_told(self):
        self.lose_commits()
        code, report, errors = self.fsck("--accept-loss")
        self.assertEqual((code, report.get("problems")), (0, []), errors)
        self.assertGreater(report["counts"]["commits given up"], 0)
        self.assertTrue((self.server.data / "index-wal-kept-1").is_dir())
        self.restart()
        self.assertEqual(what_is_listed(self.s3), ["replaced"])
        self.s3.put_object(Bucket="photos", Key="again", Body=payload(MIB))
        self.assertEqual(self.server.stop(), 0)
        code, report, _ = self.fsck("--accept-loss")
        self.assertIn("nothing was changed", report["notes"][0])

    def test_a_lost_mark_is_no_reason_to_replace_the_index(self):
        """What is only in the index (small objects, uploads) would be given up for nothing."""
        self.s3.put_object(Bucket="photos", Key="small", Body=b"in the index")
        self.s3.put_object(Bucket="photos", Key="large", Body=payload(MIB))
        self.server.kill()
        (self.server.data / "highwater").unlink()
        code, report, _ = self.fsck()
        self.assertEqual(code, 1)
        self.assertTrue(any("how many is not known" in line for line in report["problems"]), report)
        code, _, errors = self.fsck("--rebuild")
        self.assertEqual(code, 0, errors)
        self.assertEqual(list(self.server.data.glob("index.*")), [])
        self.restart()
        self.assertEqual(what_is_listed(self.s3), ["large", "small"])
        self.s3.put_object(Bucket="photos", Key="again", Body=payload(MIB))

    def test_a_run_counter_that_went_back_is_told_and_nothing_is_replaced(self):
        older = (self.server.data / "incarnation").read_bytes()
        self.assertEqual(self.server.stop(), 0)
        self.restart()
        self.s3.put_object(Bucket="photos", Key="large", Body=payload(MIB))
        self.assertEqual(self.server.stop(), 0)
        newer = (self.server.data / "incarnation").read_bytes()
        (self.server.data / "incarnation").write_bytes(older)
        for flags in ([], ["--rebuild"], ["--accept-loss"]):
            code, _, errors = self.fsck(*flags)
            self.assertEqual(code, 3)
            self.assertIn("the run counter went back", errors)
            self.assertNotIn("--rebuild", errors)
        self.assertEqual(list(self.server.data.glob("index.*")), [])
        (self.server.data / "incarnation").write_bytes(newer)
        self.restart()
        self.assertEqual(what_is_listed(self.s3), ["large"])

    def test_a_rebuild_that_is_killed_leaves_everything_to_the_next_one(self):
        """C6, 6: killed -9 at random moments, run again, all of it is there."""
        chance = random.Random(SEED)
        for number in range(120):
            self.s3.put_object(Bucket="photos", Key=f"object-{number}",
                               Body=payload(chance.choice([17 * KIB, 100 * KIB, 2 * MIB]), number))
        multipart(self.s3, "photos", "whole", [5 * MIB, 6 * MIB, 1])
        before = what_is_there(self.s3, "photos")
        self.assertEqual(self.server.stop(), 0)
        unfinished = self.server.data / "index.rebuilding"
        killed = 0
        for _ in range(6):
            # One that was too fast to be killed put a whole index there.
            if (self.server.data / "index").exists():
                (self.server.data / "index" / "CURRENT").write_text("nothing\n")
            end = time.monotonic() + chance.uniform(0.001, 0.06)
            killed += self.kill_fsck(lambda until=end: unfinished.exists() and time.monotonic() > until)
        print(f"{killed} of 6 rebuilds were killed")
        code, report, errors = self.fsck("--rebuild")
        self.assertEqual((code, report.get("problems")), (0, []), errors)
        self.assertFalse(unfinished.exists())
        self.restart()
        self.assertEqual(what_is_there(self.s3, "photos"), before)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.fsck()[0], 0)

    def test_objects_being_put_back_are_not_forgotten_by_a_kill(self):
        """2.6: until all are back the server takes no writes, and says what is to be done."""
        chance = random.Random(SEED)
        self.assertEqual(self.server.stop(), 0)
        self.restart()
        for number in range(200):
            self.s3.put_object(Bucket="photos", Key=f"object-{number}",
                               Body=payload(chance.choice([17 * KIB, 50 * KIB]), number))
        before = what_is_there(self.s3, "photos")
        self.server.kill()
        for log in (self.server.data / "index").glob("*.log"):
            os.truncate(log, 0)
        pending = self.server.data / "reattach-pending"
        seen = 0
        for _ in range(4):
            end = time.monotonic() + chance.uniform(0.001, 0.3)
            self.kill_fsck(lambda until=end: pending.exists() and time.monotonic() > until)
            if not pending.exists():
                continue  # killed before it began, or it was through
            seen += 1
            code, report, errors = self.fsck()
            self.assertEqual(code, 1, errors)
            self.assertIn("did not get to its end", report["problems"][0])
            self.restart()
            with self.assertRaises(harness.ClientError) as refused:
                self.s3.put_object(Bucket="photos", Key="more", Body=b"more")
            self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 503)
            self.server.kill()
        print(f"{seen} of 4 kills met objects being put back")
        code, report, errors = self.fsck("--rebuild")
        self.assertEqual((code, report.get("problems")), (0, []), errors)
        self.assertFalse(pending.exists())
        self.restart()
        self.assertEqual(what_is_there(self.s3, "photos"), before)
        self.s3.put_object(Bucket="photos", Key="more", Body=b"more")

    def test_what_was_set_aside_and_what_is_foreign_is_listed(self):
        self.lose_commits()
        self.assertEqual(self.fsck("--rebuild")[0], 0)
        (self.server.data / "notes.txt").write_text("mine")
        (self.server.data / "segments" / "more.txt").write_text("mine too")
        code, report, errors = self.fsck()
        self.assertEqual(code, 0, errors)
        kept = sum(path.stat().st_size for path in (self.server.data / "index-wal-kept-1").iterdir())
        self.assertEqual(report["notes"], [
            f"index-wal-kept-1/: {kept} bytes, the index' log as it was when commits were missing",
            "notes.txt: 4 bytes, not Holdfast's",
            "segments/more.txt: 8 bytes, not a segment"])

    def test_an_index_of_another_volume_is_refused(self):
        self.s3.put_object(Bucket="photos", Key="cat", Body=b"in the index only")
        self.assertEqual(self.server.stop(), 0)
        other = Server().start()
        self.addCleanup(other.remove)
        self.addCleanup(other.kill)
        self.assertEqual(other.stop(), 0)
        format_file = self.server.data / "format"
        own = format_file.read_bytes()
        format_file.write_bytes((other.data / "format").read_bytes())
        for flags in ([], ["--rebuild"], ["--accept-loss"]):
            code, _, errors = self.fsck(*flags)
            self.assertEqual(code, 3)
            self.assertIn("belongs to another volume", errors)
            self.assertNotIn("--rebuild", errors)
        self.assertEqual(list(self.server.data.glob("index.*")), [])
        format_file.write_bytes(own)
        self.restart()
        self.assertEqual(what_is_listed(self.s3), ["cat"])

    def test_what_is_refused(self):
        code, _, errors = self.fsck()
        self.assertEqual(code, 4, errors)
        self.assertEqual(self.server.stop(), 0)
        code, report, _ = self.fsck("--rebuild")
        self.assertEqual((code, report["problems"]), (0, []))
        self.assertIn("nothing was changed", report["notes"][0])
        format_file = self.server.data / "format"
        image = bytearray(format_file.read_bytes())
        image[16] = 1
        format_file.write_bytes(image)
        code, _, errors = self.fsck()
        self.assertEqual(code, 3)
        self.assertIn("version 1", errors)
        self.assertEqual(self.fsck("--rebuild", "--accept-loss")[0], 2)

    def test_a_foreign_file_among_the_segments_is_told_and_left_alone(self):
        self.s3.put_object(Bucket="photos", Key="cat", Body=payload(100 * KIB))
        self.assertEqual(self.server.stop(), 0)
        foreign = self.server.data / "segments" / "notes.txt"
        foreign.write_text("mine")
        shutil.rmtree(self.server.data / "index")
        code, report, _ = self.fsck("--rebuild")
        self.assertEqual(code, 1)
        self.assertEqual(report["problems"], ["segments/notes.txt is not a segment"])
        self.assertEqual(foreign.read_text(), "mine")
        self.restart()
        self.assertEqual(what_is_listed(self.s3), ["cat"])


def what_is_listed(s3):
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="photos").get("Contents", [])]


if __name__ == "__main__":
    unittest.main()
