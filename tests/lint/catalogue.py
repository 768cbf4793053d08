#!/usr/bin/env python3
"""The catalogue is whole: every indicator has a golden case of its name, worked out by hand, and stands in
README.md with its class; words and windows of one name mean the same in all its files."""
import os
import re
import subprocess
import sys
import tempfile

root, cpid = os.environ["CPID_SOURCE"], os.environ["CPID"]
bad = []


def read(*path):
    with open(os.path.join(root, *path), encoding="utf-8") as text:
        return text.read()


def output(*arguments):
    done = subprocess.run([cpid, "check", *arguments], capture_output=True, text=True, check=False,
                          env={**os.environ, "CPID_DATA": os.path.join(root, "conf")})
    if done.returncode:
        bad.append(f"cpid check {' '.join(arguments)}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


listed = dict(re.findall(r"^  (\S+) +(effectiveness|efficiency|guard) ", output("--indicators"), re.MULTILINE))
if len(listed) < 25:
    bad.append(f"cpid check --indicators lists {len(listed)} indicators")
files = sorted(os.listdir(os.path.join(root, "conf", "indicators")))
defined = [name for file in files for name in re.findall(r"^  \{ name = \"(\w+)\";$", read("conf", "indicators", file),
                                                         re.MULTILINE)]
if sorted(defined) != sorted(listed):
    bad.append(f"conf/indicators defines {sorted(set(defined) ^ set(listed))}, which is not listed, or twice")

cases = os.path.join("tests", "golden", "catalogue")
for name in sorted(set(listed) | set(os.listdir(os.path.join(root, cases)))):
    if name not in listed or not os.path.isdir(os.path.join(root, cases, name)):
        bad.append(f"{cases}/{name} and the catalogue: one of the two has no {name}")
        continue
    if f'{{ use = "{name}";' not in read(cases, name, "cpid.conf"):
        bad.append(f"{cases}/{name}/cpid.conf does not use {name}")
    expected = read(cases, name, "expected", "indicators.members.ndjson")
    if not expected.startswith("// ") or f'"indicator":"{name}"' not in expected:
        bad.append(f"{cases}/{name}: says not how its figures were worked out, or has none of {name}")

page = read("README.md")
rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (effectiveness|efficiency|guard) \|", page, re.MULTILINE))
for name in sorted(set(listed) | set(rows)):
    if rows.get(name) != listed.get(name):
        bad.append(f"README.md: {name} is {rows.get(name)}, in the catalogue {listed.get(name)}")

meanings = {}
for file in files:
    for kind, name, body in re.findall(r"^(?:(words|windows) *= *\{)? *([\w-]+) += \{ (.*?); \}", read("conf", "indicators", file),
                                       re.MULTILINE):
        body = re.sub(r"\s+", " ", body)
        if meanings.setdefault(name, body) != body:
            bad.append(f"conf/indicators/{file}: {name} is {body}, elsewhere {meanings[name]}")

def check_pack(pack, names):
    """A configuration of one pack that uses all of these passes."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write(f'sources = ( {{ pack = "{pack}"; topics = [ "t" ]; }} );\nindicators = ( ')
        conf.write(", ".join(f'{{ use = "{name}"; }}' for name in names) + " );\n")
        conf.flush()
        output("-c", conf.name)


# CloudEvents carry what cpid's own events carry, so all of the catalogue; a helpdesk what it knows.
check_pack("cloudevents", sorted(listed, key=lambda name: (name in ("nps", "fcr_gap"), name)))
check_pack("zendesk", ["fcr", "fcr_agent", "fcr_gap", "csat", "first_reply", "resolution", "resolution_full", "reopen_rate",
                       "transfer_rate", "backlog"])
print("\n".join(bad) or f"{len(listed)} indicators in {len(files)} files")
sys.exit(bool(bad))
