#!/bin/sh
# clang-tidy finds nothing in lib/ and daemon/ (its checks: .clang-tidy). With --analyze its static
# analyzer looks too, which takes minutes: tests/long.sh does that.
set -u
cd "${CPID_SOURCE:-.}" || exit 70
tool=$(command -v clang-tidy-14 || command -v clang-tidy || true)
if [ -z "$tool" ]; then
    echo "SKIP: no clang-tidy (Debian: apt-get install clang-tidy)"
    exit 77
fi
if ! "$tool" --version | grep -q 'version 14'; then
    echo "SKIP: clang-tidy is not of version 14, others have other checks"
    exit 77
fi
build=${CPID_BUILD:-build/dev}
more=
[ "${1:-}" = --analyze ] && more=--checks=clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
find lib daemon -name '*.c' | sort |
    xargs -P "$(nproc)" -n 8 "$tool" -p "$build" --quiet $more 2>/dev/null |
    sed "s|^$PWD/||" | grep -v -e '^$' >"$build/tidy.found"
cat "$build/tidy.found"
! grep -q -e 'warning:' -e 'error:' "$build/tidy.found"
