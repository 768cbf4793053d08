#!/usr/bin/env python3
"""Every log line has a MESSAGE_ID and an entry in the journal's catalogue, and no other has."""
import os
import re
import sys

root = os.environ.get("CPID_SOURCE", ".")
CATALOG, TABLE = "systemd/cpid.catalog", "daemon/ops/journal.c"


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as text:
        return text.read()


def sources():
    for folder, _, names in os.walk(os.path.join(root, "daemon")):
        for name in names:
            if name.endswith(".c"):
                yield read(os.path.relpath(os.path.join(folder, name), root))


lines = {m for text in sources() for m in re.findall(r'log_line\(\s*[^,"]+,\s*"([a-z_]+)[ "]', text)}
ids = dict(re.findall(r'\{ "(\w+)", "([0-9a-f]{32})" \}', read(TABLE)))
entries = set(re.findall(r"^-- ([0-9a-f]{32})$", read(CATALOG), re.MULTILINE))
bad = [f"{TABLE}: the log line {name} has no MESSAGE_ID; add 32 hex digits (systemd-id128 new)"
       for name in sorted(lines - set(ids))]
bad += [f"{TABLE}: there is no log line {name}" for name in sorted(set(ids) - lines)]
bad += [f"{CATALOG}: {name} ({number}) has no entry" for name, number in sorted(ids.items()) if number not in entries]
bad += [f"{CATALOG}: {number} is no MESSAGE_ID of {TABLE}" for number in sorted(entries - set(ids.values()))]
if len(set(ids.values())) != len(ids):
    bad.append(f"{TABLE}: two log lines have one MESSAGE_ID")
if len(lines) < 10:
    bad.append("daemon: log lines are not found any more")
print("\n".join(bad) or f"{len(lines)} log lines are explained")
sys.exit(bool(bad))
