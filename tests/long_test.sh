#!/usr/bin/env bash
# For ctest: runs a command as it is, and exits with 77, "skipped", when all that it did was to skip.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
[ "$status" = 0 ] || exit "$status"
read -r passed failed skipped < <(python3 "$(dirname "$0")/../.ci/count.py" "$log")
[ "$failed" = 0 ] || exit 1
[ "$passed" != 0 ] || [ "$skipped" = 0 ] || exit 77
