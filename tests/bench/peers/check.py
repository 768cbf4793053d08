#!/usr/bin/env python3
"""Are the figures of two contestants those of the events themselves?

    check.py EVENTS w1|w2 CPID-ROWS PEER-ROWS...

EVENTS is what bench_gen wrote. Rows are the committed records of an output topic, in the order of
their partitions, one a line. Every contestant's last word on every (entity, window end) is compared
with sums over the events, and so with every other contestant's, up to the last window it has closed; a
figure that cpid did not repeat because it had not changed stands. Rows of peers have their
partition and a tab in front. Prints a line for each contestant; exit 1 if anything differs."""
import json
import sys
from collections import defaultdict
from datetime import datetime, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
STEP = {"w1": (60_000, 60_000), "w2": (3_600_000, 300_000)}  # length, every
# What cpid calls it, and where its value stands.
PARTS = {"events": [("n", 0)], "handle": [("sum", 1)], "value": [("good", 2)],
         "csat": [("n", 3), ("sum", 4)], "answered": [("n", 3)]}
PEER = ["events", "handle_sum", "good", "answered", "csat_sum"]
MEANS = [("handle_mean", 1, 0), ("share", 2, 0), ("csat_mean", 4, 3)]


def panes(path, every):
    """The sums of every entity in every pane, and the time of the last event."""
    sums, last = defaultdict(lambda: defaultdict(lambda: [0] * 5)), 0
    with open(path, "rb") as events:
        for line in events:
            e = json.loads(line.decode("utf-8", "replace"))
            pane, csat = e["ts"] // every, e["csat"] or 0
            last = max(last, e["ts"])
            for entity in (f"rep:{e['rep']}", f"team:{e['team']}"):
                s = sums[entity][pane]
                s[0] += 1
                s[1] += e["handle_ms"]
                s[2] += e["value_added"]
                s[3] += csat > 0
                s[4] += csat
    return sums, last


def windows(sums, length, every):
    """{(entity, end): sums} of all windows in which something happened."""
    expected, wide = {}, length // every
    for entity, pane in sums.items():
        for end in {p + 1 + k for p in pane for k in range(wide)}:
            parts = [pane[p] for p in range(end - wide, end) if p in pane]
            expected[entity, end * every] = [sum(column) for column in zip(*parts)]
    return expected


def ms(text):
    return round((datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH).total_seconds() * 1000)


def read_cpid(path):
    """{(entity, end): five figures}: what each of the five indicators last said at each end."""
    said = defaultdict(dict)
    with open(path, encoding="utf-8") as rows:
        for row in map(json.loads, filter(str.strip, rows)):
            if row["entity"]["kind"] in ("rep", "team"):
                entity = f"{row['entity']['kind']}:{row['entity']['id']}"
                said[entity, row["indicator"]][ms(row["window"]["end"])] = row
    return said


def cpid_figures(said, ends, entities):
    """Carries forward what did not change. n = 0 has no sums."""
    for entity in entities:
        now = {name: None for name in PARTS}
        for end in ends:
            for name in PARTS:
                now[name] = said[entity, name].get(end, now[name])
            figures = [0] * 5
            for name, parts in PARTS.items():
                row = now[name]
                for member, at in parts if row and row["n"] else ():
                    figures[at] = int(row[member])
            yield entity, end, figures


def read_peer(path):
    """The same of a peer, and up to where each entity's windows are closed: a peer closes windows
    partition by partition."""
    said, place, closed = {}, {}, defaultdict(int)
    with open(path, encoding="utf-8") as rows:
        for line in rows:
            partition, _, json_row = line.partition("\t")
            row = json.loads(json_row)
            place[row["entity"]] = partition
            closed[partition] = max(closed[partition], row["end"])
            figures = [row[name] for name in PEER]
            for name, over, under in MEANS:
                if figures[under] and abs(row[name] - figures[over] / figures[under]) > 1e-9 * row[name]:
                    sys.exit(f"{path}: {name} is no quotient of its sums: {row}")
            said[row["entity"], row["end"]] = figures
    least = min(closed.values())
    return said, defaultdict(lambda: least, {e: closed[p] for e, p in place.items()})


def compare(who, figures, expected, limits):
    wrong, seen = [], 0
    for key in {k for k in figures.keys() | expected.keys() if k[1] <= limits[k[0]]}:
        zero = [0] * 5
        seen += key in figures and figures[key] != zero
        if figures.get(key, zero) != expected.get(key, zero):
            wrong.append(key)
    for key in sorted(wrong)[:3]:
        print(f"  {who}: {key}: {figures.get(key)} instead of {expected.get(key)}")
    until = datetime.fromtimestamp(max(end for _, end in figures) / 1000, timezone.utc)
    print(f"{who}: {seen} windows up to {until:%H:%M}, "
          f"{'all equal' if not wrong else f'{len(wrong)} DIFFER'}")
    return not wrong and seen > 0


def main():
    events, workload, cpid, *peers = sys.argv[1:]
    length, every = STEP[workload]
    expected = windows(panes(events, every)[0], length, every)
    said = read_cpid(cpid)
    last = max(end for ends in said.values() for end in ends)
    ends = sorted({end for _, end in expected if end <= last})
    entities = {entity for entity, _ in expected}
    figures = {(e, end): f for e, end, f in cpid_figures(said, ends, entities)}
    good = compare(f"{workload} cpid", figures, expected, defaultdict(lambda: last))
    for path in peers:
        name = path.rsplit("/", 1)[-1].split(".")[0]
        rows, closed = read_peer(path)
        good = compare(f"{workload} {name}", rows, expected, closed) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
