#!/usr/bin/env bash
# Power failures on ext4 and xfs (C3): HF_POWER_CYCLES for each, 20 by default. Needs root and loop devices.
# Servers: build/release/holdfast (HF_TEST_BINARY), and for the self-check a build with failpoints,
# build/dev/holdfast (HF_FAILPOINT_BINARY).
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/dependencies.sh
hf_require python3 python3-boto3 e2fsprogs xfsprogs util-linux mount
export PYTHONDONTWRITEBYTECODE=1
[ "${1-}" != --seed ] || export HF_POWER_SEED=$2
# Mounts of its own: nobody else holds one of them, and they end with it.
own_mounts=()
[ "$(id -u)" != 0 ] || own_mounts=(unshare --mount)
exec "${own_mounts[@]}" /usr/bin/python3 -W ignore::ResourceWarning power_test.py
