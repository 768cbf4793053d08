#!/usr/bin/env python3
"""lib/ is pure: its archive calls nothing outside purity.allow and holds no variable that changes."""
import fnmatch
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
archive = os.path.join(os.environ["CPID_BUILD"], "libcpi.a")
# Sanitizers and profilers put their own variables beside ours.
instrument = ("__asan", "__ubsan", "__tsan", "__odr_asan", ".LASAN", ".Lubsan", "__gcov")


def allowed_names():
    with open(os.path.join(here, "purity.allow")) as lines:
        words = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [w for w in words if w[0] != "!"], [w[1:] for w in words if w[0] == "!"]


def symbols():
    """(member, name, class, section) of every symbol of the archive."""
    listing = subprocess.run(["nm", "-f", "sysv", archive], check=True, capture_output=True, text=True)
    member = None
    for line in listing.stdout.splitlines():
        if line.startswith(("Symbols from ", "Undefined symbols from ")):
            member = line.split("[")[-1].split("]")[0]
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) >= 7:
            yield member, cells[0], cells[2], cells[6]


everything = list(symbols())
if not everything:
    sys.exit(f"no symbols in {archive}")
defined = {name for _, name, kind, _ in everything if kind not in ("U", "w")}
allow, refuse = allowed_names()
bad = []
for member, name, kind, section in everything:
    if kind in ("U", "w") and name not in defined:
        fits = any(fnmatch.fnmatchcase(name, pattern) for pattern in allow)
        if not fits or name in refuse:
            bad.append(f"{member} calls {name}")
    elif kind in "bBdDC" and section.split("+")[0] in (".bss", ".data", "*COM*", ""):
        if not name.startswith(instrument):
            bad.append(f"{member} has a variable that can change: {name} ({section or 'common'})")
print("\n".join(bad) or f"{len(defined)} symbols, all pure")
sys.exit(bool(bad))
