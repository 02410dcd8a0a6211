#!/usr/bin/env bash
# Power failures and errors below the file system (C4): HF_FAULTDISK_STATES for each of ext4 and xfs, 12 by
# default. Needs root, loop devices and FUSE. Servers: build/release/holdfast (HF_TEST_BINARY), and for the
# self-check a build with failpoints, build/dev/holdfast (HF_FAILPOINT_BINARY).
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
. "$root/scripts/dependencies.sh"
hf_require python3 python3-boto3 e2fsprogs xfsprogs util-linux mount fuse3 libfuse3-dev g++ pkg-config
export PYTHONDONTWRITEBYTECODE=1
[ "${1-}" != --seed ] || export HF_FAULTDISK_SEED=$2
mkdir -p "$root/build/faultdisk"
# shellcheck disable=SC2046 (flags, to be split)
g++ -std=c++20 -O2 -Wall -Wextra -Werror faultdisk/faultdisk.cpp $(pkg-config --cflags --libs fuse3) \
    -o "$root/build/faultdisk/faultdisk"
# Mounts of its own: nobody else holds one of them, and they end with it.
own_mounts=()
[ "$(id -u)" != 0 ] || own_mounts=(unshare --mount)
exec "${own_mounts[@]}" /usr/bin/python3 -W ignore::ResourceWarning faultdisk_test.py
