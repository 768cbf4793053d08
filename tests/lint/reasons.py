#!/usr/bin/env python3
"""Every reason code of a dead letter stands in the README's table, and no other does."""
import os
import re
import sys

root = os.environ.get("CPID_SOURCE", ".")


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as text:
        return text.read()


code = set(re.findall(r'\[CPI_REFUSED_\w+\]\s*=\s*"(\w+)"', read("lib/event/map_record.c")))
table = re.search(r"^\| reason \|.*?\n\n", read("README.md"), re.DOTALL | re.MULTILINE)
page = set(re.findall(r"^\| `(\w+)` \|", table.group(0) if table else "", re.MULTILINE))
bad = [f"README.md: reason {name} is not in its table" for name in sorted(code - page)]
bad += [f"README.md: there is no reason {name}" for name in sorted(page - code)]
if not code:
    bad.append("lib/event/map_record.c: no names of reasons found")
print("\n".join(bad) or f"{len(code)} reasons are listed")
sys.exit(bool(bad))
