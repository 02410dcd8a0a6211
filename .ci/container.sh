#!/usr/bin/env bash
# Builds docker/Dockerfile without a container daemon, starts the image in a network of its own, talks to
# it with a real client and stops it. Needs root, mounts and namespaces; says so and skips without them.
#   .ci/container.sh [WORK_DIRECTORY]     images and the base system are kept there (build/container)
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=${1:-$root/build/container}
. scripts/dependencies.sh

passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok: $*"; }
bad() { failed=$((failed + 1)); echo "failed: $*"; }
skip() {
    echo "SKIPPED container: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

[ "$(id -u)" = 0 ] || skip "needs root"
unshare --net --mount true 2>/dev/null || skip "this machine does not let us make namespaces"
hf_require buildah mmdebstrap curl iproute2 util-linux procps jq python3 python3-boto3

mkdir -p "$work"
export CONTAINERS_STORAGE_CONF=$work/storage.conf
driver=vfs
trial=$(mktemp -d -p "$work")
mkdir "$trial"/{lower,upper,scratch,merged}
if mount -t overlay overlay -o "lowerdir=$trial/lower,upperdir=$trial/upper,workdir=$trial/scratch" \
    "$trial/merged" 2>/dev/null; then
    umount "$trial/merged"
    driver=overlay
fi
rm -rf "$trial"
printf '[storage]\ndriver = "%s"\nrunroot = "%s/run"\ngraphroot = "%s/images"\n' "$driver" "$work" "$work" \
    >"$CONTAINERS_STORAGE_CONF"

image=localhost/holdfast:check
container= server=
finish() {
    [ -z "$server" ] || kill -KILL "$server" 2>/dev/null
    [ -z "$container" ] || buildah rm "$container" >/dev/null 2>&1
    buildah rmi "$image" >/dev/null 2>&1
}
trap finish EXIT

# The base of the Dockerfile, from Debian's own packages; a name without a registry finds it first.
base=debian:bookworm-slim
if ! buildah inspect --type image "localhost/$base" >/dev/null 2>&1; then
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$work/base.tar" ||
        skip "the base system cannot be made here"
    made=$(buildah from scratch) || skip "buildah cannot store images here"
    buildah add --quiet "$made" "$work/base.tar" / >/dev/null
    buildah config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$made"
    buildah commit --quiet "$made" "localhost/$base" >/dev/null
    buildah rm "$made" >/dev/null
    rm -f "$work/base.tar"
fi

# What the leg before compiled here need not be compiled again in there: same compiler, same flags.
cache=()
if [ -n "${CCACHE_DIR-}" ]; then
    printf 'cache_dir = /ccache\nbase_dir = /src\nhash_dir = false\n' >"$work/ccache.conf"
    cache=(--volume "$CCACHE_DIR:/ccache" --volume "$work/ccache.conf:/etc/ccache.conf:ro")
fi

# Only what is committed goes in.
context=$(mktemp -d -p "$work")
git archive HEAD | tar -x -C "$context"
if nice buildah build --isolation chroot --pull-never "${cache[@]}" -t "$image" -f docker/Dockerfile "$context"; then
    ok "docker/Dockerfile builds"
    rm -rf "$context"
else
    rm -rf "$context"
    bad "docker/Dockerfile does not build"
    echo "$passed passed, $failed failed"
    exit 1
fi

config=$(buildah inspect --type image "$image" | jq .OCIv1.config)
user=$(jq -r '.User // ""' <<<"$config")
case ${user%%:*} in '' | 0 | root) bad "the image runs as root" ;; *) ok "the image runs as $user" ;; esac
mapfile -t command < <(jq -r '((.Entrypoint // []) + (.Cmd // []))[]' <<<"$config")

container=$(buildah from --pull-never "$image")
log=$work/server.log
access=container-access-key secret=container-secret-key-1
unshare --net bash -c 'ip link set lo up; exec "$@"' - \
    buildah run --isolation chroot --env "HOLDFAST_ROOT_ACCESS_KEY=$access" \
    --env "HOLDFAST_ROOT_SECRET_KEY=$secret" "$container" -- "${command[@]}" >"$log" 2>&1 &
wrapper=$!
inside() { nsenter --net --target "$wrapper" "$@"; }

ready= deadline=$((SECONDS + 300))
while [ "$SECONDS" -lt "$deadline" ]; do
    kill -0 "$wrapper" 2>/dev/null || break
    if inside curl -fs -m 10 -o /dev/null http://127.0.0.1:9001/health/ready; then ready=yes && break; fi
    sleep 0.1
done
if [ -z "$ready" ]; then
    tail -n 40 "$log"
    bad "the container does not get ready"
    echo "$passed passed, $failed failed"
    exit 1
fi
ok "the container is ready"

# The server is the last of the chain of processes below our own wrapper.
server=$wrapper
while child=$(pgrep -P "$server" | head -n 1) && [ -n "$child" ]; do server=$child; done
if [ "$(awk '/^Uid:/ {print $2}' "/proc/$server/status")" != 0 ]; then
    ok "the server is not root"
else
    bad "the server is root"
fi
if inside env ACCESS="$access" SECRET="$secret" /usr/bin/python3 - <<'PYTHON'; then
import os
import boto3
from botocore.config import Config
s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:9000", region_name="us-east-1",
                  aws_access_key_id=os.environ["ACCESS"], aws_secret_access_key=os.environ["SECRET"],
                  config=Config(s3={"addressing_style": "path"}))
s3.create_bucket(Bucket="in-a-container")
for body in (b"small", bytes(1 << 20)):
    s3.put_object(Bucket="in-a-container", Key="k", Body=body)
    assert s3.get_object(Bucket="in-a-container", Key="k")["Body"].read() == body
PYTHON
    ok "a client writes and reads"
else
    bad "a client cannot write and read"
fi

kill -TERM "$server"
wait "$wrapper"
status=$?
server=
if [ "$status" = 0 ]; then ok "it stops on SIGTERM"; else tail -n 40 "$log"; bad "it ended with $status"; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
