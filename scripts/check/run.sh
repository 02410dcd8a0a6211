#!/usr/bin/env bash
# All checks of the source text, and the tests of the checks themselves. Takes seconds; the check that
# compiles every header alone takes minutes and is scripts/check/headers.py.
set -uo pipefail
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0
for folder in . ../../.ci; do
    python3 -m unittest discover -s "$folder" -p '*_test.py' || failed=$((failed + 1))
done
for check in arrows coroutines kernel_files machine_paths; do
    if python3 "$check.py"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
if ./format.sh; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
