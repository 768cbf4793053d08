#!/usr/bin/env python3
"""All packs of conf/sources in one configuration, from an installed tree: their fields agree in kind, every
sample is run, README.md lists each pack and the types it yields, and a user's own keys replace a pack's."""
import os
import re
import subprocess
import sys
import tempfile

source, build = (os.path.abspath(os.environ[name]) for name in ("CPID_SOURCE", "CPID_BUILD"))
bad = []


def run(command, folder):
    environment = {name: value for name, value in os.environ.items() if name != "CPID_DATA"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def read(*path):
    with open(os.path.join(source, *path), encoding="utf-8") as file:
        return file.read()


packs = sorted(name[:-5] for name in os.listdir(os.path.join(source, "conf", "sources"))
               if name.endswith(".conf"))
count = sum(len([one for one in re.split(r"\n\s*\n", read("conf", "sources", f"{name}.samples"))
                 if re.search("^=>", one, re.MULTILINE)]) for name in packs)
with tempfile.TemporaryDirectory() as folder:
    code, said = run(["cmake", "--install", build, "--prefix", f"{folder}/usr"], folder)
    if code:
        sys.exit(f"cmake --install ends with {code}: {said}")
    cpid = f"{folder}/usr/bin/cpid"
    with open(f"{folder}/all.conf", "w", encoding="utf-8") as file:
        lines = ",\n".join(f'  {{ pack = "{name}"; topics = [ "{name}.events" ]; }}' for name in packs)
        file.write(f'kafka = {{ servers = "localhost:9092"; }};\nsources = (\n{lines} );\n')
    code, said = run([cpid, "check", "-c", "all.conf"], folder)
    if code or said != f"all.conf is right: {len(packs)} sources, {count} samples\n":
        bad.append(f"all packs at once: {code}: {said}")

    with open(f"{folder}/own.conf", "w", encoding="utf-8") as file:
        file.write('sources = ( { pack = "zendesk"; name = "desk"; topics = [ "t" ];\n'
                   '              common = { rep = "/detail/actor_id"; fields = { reason = "/detail/tags[0]"; }; };\n'
                   '              samples = "own.samples"; } );\n')
    with open(f"{folder}/own.samples", "w", encoding="utf-8") as file:
        file.write('{"type":"zen:event-type:ticket.created","id":"1","time":"2026-03-02T08:00:00Z",\n'
                   ' "detail":{"id":"7","actor_id":5,"assignee_id":6,"form_id":7,"tags":["a","b"]}}\n'
                   '=> {"type":"case.opened","time":"2026-03-02T08:00:00.000Z","id":"1","case":"7",\n'
                   '    "customer":null,"rep":"5","team":null,"fields":{"reason":"a","tags":"a,b"}}\n')
    code, said = run([cpid, "check", "-c", "own.conf"], folder)
    if code or "1 source, 1 sample\n" not in said:
        bad.append(f"own keys over a pack: {code}: {said}")

page = read("README.md")
rows = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]+\| ([^|]+) \|$", page, re.MULTILINE))
for name in packs:
    shown = set(re.findall(r'"type":"(\w+)\.\w+"', re.sub(r"\n\s+", "", read("conf", "sources", f"{name}.samples"))))
    listed = set(re.findall(r"\w+", rows.get(name, "")))
    if name not in rows:
        bad.append(f"README.md does not list the pack {name}")
    elif "everything" not in listed and listed != shown:
        bad.append(f"README.md says that {name} yields {sorted(listed)}, its samples {sorted(shown)}")

for line in bad:
    print(line)
print(f"{len(packs)} packs, {count} samples")
sys.exit(1 if bad else 0)
