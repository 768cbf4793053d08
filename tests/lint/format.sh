#!/bin/sh
# Every C file is as clang-format 14 (Debian 12) writes it; other versions differ in small things.
#   sh tests/lint/format.sh --fix    writes them so
set -eu
cd "${CPID_SOURCE:-$(dirname "$0")/../..}"
tool=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$tool" ]; then
    echo "SKIP: no clang-format (Debian: apt-get install clang-format)"
    exit 77
fi
version=$("$tool" --version | sed 's/.*version \([0-9]*\).*/\1/')
if [ "$version" != 14 ]; then
    echo "SKIP: clang-format is of version $version, the format is that of 14"
    exit 77
fi
files=$(find lib tests $(ls -d daemon 2>/dev/null) -name '*.[ch]')
if [ "${1:-}" = --fix ]; then
    exec "$tool" -i $files
fi
exec "$tool" --dry-run -Werror $files
