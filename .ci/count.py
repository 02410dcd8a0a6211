#!/usr/bin/env python3
"""Adds up the closing lines of the test runners in a log: prints `PASSED FAILED SKIPPED`.

Knows Catch2, Python's unittest and the plain line `N passed, N failed`. A ctest program that failed
without a closing line of its own (it crashed) counts as one failure.
"""

import re
import sys

CATCH_ALL = re.compile(r"All tests passed \(.* in (\d+) test cases?\)")
CATCH_SOME = re.compile(r"test cases: *(\d+)(?: *\| *(\d+) passed)?(?: *\| *(\d+) failed)?")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
RAN = re.compile(r"^Ran (\d+) tests? in ")
UNITTEST_END = re.compile(r"^(OK|FAILED)(?: \((.*)\))?$")
CTEST = re.compile(r"^\d+% tests passed, (\d+) tests failed out of \d+$")
CTEST_PREFIX = re.compile(r"^\d+: ")


def count(log):
    passed = failed = skipped = ran = programs_failed = 0
    for line in log.splitlines():
        line = CTEST_PREFIX.sub("", line.rstrip())
        if match := CATCH_ALL.search(line):
            passed += int(match[1])
        elif match := CATCH_SOME.search(line):
            passed += int(match[2] or 0)
            failed += int(match[3] or 0)
        elif match := PLAIN.match(line):
            passed += int(match[1])
            failed += int(match[2])
            skipped += int(match[3] or 0)
        elif match := RAN.match(line):
            ran = int(match[1])
        elif (match := UNITTEST_END.match(line)) and ran:
            numbers = dict(re.findall(r"(\w+)=(\d+)", match[2] or ""))
            bad = sum(int(numbers.get(name, 0)) for name in ("failures", "errors"))
            skips = int(numbers.get("skipped", 0))
            passed += max(0, ran - bad - skips)
            failed += bad
            skipped += skips
            ran = 0
        elif match := CTEST.match(line):
            programs_failed += int(match[1])
    return passed, max(failed, programs_failed), skipped


if __name__ == "__main__":
    with open(sys.argv[1], errors="replace") as log:
        print(*count(log.read()))
