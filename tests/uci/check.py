#!/usr/bin/env python3
"""Replays the real incident log of ../shared/data/uci (see its README) and compares every row of its
reference windows with the last revision that came out, in both directions.

    check.py VARIANT...
        given        as the file stands, sorted by event time
        recorded     sorted by when the source wrote it down: 6.7 % of the events are late
        delayed      so, and one event in twenty comes up to twenty hours later still
        partitions   in four files, by case
        duplicates   one event in a hundred comes a second time
        all          the last three at once
    CPID is the program, CPID_SHARED the folder of shared data, if it is not beside the repository."""
import collections
import csv
import datetime
import decimal
import gc
import json
import lzma
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
UNTIL = "2017-03-04T00:00:00Z"
WINDOWS = {"1d": "day", "7d/1d": "week"}
KINDS = {"rep": "rep", "team": "team", "all": "org"}
CONFIGURATIONS = ["uci.conf", "sla.conf"]
PARTITIONS = 4
HOUR_MS = 3600 * 1000
SHOWN = 5  # differences of one indicator
DECODER = json.JSONDecoder(parse_float=str)  # digits as they were printed


def shared():
    for folder in (os.environ.get("CPID_SHARED"), os.path.join(os.path.dirname(root), "shared")):
        if folder and os.path.exists(os.path.join(folder, "data", "uci", "uci.ndjson.xz")):
            return os.path.join(folder, "data", "uci")
    return None


def number(text):
    """A reference value; absent where the cell is empty."""
    return decimal.Decimal(text) if text else None


def reference(folder):
    """{(indicator, window, entity, end): the wanted members}"""
    rows = {}
    with lzma.open(os.path.join(folder, "uci.windows.csv.xz"), "rt", newline="") as text:
        for row in csv.DictReader(text):
            key = (row["cpi"].replace("@", "_"), WINDOWS[row["win"]],
                   f"{KINDS[row['scope']]}:{row['entity']}", row["window_end"])
            want = {"n": number(row["n"]), "start": row["window_start"]}
            if row["kind"] == "rate":
                want |= {"good": number(row["hits"]), "value": number(row["mean"])}
            else:
                want |= {k: number(row[k]) for k in ("sum", "mean", "min", "max", "p50", "p90")}
            rows[key] = want
    return rows


def write_inputs(variant, folder, out):
    """The log as files of one partition each; gives their paths."""
    with lzma.open(os.path.join(folder, "uci.ndjson.xz"), "rt", encoding="utf-8") as text:
        events = [(json.loads(line), line) for line in text.read().splitlines()]
    recorded = variant in ("recorded", "delayed", "all")
    if variant in ("delayed", "all"):
        delay(events)
    if recorded:
        events.sort(key=lambda event: event[0]["recorded"])
    if variant in ("duplicates", "all"):
        events = with_duplicates(events)
    parts = [[] for _ in range(PARTITIONS if variant in ("partitions", "all") else 1)]
    for event, line in events:
        k = zlib.crc32(event["case"].encode()) % len(parts)
        parts[k].append(enveloped(event, line, k, len(parts[k])) if recorded else line)
    paths = []
    for k, part in enumerate(parts):
        paths.append(os.path.join(out, f"in.uci.{k}.ndjson"))
        with open(paths[-1], "w", encoding="utf-8") as text:
            text.writelines(line + "\n" for line in part)
    return paths


def delay(events):
    pick = random.Random(2)
    for event, _ in pick.sample(events, len(events) // 20):
        event["recorded"] += pick.randint(0, 20 * HOUR_MS)


def with_duplicates(events):
    """One event in a hundred comes again, up to 500 lines and twelve hours later."""
    pick = random.Random(1)
    copies = collections.defaultdict(list)
    for place in pick.sample(range(len(events)), len(events) // 100):
        again = min(place + pick.randint(0, 500), len(events) - 1)
        while events[again][0]["ts"] > events[place][0]["ts"] + 12 * HOUR_MS:
            again -= 1
        copies[again].append(events[place])
    return [event for place, one in enumerate(events) for event in (one, *copies[place])]


def enveloped(event, line, partition, offset):
    """As `kcat -J` prints a record whose timestamp is when the source wrote the event down."""
    return json.dumps({"topic": "uci", "partition": partition, "offset": offset, "tstype": "create",
                       "ts": event["recorded"], "key": event["case"], "payload": line})


def replay(conf, paths, out):
    program = os.environ.get("CPID", os.path.join(root, "build", "dev", "cpid"))
    if not os.access(program, os.X_OK):
        print(f"SKIP: no program {program}")
        sys.exit(77)
    command = [program, "replay", "-c", os.path.join(here, conf)]
    command += [word for path in paths for word in ("-i", f"uci={path}")]
    command += ["-o", out, "--every-boundary", "--until", UNTIL]
    began = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(" ".join(command))
        print(done.stderr[-4000:])
        sys.exit(f"replay ended with {done.returncode}")
    return time.monotonic() - began, " ".join(done.stderr.split("\n")[:1])


def last_revisions(out):
    """{key: the update with the highest revision}; complains of one that came twice."""
    last, twice, count = {}, [], 0
    for name in ("indicators", "revisions"):
        path = os.path.join(out, name + ".ndjson")
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                count += 1
                update = DECODER.decode(line)
                window, entity = update["window"], update["entity"]
                key = (update["indicator"], window["name"], f"{entity['kind']}:{entity['id']}", window["end"])
                before = last.get(key)
                if before is None or before["revision"] < update["revision"]:
                    last[key] = update
                elif before["revision"] == update["revision"]:
                    twice.append(key)
    return last, twice, count


def equal(want, got):
    return got == want or (isinstance(got, str) and isinstance(want, decimal.Decimal)
                           and decimal.Decimal(got) == want)


def difference(want, update):
    """The members that differ, as text; empty if none does."""
    got = update | {"start": update["window"]["start"]}
    return ", ".join(f"{name} is {got.get(name)}, not {value}" for name, value in want.items()
                     if not equal(value, got.get(name)))


def compare(want, last, twice):
    """Prints what differs; gives the number of differences."""
    problems = collections.defaultdict(list)
    for key in twice:
        problems[key[0]].append(f"{key}: one revision came twice")
    for key, row in want.items():
        update = last.get(key)
        text = "is missing" if update is None else difference(row, update)
        if text:
            problems[key[0]].append(f"{key}: {text}")
    for key, update in last.items():
        if key not in want and update["n"] != 0:
            problems[key[0]].append(f"{key}: has n = {update['n']}, the reference has no such window")
    for indicator, lines in sorted(problems.items()):
        print(f"{indicator}: {len(lines)} differences")
        for line in lines[:SHOWN]:
            print(f"  {line}")
    return sum(map(len, problems.values()))


def run(variant, folder):
    want, last, twice, updates = reference(folder), {}, [], 0
    with tempfile.TemporaryDirectory() as out:
        paths = write_inputs(variant, folder, out)
        for conf in CONFIGURATIONS:
            results = os.path.join(out, conf)
            os.mkdir(results)
            seconds, said = replay(conf, paths, results)
            some_last, some_twice, count = last_revisions(results)
            last |= some_last
            twice += some_twice
            updates += count
            dead = os.path.join(results, "dead-letters.ndjson")
            lost = sum(1 for _ in open(dead, encoding="utf-8")) if os.path.exists(dead) else 0
            print(f"{variant}: {conf}: {seconds:.1f} s, {count} updates, {lost} dead letters; {said}", flush=True)
            if lost:
                print("  the log has no event that may be refused")
                return False
    revised = sum(update["revision"] > 0 for update in last.values())
    differences = compare(want, last, twice)
    print(f"{variant}: {len(want)} reference windows, {updates} updates ({revised} windows were revised), "
          f"{differences} differences")
    return differences == 0


def main(variants):
    known = ["given", "recorded", "delayed", "partitions", "duplicates", "all"]
    if not variants or any(v not in known for v in variants):
        sys.exit(__doc__)
    gc.disable()  # much is kept and nothing is cyclic
    folder = shared()
    if not folder:
        print("SKIP: the shared data is neither beside the repository (../shared) nor in CPID_SHARED")
        return 77
    return 0 if all([run(variant, folder) for variant in variants]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
