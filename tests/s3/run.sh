#!/usr/bin/env bash
# Runs every client against build/release/holdfast (or HF_TEST_BINARY), installing the clients first:
# Debian's packages as root, the newest Python and JavaScript ones below build/clients.
#   tests/s3/run.sh            quick sizes
#   HF_TEST_SIZE=full tests/s3/run.sh
# The boto3 suites run twice: with Debian's version, and with the newest, whose defaults differ
# (checksums in trailers). Ends with the counts of each run.
set -uo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
. "$root/scripts/dependencies.sh"
hf_require python3 python3-venv python3-boto3 python3-xxhash awscli rclone s3cmd restic
command -v node >/dev/null && command -v npm >/dev/null || hf_require nodejs npm
export PYTHONDONTWRITEBYTECODE=1
clients=$root/build/clients
mkdir -p "$clients"

retried() {
    local pause
    for pause in 5 15 30 60; do "$@" && return; sleep "$pause"; done
    "$@"
}

[ -x "$clients/python/bin/python" ] || /usr/bin/python3 -m venv "$clients/python" || exit 1
retried "$clients/python/bin/pip" install --quiet --upgrade boto3 awscli xxhash || exit 1
cp javascript/package.json "$clients/"
(cd "$clients" && retried npm install --no-audit --no-fund --loglevel=error) || exit 1
export HF_TEST_NODE_MODULES=$clients/node_modules

failed=0
suite() {
    local python=$1
    shift
    echo "== $("$python" -c 'import boto3; print("boto3", boto3.__version__)'): $*"
    "$python" -W ignore::ResourceWarning -m unittest "$@" || failed=1
}

requests=(create_multipart_upload_test multipart_test checksums_test objects_test buckets_test
    attributes_test payload_modes_test addressing_test)
suite /usr/bin/python3 "${requests[@]}"
suite "$clients/python/bin/python" "${requests[@]}"
suite "$clients/python/bin/python" raw_http_test process_test faults_test admin_test fsck_test snapshot_test
HF_TEST_AWS=/usr/bin/aws suite /usr/bin/python3 aws_cli_test
HF_TEST_AWS=$clients/python/bin/aws suite "$clients/python/bin/python" aws_cli_test
suite "$clients/python/bin/python" rclone_test s3cmd_test restic_test javascript_test
exit $failed
