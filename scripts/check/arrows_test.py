"""The check of the arrows finds planted violations and nothing else."""

import tempfile
import unittest
from pathlib import Path

import arrows


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("base/bytes.h", "storage/local/engine.h", "storage/metadata_store.h", "server/s3/a.h",
                     "tests/catch.h"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text("#pragma once\n")

    def complaints(self, name, text):
        return arrows.check_file(self.root, name, text)

    def test_an_include_along_an_arrow_is_fine(self):
        self.assertEqual(self.complaints("storage/local/a.cpp", '#include "base/bytes.h"\n'), [])

    def test_an_include_of_the_own_room_is_fine(self):
        self.assertEqual(self.complaints("base/a.cpp", '#include "base/bytes.h"\n'), [])

    def test_the_s3_room_may_not_see_an_engine(self):
        found = self.complaints("server/s3/a.cpp", '\n  # include "storage/local/engine.h"\n')
        self.assertEqual(len(found), 1)
        self.assertIn("server/s3/a.cpp:2: server/s3 may not include", found[0])

    def test_an_upward_include_is_found(self):
        self.assertEqual(len(self.complaints("base/a.h", '#include "server/s3/a.h"\n')), 1)

    def test_nothing_but_tests_includes_tests(self):
        self.assertEqual(len(self.complaints("server/main.cpp", '#include "tests/catch.h"\n')), 1)
        self.assertEqual(self.complaints("tests/unit/a.cpp", '#include "tests/catch.h"\n'), [])

    def test_a_relative_or_missing_include_is_found(self):
        self.assertEqual(len(self.complaints("base/a.cpp", '#include "bytes.h"\n')), 1)

    def test_a_project_file_in_angle_brackets_is_found(self):
        self.assertEqual(len(self.complaints("base/a.cpp", "#include <base/bytes.h>\n")), 1)


class Links(unittest.TestCase):
    def test_links_are_followed(self):
        cmake = ("hf_room(base LINKS Boost::headers)\nhf_room(model LINKS hf_base)\n"
                 "hf_room(auth LINKS hf_model\n        OpenSSL::SSL)\n"
                 "hf_program(holdfast server LINKS hf_auth)\n")
        found = arrows.links(cmake)
        self.assertEqual(found["auth"], {"model", "base"})
        self.assertEqual(found["server"], {"auth", "model", "base"})

    def test_a_new_link_that_is_no_arrow_is_found(self):
        text = (arrows.ROOT / "CMakeLists.txt").read_text()
        planted = text.replace("hf_room(auth          LINKS hf_model", "hf_room(auth LINKS hf_model hf_storage")
        self.assertNotEqual(text, planted)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "CMakeLists.txt").write_text(planted)
            self.assertIn("CMakeLists.txt: auth links storage, which is no arrow",
                          arrows.check_links(folder))
        self.assertEqual(arrows.check_links(arrows.ROOT), [])


if __name__ == "__main__":
    unittest.main()
