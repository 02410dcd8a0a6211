#!/usr/bin/env bash
# Kills the server under load (C1), at random moments, at every failpoint and in its background work, and again
# while it recovers (C6).
# HF_CRASH_ROUNDS random kills, 50 by default, of build/release/holdfast (or HF_TEST_BINARY); the failpoints
# need a build with them, build/dev/holdfast (or HF_FAILPOINT_BINARY).
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/dependencies.sh
hf_require python3 python3-boto3
export PYTHONDONTWRITEBYTECODE=1
[ "${1-}" != --seed ] || export HF_CRASH_SEED=$2
exec /usr/bin/python3 -W ignore::ResourceWarning -m unittest kill_test failpoints_test background_test core_thread_test
