"""The AWS CLI: large files, synchronised trees, and s3api calls of the multipart family."""

import json
import os
import shutil
import unittest

from clients import ClientTestCase, file_digest, needs, tree, write_random
from harness import GIB, MIB, md5, payload, sized

AWS = os.environ.get("HF_TEST_AWS", "aws")


@needs(AWS)
class AwsCli(ClientTestCase):
    def aws(self, *arguments, **parameters):
        return self.run_program(AWS, "--endpoint-url", self.endpoint, *arguments, **parameters)

    def api(self, operation, *arguments, key=None, **parameters):
        place = ["--bucket", self.bucket] + (["--key", key] if key else [])
        text = self.aws("s3api", operation, *place, *arguments, "--output", "json", **parameters)
        return json.loads(text) if text.strip() else {}

    def without_tags(self):
        """Version 2 asks for the tags of a large object before it copies it, unless told not to."""
        is_version_2 = self.run_program(AWS, "--version").startswith("aws-cli/2")
        return ["--copy-props", "metadata-directive"] if is_version_2 else []

    def test_a_large_file_goes_up_and_down(self):
        source = write_random(self.folder / "large", sized(96 * MIB, GIB))
        self.aws("s3", "cp", "--no-progress", source, f"s3://{self.bucket}/large",
                 "--metadata", "origin=test", "--content-type", "application/x-large")
        head = self.api("head-object", key="large")
        self.assertEqual((head["ContentLength"], head["Metadata"], head["ContentType"]),
                         (source.stat().st_size, {"origin": "test"}, "application/x-large"))
        self.assertIn("-", head["ETag"])
        self.aws("s3", "cp", "--no-progress", f"s3://{self.bucket}/large", self.folder / "back")
        self.assertEqual(file_digest(self.folder / "back"), file_digest(source))
        (self.folder / "back").unlink()
        self.aws("s3", "cp", "--no-progress", *self.without_tags(), f"s3://{self.bucket}/large",
                 f"s3://{self.bucket}/copy")
        self.aws("s3", "cp", "--no-progress", f"s3://{self.bucket}/copy", self.folder / "back")
        self.assertEqual(file_digest(self.folder / "back"), file_digest(source))

    def test_a_tree_is_synchronised_both_ways(self):
        source = self.small_tree(sized(150, 2000))
        target = f"s3://{self.bucket}/tree"
        self.aws("s3", "sync", "--no-progress", source, target)
        self.aws("s3", "sync", "--no-progress", target, self.folder / "back")
        self.assertEqual(tree(self.folder / "back"), tree(source))
        self.assertEqual(self.aws("s3", "sync", "--no-progress", source, target).strip(), "")
        (source / "empty").unlink()
        (source / "0" / "file 0000").write_text("changed, longer than before")
        self.aws("s3", "sync", "--no-progress", "--delete", source, target)
        shutil.rmtree(self.folder / "back")
        self.aws("s3", "sync", "--no-progress", target, self.folder / "back")
        self.assertEqual(tree(self.folder / "back"), tree(source))

    def test_buckets_are_made_listed_emptied_and_removed(self):
        name = self.bucket + "-cli"
        self.aws("s3", "mb", f"s3://{name}")
        self.assertIn(name, self.aws("s3", "ls"))
        (self.folder / "f").write_text("x")
        self.aws("s3", "mv", self.folder / "f", f"s3://{name}/dir/f")
        self.assertIn("dir/f", self.aws("s3", "ls", "--recursive", f"s3://{name}"))
        self.aws("s3", "rm", "--recursive", f"s3://{name}")
        self.aws("s3", "rb", f"s3://{name}")
        self.assertNotIn(name, self.aws("s3", "ls"))

    def test_every_call_of_the_multipart_family(self):
        bodies = [payload(5 * MIB), b"the end"]
        upload = self.api("create-multipart-upload", "--metadata", "a=b", "--cache-control", "no-store",
                          "--storage-class", "STANDARD_IA", "--website-redirect-location", "/x",
                          "--server-side-encryption", "AES256", "--checksum-algorithm", "SHA256", key="k")["UploadId"]
        with_id = ("--upload-id", upload)
        listed = self.api("list-multipart-uploads", "--prefix", "k")["Uploads"]
        self.assertEqual([(u["Key"], u["UploadId"]) for u in listed], [("k", upload)])
        parts = []
        for number, body in enumerate(bodies, 1):
            (self.folder / "part").write_bytes(body)
            answer = self.api("upload-part", *with_id, "--part-number", number, "--body", self.folder / "part",
                              "--checksum-algorithm", "SHA256", key="k")
            self.assertEqual(answer["ETag"], f'"{md5(body)}"')
            parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
        self.assertEqual([p["Size"] for p in self.api("list-parts", *with_id, key="k")["Parts"]],
                         [len(body) for body in bodies])
        done = self.api("complete-multipart-upload", *with_id, "--multipart-upload",
                        json.dumps({"Parts": parts}), key="k")
        self.assertTrue(done["ChecksumSHA256"].endswith("-2"))
        head = self.api("head-object", key="k")
        self.assertEqual((head["StorageClass"], head["CacheControl"], head["Metadata"]),
                         ("STANDARD_IA", "no-store", {"a": "b"}))
        part = self.api("get-object", "--part-number", 2, self.folder / "second", key="k")
        self.assertEqual((part["PartsCount"], (self.folder / "second").read_bytes()), (2, bodies[1]))
        self.api("get-object", "--range", "bytes=5242870-5242889", self.folder / "range", key="k")
        self.assertEqual((self.folder / "range").read_bytes(), b"".join(bodies)[5242870:5242890])

    def test_copies_of_parts_and_abort(self):
        (self.folder / "source").write_bytes(payload(5 * MIB))
        self.api("put-object", "--body", self.folder / "source", key="source")
        upload = self.api("create-multipart-upload", key="k")["UploadId"]
        copied = self.api("upload-part-copy", "--upload-id", upload, "--part-number", 1,
                          "--copy-source", f"{self.bucket}/source", "--copy-source-range", "bytes=0-99", key="k")
        self.assertEqual(copied["CopyPartResult"]["ETag"], f'"{md5(payload(5 * MIB)[:100])}"')
        self.api("abort-multipart-upload", "--upload-id", upload, key="k")
        self.assertEqual(self.api("list-multipart-uploads").get("Uploads", []), [])

    def test_many_objects_are_deleted_at_once(self):
        for key in ("a", "b"):
            self.put(key)
        answer = self.api("delete-objects", "--delete", json.dumps({"Objects": [{"Key": "a"}, {"Key": "b"}]}))
        self.assertEqual(sorted(d["Key"] for d in answer["Deleted"]), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
