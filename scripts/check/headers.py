#!/usr/bin/env python3
"""Every header compiles on its own, so that including it never needs another one before it."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source import ROOT, tracked

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-const-variable",
         "-DHF_FAILPOINTS=1", "-DBOOST_ASIO_NO_DEPRECATED", '-DHF_VERSION="0"']


def compile_alone(root, name, more_flags=()):
    """The compiler's complaints about a file that includes only this header, twice."""
    command = [os.environ.get("CXX", "g++"), *FLAGS, *more_flags, f"-I{root}", "-x", "c++", "-"]
    source = f'#include "{name}"\n#include "{name}"\n'
    result = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    return result.stderr if result.returncode else ""


def check(root, names, more_flags=(), jobs=os.cpu_count() or 2):
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
