#!/usr/bin/env python3
"""Every header compiles on its own, so that including it never needs another one before it.

The builds without precompiled headers have shown that for each header of a room that its own source
includes before all others; only the rest is compiled here."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source import ROOMS, ROOT, includes, tracked

# Asio's as CMakeLists.txt has them.
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable",
         "-DHF_FAILPOINTS=1", "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_SEPARATE_COMPILATION",
         "-DBOOST_ASIO_DISABLE_BOOST_DATE_TIME", '-DHF_VERSION="0"']


def compile_alone(root, name, more_flags=()):
    """The compiler's complaints about a file that includes only this header, twice."""
    command = [os.environ.get("CXX", "g++"), *FLAGS, *more_flags, f"-I{root}", "-x", "c++", "-"]
    source = f'#include "{name}"\n#include "{name}"\n'
    result = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    return result.stderr if result.returncode else ""


def leads_its_source(root, name):
    """Whether x.cpp of a room includes x.h first, and once is enough for x.h."""
    if name.split("/")[0] not in ROOMS:
        return False
    header = Path(root) / name
    own = header.with_suffix(".cpp")
    if "#pragma once\n" not in header.read_text() or not own.is_file():
        return False
    return [included for _, included, _ in includes(own.read_text())][:1] == [name]


def check(root, names, more_flags=(), jobs=os.cpu_count() or 2):
    names = [name for name in names if not leads_its_source(root, name)]
    with ThreadPoolExecutor(jobs) as pool:
        answers = pool.map(lambda name: compile_alone(root, name, more_flags), names)
        return [f"{name}: does not compile alone\n{answer}"
                for name, answer in zip(names, answers) if answer]


def generated(root, folder):
    """Makes the headers that schemas describe, as the build does."""
    for schema in tracked(root, ".proto"):
        subprocess.run(["protoc", f"--cpp_out={folder}", f"-I{root}", f"{root}/{schema}"], check=True)
    return ["-isystem", folder]


def main():
    with tempfile.TemporaryDirectory() as folder:
        complaints = check(ROOT, tracked(ROOT, ".h"), generated(ROOT, folder))
    print("\n".join(complaints), end="\n" if complaints else "")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
