#!/usr/bin/env python3
"""Prints the tables of peers.sh from its lines: medians and ranges over the rounds; a ratio is one
of two contestants in the same round."""
import sys
from collections import defaultdict
from statistics import median

NAMES = {"consume": "librdkafka, bare", "parse": "librdkafka + yajl", "floor-w1": "floor of W1",
         "cpid-w1": "cpid W1", "streams-w1": "Kafka Streams W1", "flink-w1": "Flink W1, DataStream",
         "floor-w2": "floor of W2", "cpid-w2": "cpid W2", "streams-w2": "Kafka Streams W2",
         "flink-w2": "Flink W2, SQL HOP", "cpid-week": "cpid W3, fcr over 7 d"}
missed = []


def read(path):
    """What was measured, by contestant, and the probes."""
    rounds, probes = defaultdict(list), {}
    with open(path, encoding="utf-8") as lines:
        for part in map(str.split, lines):
            if part[0] == "probe":
                names = ["rate", "n", "p50", "p99", "most", "cores"]
                probes[part[1], part[2]] = dict(zip(names, map(float, part[3:])))
                continue
            events, cpu, wall, mib, records, written, broker = map(float, part[2:9])
            row = {"all": events / cpu / 1e3, "wall": events / wall / 1e3, "mib": mib,
                   "broker": broker / events * 1e6, "records": records / events,
                   "bytes": written / events}
            row["warm"] = row["all"]
            if part[9] != "-":
                row["warm"] = events / 2 / float(part[9]) / 1e3
                row["wall"] = events / 2 / float(part[10]) / 1e3
            rounds[part[1]].append(row)
    return rounds, probes


def spread(values, form):
    low, mid, high = (form.format(f(values)) for f in (min, median, max))
    return low if low == high else f"{mid} ({low} .. {high})"


def contestants(rounds):
    print("| contestant | k events / CPU-s, all | warm | wall, k events / s | broker CPU-s / M | MiB |")
    print("|---|---|---|---|---|---|")
    for key, name in NAMES.items():
        if key in rounds:
            forms = {"all": "{:.1f}", "warm": "{:.1f}", "wall": "{:.0f}", "broker": "{:.2f}", "mib": "{:.0f}"}
            cells = [spread([row[k] for row in rounds[key]], f) for k, f in forms.items()]
            print("|", " | ".join([name, *cells]), "|")
    for key in ("cpid-w1", "cpid-w2", "cpid-week"):
        if key in rounds:
            row = {k: median(r[k] for r in rounds[key]) for k in ("records", "bytes")}
            print(f"{NAMES[key]} wrote {row['records']:.2f} records and {row['bytes']:.0f} bytes an event")


def latencies(probes):
    print("\n| probe | events / s | updates | p50 ms | p99 ms | most ms | cores |\n|---|---|---|---|---|---|---|")
    for (name, kind), p in probes.items():
        print(f"| {name}, {kind} | {p['rate']:.0f} | {p['n']:.0f} | {p['p50']:.0f} | {p['p99']:.0f} "
              f"| {p['most']:.0f} | {p['cores']:.3f} |")


def goal(what, values, wanted, at_least, form="{:.2f}"):
    met = median(values) >= wanted if at_least else median(values) <= wanted
    if not met:
        missed.append(what)
    print(f"| {what} | {'at least' if at_least else 'at most'} {wanted:g} | {spread(values, form)} "
          f"| {'met' if met else 'NOT met'} |")


def ratios(rounds, one, other):
    return [a["warm"] / b["warm"] for a, b in zip(rounds[one], rounds[other])]


def goals(rounds, probes):
    print("\n| goal | wanted | measured | |\n|---|---|---|---|")
    for w, flink, streams in (("w1", 1.7, 5), ("w2", 2.5, 10)):
        if f"cpid-{w}" not in rounds:
            continue
        up = w.upper()
        for other, wanted, name in (("floor", 0.7, "the floor"), ("flink", flink, "Flink, warm"),
                                    ("streams", streams, "Kafka Streams, warm")):
            goal(f"{up}: times {name}", ratios(rounds, f"cpid-{w}", f"{other}-{w}"), wanted, True)
        goal(f"{up}: MiB", [r["mib"] for r in rounds[f"cpid-{w}"]], 100, False, "{:.0f}")
        goal(f"{up}: CPU-s of the broker / M events", [r["broker"] for r in rounds[f"cpid-{w}"]], 0.6, False)
    for kind, wanted in (("half", 250), ("idle", 100)):
        if ("cpid", kind) in probes:
            goal(f"p99 at {kind} load, ms" if kind == "half" else "p99 when idle, ms",
                 [probes["cpid", kind]["p99"]], wanted, False, "{:.0f}")
    if ("cpid", "steady") in probes:
        goal("cores for 1,000 events/s", [probes["cpid", "steady"]["cores"]], 0.1, False, "{:.3f}")


def main():
    rounds, probes = read(sys.argv[1])
    print()
    contestants(rounds)
    if probes:
        latencies(probes)
    goals(rounds, probes)
    print(f"\n{len(missed)} goals missed" if missed else "\nall goals met")


if __name__ == "__main__":
    main()
