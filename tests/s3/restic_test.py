"""restic: a repository is made, filled, checked and restored from."""

import unittest

from clients import ClientTestCase, needs, tree, write_random
from harness import MIB, REGION, sized


@needs("restic")
class Restic(ClientTestCase):
    def restic(self, *arguments):
        return self.run_program("restic", "--no-cache", "--repo", f"s3:{self.endpoint}/{self.bucket}/backup",
                                "--option", f"s3.region={REGION}", *arguments, RESTIC_PASSWORD="only a test")

    def test_backup_check_restore_forget(self):
        source = self.small_tree(sized(60, 600))
        write_random(source / "large", sized(20, 200) * MIB)
        self.restic("init")
        self.restic("backup", source)
        (source / "added").write_text("later")
        self.restic("backup", source)
        self.restic("check", "--read-data")
        self.restic("restore", "latest", "--target", self.folder / "back")
        self.assertEqual(tree(self.folder / "back" / source.relative_to("/")), tree(source))
        self.restic("forget", "--keep-last", "1", "--prune")
        self.restic("check")


if __name__ == "__main__":
    unittest.main()
