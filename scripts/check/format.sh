#!/usr/bin/env bash
# Every C++ file looks as .clang-format says. To mend: clang-format-14 -i FILE...
set -euo pipefail
cd "$(dirname "$0")/../.."
git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format-14 --dry-run -Werror
