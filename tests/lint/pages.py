#!/usr/bin/env python3
"""Manual page, completion and help name the same verbs and options; the pages are well formed."""
import os
import re
import shutil
import subprocess
import sys

root, build, cpid = (os.environ[name] for name in ("CPID_SOURCE", "CPID_BUILD", "CPID"))
bad = []


def read(path):
    with open(os.path.join(root, path), encoding="utf-8") as text:
        return text.read()


def output(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != code:
        bad.append(f"{' '.join(command)}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*(?![\w-])", text))


def completed(*words):
    """What bash offers after these words."""
    script = (f'source "$1/daemon/cpid.bash"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cpid; '
              f'printf "%s\\n" "${{COMPREPLY[@]}}"')
    return set(output("bash", "-c", script, "bash", root, "cpid", *words).split())


page = read("daemon/cpid.8")
synopsis = re.search(r"\.Sh SYNOPSIS\n(.*?)\.Sh ", page, re.DOTALL).group(1)
verbs = re.findall(r"^  ([a-z]+) +\S", output(cpid, "--help"), re.MULTILINE)
if len(verbs) < 5:
    bad.append("cpid --help: its verbs are not found any more")
if completed("") - {"--help", "--version"} != set(verbs):
    bad.append(f"daemon/cpid.bash: completes the verbs {sorted(completed(''))}, not {sorted(verbs)}")
for verb in verbs:
    text = output(cpid, verb, "--help")
    listed = {name for line in re.findall(r"^  (-.*?)(?:  |$)", text, re.MULTILINE) for name in options(line)}
    if "Example: " not in text or not text.startswith(f"cpid {verb}: "):
        bad.append(f"cpid {verb} --help: no example, or not about itself")
    usage = options("".join(re.findall(r"^(?:Usage:| {6}) .*", text, re.MULTILINE)))
    if not usage <= listed:
        bad.append(f"cpid {verb} --help: {sorted(usage - listed)} of the usage are not explained")
    shown = {("--" if long else "-") + name
             for part in re.findall(rf"\.Nm\n\.Cm {verb}\n(.*?)(?=\.Nm|\Z)", synopsis, re.DOTALL)
             for long, name in re.findall(r"Fl (-?)([a-z-]+)", part)}
    if shown != usage:
        bad.append(f"daemon/cpid.8: the synopsis of {verb} has {sorted(shown)}, its usage {sorted(usage)}")
    offered = completed(verb, "-") - {"--help"}
    if offered != listed:
        bad.append(f"daemon/cpid.bash: {verb} completes {sorted(offered)}, its help has {sorted(listed)}")

example = os.path.join(root, "conf", "examples", "zendesk.conf")
if not {"fcr", "backlog"} <= completed("check", "-c", example, "--explain", ""):
    bad.append("daemon/cpid.bash: does not complete the indicators of a configuration")
if "zendesk.events" not in completed("explain", "-c", example, "-t", "z"):
    bad.append("daemon/cpid.bash: does not complete the topics of a configuration")

settings = [line for line in output(cpid, "check", "--settings").splitlines() if not line.startswith(" ")]
with open(os.path.join(build, "cpid.conf.5"), encoding="utf-8") as text:
    built = text.read()
missing = [name for name in settings if f"\n.It {name}\n" not in built]
if missing or len(settings) < 50:
    bad.append(f"cpid.conf.5: of {len(settings)} settings these are missing: {missing}")
if shutil.which("mandoc"):
    for path in (f"{root}/daemon/cpid.8", f"{root}/daemon/cpid-mapping.7", f"{build}/cpid.conf.5"):
        bad += output("mandoc", "-Tlint", "-Wwarning", path).splitlines()
elif os.environ.get("CI"):
    bad.append("mandoc is missing")
print("\n".join(bad) or f"{len(verbs)} verbs and {len(settings)} settings are described")
sys.exit(bool(bad))
