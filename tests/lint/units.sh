#!/bin/sh
# The units say nothing that systemd does not know, and expose next to nothing of the machine.
set -eu
units=$CPID_BUILD/systemd
if ! command -v systemd-analyze >/dev/null; then
    [ -z "${CI:-}" ] || { echo "systemd-analyze is missing"; exit 1; }
    echo "SKIP: no systemd-analyze"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
for name in cpid.service cpid@.service; do
    # what is checked is the text, not whether it is installed
    sed "s#^ExecStart=[^ ]*/cpid #ExecStart=$CPID #" "$units/$name" >"$folder/$name"
done
for name in cpid.service cpid@one.service; do
    systemd-analyze verify --man=no --recursive-errors=no "$folder/$name" || failed=1
done
for name in cpid.service cpid@.service; do
    # exposure times ten
    systemd-analyze security --offline=true --threshold=15 "$units/$name" >"$folder/out" || failed=1
    tail -1 "$folder/out"
done
exit $failed
