#!/bin/sh
# Builds cpid and runs all its tests, on a machine that has nothing yet but git and the packages of
# its distribution (Debian 12 is what it is tried on):
#
#   sh tests/run.sh                 installs what is missing, builds twice, runs everything
#   sh tests/run.sh --no-install    installs nothing: what is missing is a failure of the build
#   sh tests/run.sh --quick         without the build with sanitizers
#
# Packages are installed as root or with sudo. With CI set, a test that needs what is not there fails
# instead of being skipped. Everything built goes to build/, the broker's jars to ~/.cache/cpid.
set -u
cd "$(dirname "$0")/.." || exit 70

install=yes
sanitizers=yes
for argument; do
    case $argument in
    --no-install) install= ;;
    --quick) sanitizers= ;;
    *)
        sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0"
        exit 64
        ;;
    esac
done

step=0
current=
began=$(date +%s)
failures=
announce() {
    step=$((step + 1))
    current=$1
    echo
    echo "==== step $step, after $(($(date +%s) - began)) s: $current"
}
fail() { # REASON: what stops everything
    echo
    echo "FAILED in step $step ($current): $1"
    exit 1
}

# ---- Packages: the name of one, and how to see that it is not needed

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
tzdata            test -e /usr/share/zoneinfo/Europe/Berlin
xz-utils          command -v xz
python3           command -v python3
python3-jsonschema  python3 -c 'import jsonschema'
clang-format      command -v clang-format
clang-tidy        command -v clang-tidy
kcat              command -v kcat
default-jre-headless  command -v java
maven             command -v mvn
systemd           command -v systemd-analyze
systemd-container command -v systemd-nspawn
mmdebstrap        command -v mmdebstrap
mandoc            command -v mandoc
curl              command -v curl
prometheus-alertmanager  command -v prometheus-alertmanager
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

announce "packages that building and testing need"
packages=$(missing | tr '\n' ' ')
if [ -z "$packages" ]; then
    echo "everything is there, nothing is installed"
elif [ -z "$install" ]; then
    echo "missing, and not installed because of --no-install: $packages"
elif ! command -v apt-get >/dev/null; then
    echo "missing, and there is no apt-get to install them with: $packages"
else
    echo "installing from the package sources of this system: $packages"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get -q update </dev/null || echo "apt-get update failed: trying with the lists as they are"
    as_root apt-get -q install -y --no-install-recommends $packages </dev/null ||
        fail "apt-get could not install: $packages"
    case $packages in # its package starts a service; the tests start their own
    *prometheus-alertmanager*) as_root systemctl disable --now prometheus-alertmanager 2>/dev/null ;;
    esac
fi

# ---- Build and test

build() { # PRESET
    announce "build, preset $1"
    cmake --preset "$1" </dev/null || fail "CMake could not configure the build"
    cmake --build --preset "$1" </dev/null || fail "the build failed; the compiler's words are above"
}

run_tests() { # PRESET
    announce "tests, preset $1"
    ctest --preset "$1" -j "$(nproc)" </dev/null || failures="$failures, tests with preset $1"
    skipped_tests "build/$1/Testing/Temporary/LastTest.log" "$1"
}

# A skipped test says why in a line that starts with SKIP; nobody should have to look for it.
skipped=
skipped_tests() { # LOG PRESET
    reasons=$(awk -v preset="$2" '
        / Testing: / { name = $3 }
        /^SKIP/ { print "  " preset ": " name ": " $0 }' "$1")
    [ -z "$reasons" ] || skipped="$skipped$reasons
"
}

build dev
run_tests dev
if [ -n "$sanitizers" ]; then
    build asan
    run_tests asan
fi

announce "result"
CPID_SOURCE=. python3 tests/lint/sizes.py | sed '/^  /d' # by itself it also names what is over the marks
if [ -n "$skipped" ]; then
    echo "These tests did NOT run, and nothing is known about what they hold:"
    echo "$skipped"
fi
if [ -n "$failures" ]; then
    echo "FAILED after $(($(date +%s) - began)) s: ${failures#, } (what failed is listed above)"
    exit 1
fi
echo "PASSED after $(($(date +%s) - began)) s"
