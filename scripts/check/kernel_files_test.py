"""The check of the file API finds planted uses and leaves namesakes alone."""

import unittest

from kernel_files import uses


class Uses(unittest.TestCase):
    def names(self, text):
        return [name for _, name in uses(text)]

    def test_headers_are_found(self):
        self.assertEqual(self.names("#include <vector>\n#include <fcntl.h>\n#include <filesystem>\n"),
                         ["fcntl.h", "filesystem"])

    def test_calls_of_the_kernel_are_found(self):
        self.assertEqual(self.names("int a = ::open(p, 0);\nreturn ::fdatasync(fd);"), ["open", "fdatasync"])

    def test_ways_of_the_standard_library_are_found(self):
        self.assertEqual(self.names("std::ofstream out(p); std::filesystem::remove(p); std::rename(a, b);"),
                         ["filesystem", "ofstream", "rename"])

    def test_members_and_namesakes_are_left_alone(self):
        self.assertEqual(self.names(
            "auto f = vfs.open(p); Engine::open(o); std::vector<A>::open(1); base::rename(a);\n"
            "// ::open(p)\nlog(\"::open(p)\"); std::remove(b, e, x);"), [])


if __name__ == "__main__":
    unittest.main()
