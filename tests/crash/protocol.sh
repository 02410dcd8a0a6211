#!/usr/bin/env bash
# The order of the system calls of single requests (C5). Servers: build/release/holdfast (HF_TEST_BINARY), and
# for the self-check a build with failpoints, build/dev/holdfast (HF_FAILPOINT_BINARY).
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/dependencies.sh
hf_require python3 python3-boto3 strace
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -W ignore::ResourceWarning -m unittest protocol_test
