#!/bin/sh
# The broker of the tests keeps what it is given, and takes it back only when asked to.
set -eu
broker=$CPID_TEST_BROKER
topic=harness-$$
trap '"$CPID_TOPIC" "$broker" delete $topic || true' EXIT
trap 'exit 1' HUP INT TERM

"$CPID_TOPIC" "$broker" create $topic 2 retention.ms=-1
for i in 1 2 3; do echo "key$i=value$i"; done | kcat -b "$broker" -P -t $topic -K = -p 1
got=$(kcat -q -b "$broker" -C -t $topic -p 1 -o beginning -e -f '%o %k %s\n')
want='0 key1 value1
1 key2 value2
2 key3 value3'
if [ "$got" != "$want" ]; then
    echo "wanted: $want"
    echo "got: $got"
    exit 1
fi
if kcat -q -b "$broker" -C -t absent-$$ -o beginning -e 2>/dev/null; then
    echo "a topic that nobody created exists"
    exit 1
fi
