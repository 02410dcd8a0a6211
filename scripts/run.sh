#!/usr/bin/env bash
# Builds Holdfast and starts it in the foreground; relative paths are those of the caller's directory.
# Arguments reach the server: scripts/run.sh --set server.port=9100
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
. "$root/scripts/dependencies.sh"
[ "${1-}" != -- ] || shift

hf_require "${hf_build_packages[@]}"
[ -f "$root/build/release/build.ninja" ] || (cd "$root" && cmake --preset release)
cmake --build "$root/build/release" --target holdfast
exec "$root/build/release/holdfast" serve "$@"
