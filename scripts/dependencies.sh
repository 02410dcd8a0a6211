# Sourced by run.sh and test.sh: makes sure the Debian packages named are there.
# As root it installs what is missing; otherwise it prints the exact command and stops.

hf_build_packages=(g++ cmake ninja-build pkg-config ccache lld protobuf-compiler
    librocksdb-dev libssl-dev libpugixml-dev libfmt-dev libtomlplusplus-dev
    libcli11-dev libisal-dev libxxhash-dev libprotobuf-dev prometheus-cpp-dev)
hf_test_packages=(catch2 librapidcheck-dev)

# Debian 12 calls its newest Boost 1.81; later releases have a default that is new enough.
if [ "$(. /etc/os-release && echo "${VERSION_CODENAME-}")" = bookworm ]; then
    hf_build_packages+=(libboost1.81-dev libboost-json1.81-dev)
else
    hf_build_packages+=(libboost-dev libboost-json-dev)
fi

hf_missing() {
    local package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

hf_require() {
    local missing
    mapfile -t missing < <(hf_missing "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "Missing packages. Install them and run this again:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing ${missing[*]}"
    # One at a time: apt waits for nobody else who updates the lists.
    (
        flock 9
        DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 update
        DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y \
            --no-install-recommends "${missing[@]}" >/dev/null
    ) 9>/var/lock/holdfast-packages
}
