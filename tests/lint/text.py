#!/usr/bin/env python3
"""What may not stand in any file: this or that machine's paths, hosts that are not examples, a test
that waits for time to pass, blanks at the end of a line."""
import os
import re
import sys

root = os.environ.get("CPID_SOURCE", ".")
here = os.path.dirname(os.path.abspath(__file__))
SKIPPED_FOLDERS = {".git", "build", "__pycache__"}
TEXT = (".c", ".h", ".md", ".txt", ".json", ".conf", ".sh", ".py", ".xml", ".yaml", ".yml", ".in",
        ".service", ".target", ".samples", ".csv", ".html", ".js", ".5", ".8", "")

# Written in two pieces, so that this file passes.
PATHS = re.compile("(?<![\\w.])/" + r"(work|root|home/\w+)/")
URL = re.compile(r"\bhttps?://([^/\s\"'<>):,;`]+)")
WAITS = re.compile(r"(?<![\w.-])(sleep|usleep|nanosleep|clock_nanosleep)\b(?!\s*[:=])")
NO_WAITING = ("tests/unit/", "tests/golden/", "tests/sim/", "tests/uci/")

with open(os.path.join(here, "hosts.allow")) as lines:
    hosts = [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def host_is_fine(host):
    host = host.split("@")[-1].lower().rstrip(".")
    return "{" in host or "$" in host or "%" in host or any(
        host == one or (one.startswith(".") and host.endswith(one)) for one in hosts)


def files():
    for folder, below, names in os.walk(root):
        below[:] = sorted(b for b in below if b not in SKIPPED_FOLDERS)
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name != ".git" and os.path.splitext(name)[1] in TEXT and not os.path.islink(path):
                yield os.path.relpath(path, root)


bad = []
count = 0
for path in files():
    try:
        with open(os.path.join(root, path), encoding="utf-8") as lines:
            text = lines.read()
    except UnicodeDecodeError:
        if "/corpus/" not in path and "/golden/" not in path:
            bad.append(f"{path}: is not UTF-8")
        continue
    count += 1
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        found = PATHS.search(line)
        if found:
            bad.append(f"{where}: a path of one machine: {found.group(0)}")
        for host in URL.findall(line):
            if not host_is_fine(host):
                bad.append(f"{where}: host {host} (an example? one for hosts.allow?)")
        if path.startswith(NO_WAITING) and path.endswith((".c", ".h", ".sh", ".py", "run")):
            if WAITS.search(line.split("//")[0]) and not line.lstrip().startswith(("*", "/*", "#")):
                bad.append(f"{where}: waits for time to pass; make time an argument")
        if path.endswith((".c", ".h")) and line != line.rstrip():
            bad.append(f"{where}: blanks at the end")
print("\n".join(bad) or f"{count} files are clean")
sys.exit(bool(bad))
