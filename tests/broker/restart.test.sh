#!/bin/sh
# A node of a test's own: what it was given survives kill -9, a pause and a clean stop.
set -eu
node=$(mktemp -d)/node
trap '"$CPID_KAFKA" wipe "$node"; rm -rf "$(dirname "$node")"' EXIT
trap 'exit 1' HUP INT TERM
fail() { echo "$*"; exit 1; }
is() { # STATE...
    got=$("$CPID_KAFKA" status "$node") || true
    [ "${got%% *}" = "$1" ] || fail "the node is $got, not $1"
}
count() { kcat -q -b "$address" -C -t kept -o beginning -e -f '%s\n' | wc -l; }

is stopped
"$CPID_KAFKA" start "$node" -o message.max.bytes=2000000
is running
address=$("$CPID_KAFKA" status "$node" | cut -d' ' -f2)
"$CPID_TOPIC" "$address" create kept 1
echo one | kcat -b "$address" -P -t kept -X acks=all

"$CPID_KAFKA" kill "$node"
is stopped
"$CPID_KAFKA" restart "$node"
[ "$(count)" = 1 ] || fail "$(count) records after kill -9, not 1"

"$CPID_KAFKA" pause "$node"
is paused
if echo two | kcat -b "$address" -P -t kept -X acks=all -X message.timeout.ms=1000 2>/dev/null; then
    fail "a paused broker answered"
fi
"$CPID_KAFKA" cont "$node"
is running
echo two | kcat -b "$address" -P -t kept -X acks=all

"$CPID_KAFKA" restart "$node"
[ "$(count)" -ge 2 ] || fail "$(count) records after a clean restart, not 2 or more"
grep -q '^message.max.bytes=2000000$' "$node/server.properties" || fail "its settings are lost"
"$CPID_KAFKA" stop "$node"
is stopped
