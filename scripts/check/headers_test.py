"""The check of headers finds one that leans on another, and passes one that does not."""

import tempfile
import unittest
from pathlib import Path

import headers


class Headers(unittest.TestCase):
    def test_only_a_self_contained_header_passes(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "good.h").write_text(
                "#pragma once\n#include <string>\ninline std::string a() { return {}; }\n")
            (Path(folder) / "leans.h").write_text("#pragma once\ninline std::string b() { return {}; }\n")
            (Path(folder) / "twice.h").write_text("inline int c() { return 1; }\n")
            found = headers.check(folder, ["good.h", "leans.h", "twice.h"])
        self.assertEqual([complaint.split(":")[0] for complaint in found], ["leans.h", "twice.h"])

    def test_a_header_that_leads_its_own_source_was_compiled_with_it(self):
        with tempfile.TemporaryDirectory() as folder:
            for room in ("base", "tests"):
                (Path(folder) / room).mkdir()
            for name, source in {"base/first": '#include "base/first.h"\n',
                                 "base/later": '#include <string>\n#include "base/later.h"\n',
                                 "base/unguarded": '#include "base/unguarded.h"\n',
                                 "tests/first": '#include "tests/first.h"\n'}.items():
                guard = "" if name == "base/unguarded" else "#pragma once\n"
                (Path(folder) / f"{name}.h").write_text(f"{guard}inline std::string name;\n")
                (Path(folder) / f"{name}.cpp").write_text(source)
            names = ["base/first.h", "base/later.h", "base/unguarded.h", "tests/first.h"]
            found = headers.check(folder, names)
        self.assertEqual([complaint.split(":")[0] for complaint in found], names[1:])


if __name__ == "__main__":
    unittest.main()
