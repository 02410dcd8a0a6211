#!/usr/bin/env bash
# Disks that really fail, under build/release/holdfast (or HF_TEST_BINARY). Needs root, loop devices and
# ext4; what cannot be had is said in a line that begins with SKIPPED.
set -euo pipefail
cd "$(dirname "$0")"
. ../../../scripts/dependencies.sh
hf_require python3 python3-boto3 e2fsprogs
export PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 -W ignore::ResourceWarning -m unittest media_test
