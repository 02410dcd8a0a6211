#!/usr/bin/env bash
# More than the server can take, against build/release/holdfast (or HF_TEST_BINARY): about five minutes.
# What a machine cannot do (no root, no control groups) is said in a line that begins with SKIPPED.
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/dependencies.sh
hf_require python3 python3-boto3
export PYTHONDONTWRITEBYTECODE=1
ulimit -n "$(ulimit -Hn)"
if [ $# -eq 0 ]; then set -- connections_test bodies_test load_test goodput_test proxy_test disk_test memory_test \
        uploads_test; fi
exec /usr/bin/python3 -W ignore::ResourceWarning -m unittest "$@"
