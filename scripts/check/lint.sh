#!/usr/bin/env bash
# clang-tidy with .clang-tidy over the rooms' sources, which also covers the headers they include.
#   scripts/check/lint.sh BUILD_DIRECTORY [FILE...]
# The build directory must be one of a clang preset (asan, ubsan, fuzz) configured with HF_PRECOMPILED=OFF,
# with its generated headers made.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
shift
# Not asked here:
# - unnecessary-value-param: a coroutine must own what outlives the call, so it takes values;
# - inefficient-vector-operation and implicit-widening: right where they fire, slower or longer to mend.
unwanted=-performance-unnecessary-value-param,-performance-inefficient-vector-operation
unwanted+=,-bugprone-implicit-widening-of-multiplication-result
# Together a third of the time: the first for what the compiler's -Wreserved-identifier says, an error
# in every build with clang, the others for what is not written here: strings of C, macros of several
# statements, assert().
unwanted+=,-bugprone-reserved-identifier,-bugprone-stringview-nullptr
unwanted+=,-bugprone-not-null-terminated-result,-bugprone-multiple-statement-macro
unwanted+=,-bugprone-assert-side-effect
if [ $# -eq 0 ]; then
    mapfile -t files < <(git ls-files '*.cpp' | grep -E '^(base|model|config|auth|storage|server)/')
else
    files=("$@")
fi
printf '%s\0' "${files[@]}" |
    xargs -0 -P "$(nproc)" -n 4 nice clang-tidy-14 --quiet "--checks=$unwanted" -p "$build" \
        2> >(grep -vE '^[0-9]+ warnings? generated' >&2)
echo "clang-tidy: ${#files[@]} files"
