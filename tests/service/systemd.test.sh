#!/bin/sh
# The units as installed, under a systemd of their own: a container of Debian, booted, with the broker of
# the machine. What happens inside is inside.sh.
set -eu
skip() {
    echo "SKIP: $1"
    exit 77
}
lacks() { # WHAT: of a machine of CI it may be expected
    [ -z "${CI:-}" ] || { echo "FAILED: $1"; exit 1; }
    skip "$1"
}
[ "$(id -u)" = 0 ] || skip "booting a container needs root"
unshare --mount --pid --fork true 2>/dev/null || skip "this machine does not allow namespaces"
for tool in systemd-nspawn mmdebstrap; do
    command -v "$tool" >/dev/null || lacks "no $tool (Debian: systemd-container, mmdebstrap)"
done
ldd "$CPID" | grep -q 'lib[at]san' && skip "a build with sanitizers is not what is installed"

work=$(mktemp -d)
application=unit$$
cleanup() {
    for topic in in indicators revisions alerts facts dead-letters; do
        "$CPID_TOPIC" "$CPID_TEST_BROKER" delete "$application.$topic" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# The package sources of this machine, those of its distribution only.
. /etc/os-release
sources() {
    grep -lsE "(^|[ /])$VERSION_CODENAME( |$)" /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        /etc/apt/sources.list.d/*.sources
}
# what the package's dependencies would bring
mmdebstrap --quiet --variant=essential \
    --include=systemd,systemd-sysv,dbus,librdkafka1,libyajl2,libconfig9,libsystemd0,tzdata \
    --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
    "$VERSION_CODENAME" "$work/root" $(sources) >"$work/bootstrap.log" 2>&1 ||
    { tail -20 "$work/bootstrap.log"; echo "FAILED: no container of Debian could be made"; exit 1; }

cmake -S "$CPID_SOURCE" -B "$work/build" -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=OFF \
    >"$work/cmake.log" 2>&1 && ninja -C "$work/build" -j2 >>"$work/cmake.log" 2>&1 &&
    DESTDIR=$work/root cmake --install "$work/build" >>"$work/cmake.log" 2>&1 ||
    { tail -20 "$work/cmake.log"; echo "FAILED: it cannot be installed"; exit 1; }

root=$work/root
mkdir -p "$root/etc/cpid" "$root/test"
sed "s/@APPLICATION@/$application/; s/@BROKER@/$CPID_TEST_BROKER/" \
    "$CPID_SOURCE/tests/service/unit.conf" >"$root/etc/cpid/cpid.conf"
printf 'rep,team\nanna,phone\n' >"$root/etc/cpid/people.csv"
"$CPID_TOPIC" "$CPID_TEST_BROKER" create "$application.in" 2
"$CPID" topics -c "$root/etc/cpid/cpid.conf" --create >/dev/null
cp "$CPID_SOURCE/tests/service/inside.sh" "$root/test/inside.sh"
cat >"$root/etc/systemd/system/cpid-test.service" <<'END'
[Unit]
After=basic.target
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
ExecStart=/bin/bash /test/inside.sh
StandardOutput=file:/test/out
StandardError=inherit
END
cat >"$root/etc/systemd/system/cpid-test.target" <<'END'
[Unit]
Requires=basic.target cpid-test.service
After=basic.target
AllowIsolate=yes
END

code=0
systemd-nspawn -q --register=no --keep-unit -D "$root" --machine="cpid$$" --console=pipe \
    /lib/systemd/systemd --unit=cpid-test.target --show-status=no </dev/null >"$work/boot.log" 2>&1 || code=$?
cat "$root/test/out" 2>/dev/null || cat "$work/boot.log"
grep -q '^all is well$' "$root/test/out" && [ "$code" = 0 ] || { echo "FAILED: the container ended with $code"; exit 1; }
