#!/usr/bin/env python3
"""The demo: it shows what replay says of the same records, tells of trouble and recovery, and ends at once
when told to."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

CPID = os.environ["CPID"]
failures = []


def check(holds, sentence):
    print(f"{'ok  ' if holds else 'FAIL'}  {sentence}", flush=True)
    if not holds:
        failures.append(sentence)


def shown(update):
    value, unit = update["value"], update["unit"]
    if value is None:
        return "-"
    if unit == "share":
        return f"{value * 100:.1f} %"
    if unit == "ms":
        return f"{value / 3600000:.1f} h" if value >= 7200000 else f"{value / 60000:.1f} min"
    return str(value)


def story(folder):
    played = subprocess.run([CPID, "demo", "--speed", "3600", "--keep", folder], capture_output=True, text=True,
                            timeout=100, check=False)
    check(played.returncode == 0 and not played.stderr, f"it ends by itself with 0 {played.stderr}")
    subprocess.run([CPID, "replay", "-c", "demo.conf", "-i", "helpdesk.events=helpdesk.ndjson",
                    "-i", "crm.events=crm.ndjson", "-o", "out", "--until", "2026-03-16T20:00:00Z"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    said = {}
    with open(os.path.join(folder, "out", "indicators.ndjson"), encoding="utf-8") as lines:
        for update in map(json.loads, lines):
            if update["window"]["end"] >= "2026-03-16T09":
                key = (update["window"]["end"][11:16], update["entity"]["id"], update["indicator"])
                said[key] = shown(update), str(update["n"])
    rows = re.findall(r"^(\d\d:\d\d)  (\w+) +(\w+) +(\S+(?: [%a-z]+)?)  of +(\d+)", played.stdout, re.MULTILINE)
    wrong = [row for row in rows if said.get(row[:3]) != row[3:]]
    check(len(rows) > 80 and not wrong, f"all {len(rows)} figures are those of replay {wrong[:5]}")
    check(any(row[0] == "18:00" for row in rows), "up to the last hour")
    check(re.search(r"^adds up .*: what the window says$", played.stdout, re.MULTILINE) and
          re.search(r"^  \S+ +lost +helpdesk:T-\d+ +finn +by case\.(opened|reopened)", played.stdout, re.MULTILINE),
          "at the end one figure is explained down to what broke its cases")
    for news in (r"ALERT +mail +fcr-low", r"resolved mail +fcr-low", r"ALERT +phone +handling-slow",
                 r"resolved phone +handling-slow"):
        check(re.search(news, played.stdout), f"it tells: {news}")


def interrupted():
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([CPID, "demo"], stdout=subprocess.PIPE, env=dict(os.environ, TMPDIR=folder))
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        code = process.wait(timeout=10)
        process.stdout.close()
        check(code == 0 and time.monotonic() - began < 1.5, f"Ctrl-C ends it at once, with 0 ({code})")
        check(not os.listdir(folder), "and nothing is left behind")


with tempfile.TemporaryDirectory() as home:
    story(os.path.join(home, "kept"))
interrupted()
sys.exit(bool(failures))
