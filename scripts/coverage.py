#!/usr/bin/env python3
"""Which branches the tests never took.

    scripts/coverage.py                     of what commits, recovers and gives space back
    scripts/coverage.py 'server/s3/*.cpp'   of other files

Builds with the preset `coverage`, runs every test program that needs no special rights, and prints for
each file how many of its branches were taken, and where one was not, with the condition that never was
true or false. `--report-only` leaves out the build and the run. Needs clang-14 and llvm-14.
"""
import argparse
import collections
import fnmatch
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "coverage"
PROFILES = BUILD / "profiles"
MERGED = BUILD / "all.profdata"
# What decides whether something acknowledged is there after a crash.
DURABLE = [
    "storage/local/committer.cpp", "storage/local/commit_group.cpp", "storage/local/highwater.cpp",
    "storage/local/in_doubt_rows.cpp", "storage/local/row_store.cpp", "storage/local/segment*.cpp",
    "storage/local/blob_writer.cpp", "storage/local/index_*.cpp", "storage/local/wal_*.cpp",
    "storage/local/volume*.cpp", "storage/local/row_database.cpp", "storage/local/supervisor.cpp",
    "storage/local/reopen_schedule.cpp", "storage/local/condition_keeper.cpp",
    "storage/local/local_engine.cpp", "storage/local/body_merger.cpp", "storage/local/found_blobs.cpp",
    "storage/local/reattach_note.cpp", "storage/workers/*.cpp",
]


def run(*command, **options):
    subprocess.run(command, cwd=ROOT, check=True, **options)


def measure():
    run("cmake", "--preset", "coverage")
    run("cmake", "--build", "--preset", "coverage")
    shutil.rmtree(PROFILES, ignore_errors=True)
    PROFILES.mkdir(parents=True)
    profile = str(PROFILES / "%p-%m.profraw")
    run("ctest", "--test-dir", str(BUILD), "--output-on-failure", "-j", str(os.cpu_count()),
        env=dict(os.environ, LLVM_PROFILE_FILE=profile))
    run("llvm-profdata-14", "merge", "-sparse", "-o", str(MERGED), *map(str, PROFILES.iterdir()))


def programs():
    """Those that ctest runs, and the server that some of them start."""
    listed = subprocess.run(["ctest", "--test-dir", str(BUILD), "--show-only=json-v1"], check=True,
                            capture_output=True, text=True).stdout
    commands = (test["command"][0] for test in json.loads(listed)["tests"] if "command" in test)
    return sorted({command for command in commands if command.startswith(str(BUILD))})


def branches(files):
    """File -> place -> [times true, times false], added up over programs and template instances."""
    first, *others = programs()
    objects = [word for program in others for word in ("-object", program)]
    exported = subprocess.run(["llvm-cov-14", "export", "-instr-profile", str(MERGED), first, *objects],
                              check=True, capture_output=True, text=True, cwd=ROOT).stdout
    found = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for file in json.loads(exported)["data"][0]["files"]:
        name = os.path.relpath(os.path.normpath(file["filename"]), ROOT)
        if name not in files:
            continue
        for line, column, line_end, column_end, taken, not_taken, *_ in file["branches"]:
            counts = found[name][(line, column, line_end, column_end)]
            counts[0] += taken
            counts[1] += not_taken
    return found


def condition_at(lines, place):
    line, column, line_end, column_end = place
    if line == line_end:
        return lines[line - 1][column - 1:column_end - 1]
    return lines[line - 1][column - 1:].strip() + " ..."


def report(found):
    taken_in_all = branches_in_all = 0
    for name in sorted(found):
        lines = (ROOT / name).read_text().splitlines()
        sides = [(place, side, count) for place, counts in sorted(found[name].items())
                 for side, count in zip(("true", "false"), counts)]
        missed = [(place, side) for place, side, count in sides if count == 0]
        taken_in_all += len(sides) - len(missed)
        branches_in_all += len(sides)
        print(f"{name}: {len(sides) - len(missed)} of {len(sides)}")
        for place, side in missed:
            print(f"    {place[0]}: never {side}: {condition_at(lines, place)}")
    print(f"{taken_in_all} of {branches_in_all} branches taken")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=DURABLE, help="patterns of files, from the project's root")
    parser.add_argument("--report-only", action="store_true", help="of the last run")
    options = parser.parse_args()
    if not options.report_only:
        measure()
    tracked = subprocess.run(["git", "ls-files", "*.cpp", "*.h"], check=True, capture_output=True, text=True,
                             cwd=ROOT).stdout.split()
    files = [name for name in tracked if any(fnmatch.fnmatch(name, pattern) for pattern in options.files)]
    if not files:
        sys.exit("no such file")
    report(branches(files))


if __name__ == "__main__":
    main()
