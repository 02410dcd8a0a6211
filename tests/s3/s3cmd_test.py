"""s3cmd: objects small and in parts, listings, copies, deletion."""

import unittest
from urllib.parse import urlsplit

from clients import ClientTestCase, file_digest, needs, tree, write_random
from harness import ACCESS_KEY, MIB, REGION, SECRET_KEY, sized


@needs("s3cmd")
class S3cmd(ClientTestCase):
    def setUp(self):
        super().setUp()
        host = urlsplit(self.endpoint).netloc
        (self.folder / "s3cfg").write_text(
            f"[default]\naccess_key = {ACCESS_KEY}\nsecret_key = {SECRET_KEY}\nhost_base = {host}\n"
            f"host_bucket = {host}\nbucket_location = {REGION}\nuse_https = False\nsignature_v2 = False\n")

    def s3cmd(self, *arguments, **parameters):
        return self.run_program("s3cmd", "--config", self.folder / "s3cfg", "--no-progress", *arguments, **parameters)

    def test_put_get_list_copy_delete(self):
        source = write_random(self.folder / "f", 100_000)
        place = f"s3://{self.bucket}/dir/f ü"
        self.s3cmd("put", "--add-header", "x-amz-meta-colour: red", source, place)
        self.assertIn("dir/f ü", self.s3cmd("ls", "--recursive", f"s3://{self.bucket}"))
        self.assertEqual(self.get("dir/f ü")["Metadata"].get("colour"), "red")
        self.s3cmd("get", place, self.folder / "back")
        self.assertEqual(file_digest(self.folder / "back"), file_digest(source))
        self.s3cmd("cp", place, f"s3://{self.bucket}/copy")
        self.assertEqual(self.s3.head_object(Bucket=self.bucket, Key="copy")["ContentLength"], 100_000)
        self.s3cmd("del", place)
        self.missing("dir/f ü")

    def test_a_large_file_goes_in_parts(self):
        source = write_random(self.folder / "large", sized(17, 200) * MIB + 3)
        self.s3cmd("put", "--multipart-chunk-size-mb", "5", source, f"s3://{self.bucket}/large")
        self.assertIn("-", self.s3.head_object(Bucket=self.bucket, Key="large")["ETag"])
        self.s3cmd("get", f"s3://{self.bucket}/large", self.folder / "back")
        self.assertEqual(file_digest(self.folder / "back"), file_digest(source))

    def test_uploads_under_way_are_listed_and_aborted(self):
        upload = self.create("k")
        self.part("k", upload, 1, b"x")
        self.assertIn(upload, self.s3cmd("multipart", f"s3://{self.bucket}"))
        self.assertIn("1", self.s3cmd("listmp", f"s3://{self.bucket}/k", upload))
        self.s3cmd("abortmp", f"s3://{self.bucket}/k", upload)
        self.assertEqual(self.open_uploads(), [])

    def test_a_tree_is_synchronised(self):
        source = self.small_tree(sized(30, 300))
        self.s3cmd("sync", f"{source}/", f"s3://{self.bucket}/tree/")
        (self.folder / "back").mkdir()
        self.s3cmd("sync", f"s3://{self.bucket}/tree/", f"{self.folder}/back/")
        self.assertEqual(tree(self.folder / "back"), tree(source))

    def test_buckets(self):
        name = self.bucket + "-cmd"
        self.s3cmd("mb", f"s3://{name}")
        self.assertIn(name, self.s3cmd("ls"))
        self.s3cmd("rb", f"s3://{name}")


if __name__ == "__main__":
    unittest.main()
