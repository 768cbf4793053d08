#!/usr/bin/env python3
"""Runs the commands of a page's ```console blocks and compares what they print with what the page says.

    console.py [PAGE...]        README.md of the source tree without one
    CPID is the program; CPID_SOURCE the source tree

A line that starts with "$ " is a command (goes on behind a \\ at its end), the lines up to the next one
are its output, standard error included. White space does not count, so long lines may be wrapped where
it reads well; ... stands for anything. The commands run in order in one folder, in which conf/ and tests/
are those of the source tree, build/ is empty and `cpid` is the program."""
import difflib
import os
import re
import subprocess
import sys
import tempfile

source = os.path.abspath(os.environ.get("CPID_SOURCE", "."))


def blocks(page):
    """(line, [lines]) of every console block."""
    inside, first, lines = False, 0, []
    for number, line in enumerate(page.split("\n"), 1):
        if line.startswith("```"):
            if inside:
                yield first, lines
            inside, first, lines = line.strip() == "```console", number + 1, []
        elif inside:
            lines.append(line)


def commands(page):
    """(line, command, expected output)"""
    for first, lines in blocks(page):
        at = 0
        while at < len(lines):
            number, command, wanted = first + at, lines[at][2:], []
            if not lines[at].startswith("$ "):
                raise SystemExit(f"line {number}: a console block begins with a command: $ ...")
            while lines[at].endswith("\\"):
                at += 1
                command += "\n" + lines[at]
            at += 1
            while at < len(lines) and not lines[at].startswith("$ "):
                wanted.append(lines[at])
                at += 1
            yield number, command, "\n".join(wanted)


def agrees(wanted, got):
    parts = [re.escape(re.sub(r"\s", "", part)) for part in wanted.split("...")]
    return re.fullmatch(".*".join(parts), re.sub(r"\s", "", got), re.DOTALL) is not None


def play(folder):
    os.mkdir(f"{folder}/build")
    os.mkdir(f"{folder}/bin")
    os.symlink(os.path.abspath(os.environ["CPID"]), f"{folder}/bin/cpid")
    for name in ("conf", "tests"):
        os.symlink(f"{source}/{name}", f"{folder}/{name}")
    environment = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}")
    return lambda command: subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60).stdout


def check(path):
    with open(path, encoding="utf-8") as text:
        page = text.read()
    count = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        run = play(folder)
        for number, command, wanted in commands(page):
            got = run(command)
            count += 1
            if agrees(wanted, got):
                continue
            wrong += 1
            print(f"{path}:{number}: $ {command}\n  prints something else than the page says:")
            for line in difflib.unified_diff(wanted.split("\n"), got.split("\n"), "page", "now", lineterm=""):
                print("  " + line[:1000])
    print(f"{path}: {count} commands, {wrong} of them print something else")
    return count > 0 and wrong == 0


if __name__ == "__main__":
    pages = sys.argv[1:] or [os.path.join(source, "README.md")]
    sys.exit(0 if all([check(page) for page in pages]) else 1)
