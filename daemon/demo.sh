#!/bin/sh
# cpid at work, on a machine that has nothing yet but git and the packages of its distribution (Debian 12
# is what it is tried on): installs what is missing to build it, builds a release, and runs the demo: an
# embedded broker, a made-up day at a helpdesk, and what cpid says of it.
#
#   sh daemon/demo.sh                 as root or with sudo, if something is missing
#   sh daemon/demo.sh --no-install    installs nothing
set -u
cd "$(dirname "$0")/.." || exit 70

install=yes
case ${1:-} in
'') ;;
--no-install) install= ;;
*)
    sed -n '2,/^set -u/s/^# \{0,1\}//p' daemon/demo.sh
    exit 64
    ;;
esac

fail() {
    echo "demo.sh: FAILED: $*" >&2
    exit 1
}

# The name of a package, and how to see that it is not needed.
needed() {
    cat <<'END'
gcc               command -v cc
libc6-dev         echo '#include <stdio.h>' | cc -E -
cmake             command -v cmake
ninja-build       command -v ninja
pkg-config        command -v pkg-config
librdkafka-dev    pkg-config --exists rdkafka
libyajl-dev       pkg-config --exists yajl
libconfig-dev     pkg-config --exists libconfig
libxxhash-dev     pkg-config --exists libxxhash
libsystemd-dev    pkg-config --exists libsystemd
END
}
missing() {
    needed | while read -r package check; do
        sh -c "$check" >/dev/null 2>&1 || echo "$package"
    done
}
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo DEBIAN_FRONTEND=noninteractive "$@"
    else
        fail "these packages need root or sudo, and there is neither: $packages"
    fi
}

packages=$(missing | tr '\n' ' ')
if [ -n "$packages" ]; then
    [ -n "$install" ] || fail "missing packages: $packages"
    echo "demo.sh: installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq || fail "apt-get update"
    # shellcheck disable=SC2086 # a list of words
    as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null || fail "apt-get install"
    packages=$(missing | tr '\n' ' ')
    [ -z "$packages" ] || fail "still missing: $packages"
fi

echo "demo.sh: building a release in build/release"
mkdir -p build
{ cmake --preset release && cmake --build build/release --target cpid pages; } >build/demo.log 2>&1 || {
    tail -n 30 build/demo.log
    fail "the build; build/demo.log has all of it"
}
exec build/release/cpid demo
