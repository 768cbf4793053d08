"""Throughput with 1, 2 and 4 workers, and what limits a cluster.

    workers.py [EVENTS]

W2 (five measures, 1 h every 5 min) over one topic of four partitions, read from its beginning."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

import desk  # noqa: F401  (finds stage)
import stage

BENCH = os.environ["CPID_BENCH"]
ROWS = ((1, 1), (1, 2), (1, 4), (2, 1))  # processes, workers in each


def configure(folder, application, workers):
    own = os.path.join(folder, application)
    os.mkdir(own)
    for name in os.listdir(os.path.join(stage.root, "tests", "bench")):
        if name.endswith(".conf"):
            shutil.copy(os.path.join(stage.root, "tests", "bench", name), own)
    shutil.copy(os.path.join(folder, "people.csv"), own)
    path = os.path.join(own, "common.conf")
    with open(path, encoding="utf-8") as text:
        lines = text.read()
    lines = lines.replace('application = "bench";', f'application = "{application}"; workers = {workers};')
    with open(path, "w", encoding="utf-8") as text:
        text.write(lines + f'kafka = {{ servers = "{stage.BROKER}"; }};\n')
    conf = os.path.join(own, "w2.conf")
    subprocess.run([stage.CPID, "topics", "--create", "-c", conf], check=True, stdout=subprocess.DEVNULL)
    return conf


def bytes_by_partition(topic):
    done = subprocess.run(["kcat", "-C", "-e", "-q", "-b", stage.BROKER, "-t", topic, "-o", "beginning",
                           "-f", "%p %S\\n"], capture_output=True, text=True, check=True)
    sums = collections.Counter()
    for line in done.stdout.splitlines():
        partition, size = line.split()
        sums[int(partition)] += max(int(size), 0)
    return sums


def one(folder, events, processes, workers):
    application = f"workers-{processes}-{workers}"
    conf = configure(folder, application, workers)
    log = os.path.join(folder, application, "log")
    starts = " ".join(f'"{stage.CPID}" run -c "{conf}" --instance i{k} 2>>"{log}" & p{k}=$!;' for k in range(processes))
    pids = " ".join(f"$p{k}" for k in range(processes))
    script = f"{starts} trap 'kill -TERM {pids}' TERM; wait {pids}; wait {pids}"
    with open("/proc/%d/stat" % broker_pid(), encoding="utf-8") as text:
        before = ticks(text.read())
    done = subprocess.run([os.path.join(BENCH, "bench_until"), stage.BROKER, "helpdesk", application, "sh", "-c", script],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    with open("/proc/%d/stat" % broker_pid(), encoding="utf-8") as text:
        broker = (ticks(text.read()) - before) / 100
    cpu, wall, mib, records, _ = map(float, done.stdout.split())
    with open(log, encoding="utf-8") as text:
        left = re.findall(r"left worker=\d+ .* transactions=(\d+)", text.read())
    frames = bytes_by_partition(f"{application}-repartition")
    total = sum(frames.values())
    return {"cpu": cpu, "wall": wall, "mib": mib, "broker": broker, "records": records / events,
            "transactions": sum(map(int, left)), "frames": total / events,
            "hottest": max(frames.values()) / total}


def broker_pid():
    with open(os.environ["CPID_NODE"] + "/pid", encoding="utf-8") as text:
        return int(text.read())


def ticks(stat):
    fields = stat.rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 600000
    folder = tempfile.mkdtemp(prefix="cpid-workers-")
    try:
        subprocess.run([os.path.join(BENCH, "bench_gen"), folder, str(events), str(events / 250000)], check=True)
        subprocess.run([os.path.join(BENCH, "bench_load"), stage.BROKER, "helpdesk", f"{folder}/events.ndjson"], check=True)
        print(f"\n{'processes x workers':20} {'k ev/CPU-s':>10} {'of one':>7} {'k ev/s':>7} {'MiB':>5} {'broker s/M':>10} "
              f"{'records/ev':>10} {'txn':>5} {'frames B/ev':>11} {'hottest task':>12}")
        base = None
        for processes, workers in ROWS:
            r = one(folder, events, processes, workers)
            rate = events / r["cpu"] / 1e3
            base = base or rate
            print(f"{processes} x {workers:<16} {rate:10.1f} {rate / base:7.2f} {events / r['wall'] / 1e3:7.1f} {r['mib']:5.0f} "
                  f"{r['broker'] * 1e6 / events:10.2f} {r['records']:10.2f} {r['transactions']:5} {r['frames']:11.0f} "
                  f"{100 * r['hottest']:10.1f} %", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
