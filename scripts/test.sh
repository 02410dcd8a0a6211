#!/usr/bin/env bash
# Builds Holdfast and runs every test that needs no special rights. Arguments after -- reach ctest.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/dependencies.sh
[ "${1-}" != -- ] || shift

hf_require "${hf_build_packages[@]}" "${hf_test_packages[@]}"
cmake --preset dev
cmake --build --preset dev
ctest --preset dev "$@"
