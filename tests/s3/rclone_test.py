"""rclone: synchronise, check, read, delete; large files in parts."""

import unittest

from clients import ClientTestCase, file_digest, needs, tree, write_random
from harness import ACCESS_KEY, MIB, REGION, SECRET_KEY, sized


@needs("rclone")
class Rclone(ClientTestCase):
    def setUp(self):
        super().setUp()
        (self.folder / "rclone.conf").write_text(
            f"[hf]\ntype = s3\nprovider = Other\nendpoint = {self.endpoint}\nregion = {REGION}\n"
            f"access_key_id = {ACCESS_KEY}\nsecret_access_key = {SECRET_KEY}\n"
            # Older versions always send an ACL; this is the one that a bucket without ACLs takes.
            "acl = bucket-owner-full-control\n")

    def rclone(self, *arguments):
        return self.run_program("rclone", "--config", self.folder / "rclone.conf", "--retries", "1",
                                "--low-level-retries", "1", *arguments)

    def test_a_tree_is_synchronised_and_checked(self):
        source = self.small_tree(sized(100, 1000))
        target = f"hf:{self.bucket}/tree"
        self.rclone("sync", source, target)
        self.rclone("check", source, target)
        self.rclone("check", "--download", source, target)
        self.rclone("sync", target, self.folder / "back")
        self.assertEqual(tree(self.folder / "back"), tree(source))
        (source / "empty").unlink()
        self.rclone("sync", source, target)
        self.rclone("check", source, target)
        self.rclone("purge", target)
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def test_a_large_file_goes_in_parts_and_is_copied_by_the_server(self):
        source = write_random(self.folder / "up" / "large", sized(24, 256) * MIB + 11)
        place = f"hf:{self.bucket}"
        self.rclone("copy", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", source.parent, place)
        self.assertIn("-", self.s3.head_object(Bucket=self.bucket, Key="large")["ETag"])
        self.rclone("copyto", "--s3-copy-cutoff", "6M", f"{place}/large", f"{place}/copy")
        self.rclone("copyto", f"{place}/copy", self.folder / "back")
        self.assertEqual(file_digest(self.folder / "back"), file_digest(source))

    def test_streams_of_unknown_length(self):
        write_random(self.folder / "stream", 12 * MIB)
        command = f"cat stream | rclone --config rclone.conf rcat --s3-chunk-size 5M hf:{self.bucket}/k"
        self.run_program("sh", "-c", command)
        self.rclone("copyto", f"hf:{self.bucket}/k", self.folder / "back")
        self.assertEqual(file_digest(self.folder / "back"), file_digest(self.folder / "stream"))


if __name__ == "__main__":
    unittest.main()
