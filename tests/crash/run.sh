#!/usr/bin/env bash
# Kills build/release/holdfast (or HF_TEST_BINARY) under load: HF_CRASH_ROUNDS rounds, 50 by default.
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/dependencies.sh
hf_require python3 python3-boto3
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -W ignore::ResourceWarning -m unittest kill_test
