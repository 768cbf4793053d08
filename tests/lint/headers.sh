#!/bin/sh
# Every header compiles alone, in any order, without what another one happened to include.
set -u
cd "$CPID_SOURCE" || exit 70
flags="$(pkg-config --cflags rdkafka yajl libconfig libxxhash) -D_GNU_SOURCE"
bad=0
for header in $(find lib tests/unit $(ls -d daemon 2>/dev/null) -name '*.h' | sort); do
    # shellcheck disable=SC2086
    ${CC:-cc} -std=gnu11 -x c -fsyntax-only -Wall -Wextra -Wstrict-prototypes -Werror \
        -Wno-unused-function -Ilib/include -Ilib -Idaemon $flags \
        -include "$header" /dev/null || { echo "does not compile alone: $header"; bad=1; }
done
exit $bad
