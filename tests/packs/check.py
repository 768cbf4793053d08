#!/usr/bin/env python3
"""Holds one pack of conf/sources: what its header says, and what its samples show.

    check.py PACK        CPID is the program

The header of PACK.conf names where it was written from, the types it yields, its fields, what the product
does not send, and what to adapt. Its samples must be right by `cpid check --pack`, show every type that is
listed and no other, one record that is refused and one that is ignored, and fail when they are changed."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

source = os.environ.get("CPID_SOURCE", ".")
cpid = os.environ["CPID"]
SECTIONS = ["Written from", "Yields", "Fields", "Does not send", "To adapt"]
FEWEST = 8


def check(path):
    done = subprocess.run([cpid, "check", "--pack", path], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def header(text):
    """The first line, and the lines of each section."""
    lines = []
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        lines.append(line[2:])
    sections, name = {}, None
    for line in lines[1:]:
        if line and not line.startswith(" "):
            name = line
            sections[name] = []
        elif line and name:
            sections[name].append(line.strip())
    return lines[0], sections


def expectations(text):
    """Of every sample, the lines behind =>."""
    for sample in re.split(r"\n\s*\n", text):
        found = re.findall(r"^=>(.*(?:\n[ \t].*)*)", sample, re.MULTILINE)
        if found:
            yield [re.sub(r"\s+", "", one) for one in found]


def main(name):
    bad = []
    folder = os.path.join(source, "conf", "sources")
    with open(os.path.join(folder, f"{name}.conf"), encoding="utf-8") as file:
        conf = file.read()
    with open(os.path.join(folder, f"{name}.samples"), encoding="utf-8") as file:
        text = file.read()
    title, sections = header(conf)
    if not re.match(r"[A-Z][\w ().-]+: .*\.$", title):
        bad.append(f"begins with '{title}', not with the product and what of it is read")
    if list(sections) != SECTIONS:
        bad.append(f"its header has {list(sections)}, not {SECTIONS}")
    written = " ".join(sections.get("Written from", []))
    if not re.search(r'"[^"]+".* https:/{2}\S+', written):
        bad.append("does not name the page it was written from, by title and address")
    listed = set()
    for line in sections.get("Yields", []):
        names = re.match(r"(\w+\.\w+)(, \w+\.\w+)*", line) # a line with one type, or a list of them
        listed |= set(names.group().split(", ")) if names else set()

    samples = list(expectations(text))
    shown = set(re.findall(r'"type":"([^"]+)"', "".join("".join(one) for one in samples)))
    if shown - listed:
        bad.append(f"the samples show {sorted(shown - listed)}, which its header does not list")
    if listed - shown:
        bad.append(f"no sample shows {sorted(listed - shown)}")
    if len(samples) < FEWEST:
        bad.append(f"has {len(samples)} samples; want at least {FEWEST}")
    for member in ("refused", "ignored"):
        if not any(line.startswith('{"' + member) for one in samples for line in one):
            bad.append(f"no sample is {member}")

    code, out, err = check(os.path.join(folder, f"{name}.conf"))
    if code != 0 or f"{len(samples)} samples" not in out:
        bad.append(f"cpid check --pack ends with {code}: {out}{err}")
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(os.path.join(folder, f"{name}.conf"), scratch)
        with open(os.path.join(scratch, f"{name}.samples"), "w", encoding="utf-8") as file:
            file.write(re.sub(r'^(=> *\{"\w+":")', r"\1x", text, flags=re.MULTILINE))
        code, out, err = check(os.path.join(scratch, f"{name}.conf"))
        if code != 78 or err.count(" instead\n") != sum(len(one) for one in samples):
            bad.append(f"changed samples are not all found: {out}{err}")

    for line in bad:
        print(f"conf/sources/{name}: {line}")
    print(f"{name}: {len(samples)} samples, types {' '.join(sorted(shown))}")
    return 1 if bad else 0


sys.exit(main(sys.argv[1]))
