"""Tests of failpoints_hit.py."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import failpoints_hit


class FailpointsHit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name) / "tree"
        self.marks = Path(self.folder.name) / "marks"
        (self.root / "storage").mkdir(parents=True)
        self.marks.mkdir()
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        (self.root / "storage" / "a.cpp").write_text(
            'int f() {\n    HF_FAILPOINT("one.before");\n    return g(HF_FAILPOINT(\n        "two"));\n}\n')

    def test_a_name_nobody_reached_is_told_with_its_place(self):
        (self.marks / "one.before").touch()
        self.assertEqual(failpoints_hit.check(self.root, self.marks),
                         ["storage/a.cpp:3: no test reaches the failpoint two"])

    def test_a_name_that_is_gone_is_told(self):
        self.assertEqual(failpoints_hit.missing(self.root, ["two", "three", "one.before"]),
                         ["no code has the failpoint three"])

    def test_the_product_has_them_all(self):
        self.assertEqual(failpoints_hit.missing(failpoints_hit.ROOT), [])

    def test_all_reached_is_no_complaint(self):
        for name in ("one.before", "two", "of.a.test"):
            (self.marks / name).touch()
        self.assertEqual(failpoints_hit.check(self.root, self.marks), [])


if __name__ == "__main__":
    unittest.main()
