#!/usr/bin/env python3
"""Every failpoint of the source was hit by the tests, and none is missing (spec durability 5.1).

Argument: the directory where the test programs left a file for each name they reached (see
base/failpoint.h). It is emptied, so that the next run of the suite starts anew. Exits with 77, which
ctest shows as skipped, when the suite has not run.
"""

import re
import sys
from pathlib import Path

from source import ROOMS, ROOT, tracked

# What the tests can rely on, so that a failpoint cannot go without being noticed.
REQUIRED = """
    accept header.read auth.done body.first body.mid body.last checksum.verify
    blob.create blob.write blob.footer blob.fdatasync.before blob.fdatasync.after blob.close
    dir.fsync.before dir.fsync.after commit.lock commit.batch.built commit.wal.before commit.wal.after
    highwater.write ack.before ack.mid ack.after mpu.create mpu.part.replace mpu.complete.validate
    mpu.complete.batch mpu.abort copy.mid gc.enqueue gc.unlink.before gc.unlink.after gc.trash.move
    scrub.frame rocksdb.flush rocksdb.compaction rocksdb.open recovery.walcopy recovery.replay
    shutdown.drain shutdown.marker reload
""".split()

_NAME = re.compile(r'HF_FAILPOINT\(\s*"([^"]+)"')


def named(root):
    """{name: "file:line"} of the product's failpoints."""
    found = {}
    for file in tracked(root, ".h", ".cpp"):
        if not file.startswith(tuple(room + "/" for room in ROOMS)) or file == "base/failpoint.h":
            continue
        text = (Path(root) / file).read_text()
        for match in _NAME.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.setdefault(match[1], f"{file}:{line}")
    return found


def missing(root, required=REQUIRED):
    there = named(root)
    return [f"no code has the failpoint {name}" for name in required if name not in there]


def check(root, directory):
    hit = {path.name for path in Path(directory).iterdir()}
    return [f"{place}: no test reaches the failpoint {name}"
            for name, place in sorted(named(root).items()) if name not in hit]


if __name__ == "__main__":
    marks = Path(sys.argv[1])
    if not marks.is_dir() or not any(marks.iterdir()):
        print(f"skipped: {marks} is empty; run the whole suite, not this check alone")
        sys.exit(77)
    complaints = missing(ROOT) + check(ROOT, marks)
    for complaint in complaints:
        print(complaint)
    for mark in marks.iterdir():
        mark.unlink()
    sys.exit(1 if complaints else 0)
