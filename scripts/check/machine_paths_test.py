"""The check of machine paths finds planted ones and leaves ordinary text alone."""

import unittest

from machine_paths import findings


class Findings(unittest.TestCase):
    def test_paths_of_a_machine_are_found(self):
        for text in ("cd /home/me/src", "path = '/tmp/data'", "see `/work/notes`", "/root/.ssh"):
            with self.subTest(text):
                self.assertEqual(len(findings(text)), 1)

    def test_hosts_that_are_not_documented_are_found(self):
        self.assertEqual(findings("\nget http:" + "//mirror.corp.net/x"), [(2, "the host mirror.corp.net")])

    def test_relative_paths_variables_and_protocol_words_are_left_alone(self):
        for text in ("tests/tmp/x", "$HOME/work/x", "${TMPDIR:-x}/work", "the /workers/ room", "a/home/b",
                     "https://photos.s3.example.org/", "http://127.0.0.1:9000/", "http://localhost:9000",
                     "http://s3.amazonaws.com/doc/2006-03-01/"):
            with self.subTest(text):
                self.assertEqual(findings(text), [])

    def test_a_documented_path_is_left_alone(self):
        self.assertEqual(findings("RUN rm -rf /tmp/x", {"/tmp"}), [])


if __name__ == "__main__":
    unittest.main()
