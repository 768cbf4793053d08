"""kill -9 with much state: how long until the first commit after the restart, and where the time goes.

    restart.py [REPS [TIMES]]

Each rep has two cases of six events in one day, and none is resolved: 100,000 reps have 200,000 open cases.
The process is killed while it counts, and started again at once."""
import re
import statistics
import subprocess
import sys
import time

import desk
import eye
import stage

GOAL_S = 3.0


def day(reps):
    """The events of all reps, in their order in time."""
    events = []
    for case in range(2 * reps):
        begin = desk.BEGIN + case * 7368787 % (2 * reps) * (23 * desk.HOUR) // (2 * reps)
        events += [(begin + k * 7 * desk.MINUTE, case, k) for k in range(6)]
    events.sort()
    for number, (at, case, k) in enumerate(events):
        yield desk.event(number, "contact.ended" if k else "case.opened", at, f"CS-{case}", case // 2)


def more(reps, count, again):
    """Some contacts in the last hour, so that there is something to count while and after it is killed."""
    for i in range(count):
        yield desk.event(i + again * count, "contact.ended", desk.BEGIN + 24 * desk.HOUR + (again * count + i) * 10,
                         f"CS-{(i * 31 + again) % (2 * reps)}", i % reps)


def size(topic):
    """Records of the topic that are there, by its offsets."""
    total = 0
    for partition in range(desk.PARTITIONS):
        done = subprocess.run(["kcat", "-Q", "-b", stage.BROKER, "-t", f"{topic}:{partition}:-1"],
                              capture_output=True, text=True, check=True)
        total += int(done.stdout.split()[-1])
    return total


def last_lines(journal, since):
    """Seconds from `since` to: joined, the last restored, assigned."""
    journal.look()
    at = {}
    rows = 0
    for t, _, line in journal.lines:
        if t < since:
            continue
        for word in ("joined", "restored", "assigned"):
            if f">{word} " in line or line.startswith(word):
                at[word] = t - since
        rows += int(match.group(1)) if (match := re.search(r"restored .* rows=(\d+)", line)) else 0
    return at, rows


def once(st, journal, commits, reps, again):
    process = st.processes[0]
    st.feed(more(reps, 20000, 2 * again))
    time.sleep(0.2)
    st.feed(more(reps, 20000, 2 * again + 1))
    began = time.monotonic()
    st.kill(process)
    # what was committed before may be seen late, but nothing is committed before there are partitions
    assigned = journal.wait("a", r"assigned worker=0 .* tasks=[1-9]", 120)
    deadline = began + 120
    while (first := min((t for seen in commits.seen for t in seen[-50:] if t > assigned), default=None)) is None:
        if time.monotonic() > deadline:
            st.fail("nothing is committed")
        time.sleep(0.01)
    while (all_of_them := commits.since(assigned)) is None:
        if time.monotonic() > deadline:
            st.fail("a task does not commit")
        time.sleep(0.01)
    cpu = st.cpu_seconds()
    st.wait_until_quiet(quiet_s=2.0)
    at, rows = last_lines(journal, began)
    return {"joined": at["joined"], "restored": at["restored"], "first": first - began, "all": all_of_them - began,
            "rows": rows, "cpu": cpu}


def main():
    reps = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    times = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    st = desk.Desk("restart", '[ "day" ]')
    journal = eye.Journal(st.folder)
    commits = None
    try:
        st.start("a", "--clock", "record")
        began = time.monotonic()
        st.feed(day(reps))
        st.wait_until_quiet(quiet_s=3.0, most_s=1800)
        print(f"{12 * reps} events of one day counted in {time.monotonic() - began:.0f} s, "
              f"{st.cpu_seconds():.0f} s of CPU; {size(st.application + '-changelog')} rows written", flush=True)
        commits = eye.Commits(f"{st.application}-changelog", desk.PARTITIONS, "end")
        time.sleep(1)
        runs = [once(st, journal, commits, reps, again) for again in range(times)]
        st.stop()
        return show(reps, runs) > GOAL_S
    finally:
        if commits:
            commits.end()
        journal.end()
        st.end()


def show(reps, runs):
    """Returns the median of the first commits."""
    def of(name):
        values = [run[name] for run in runs]
        return f"{statistics.median(values):.2f} ({min(values):.2f} .. {max(values):.2f})"
    first = statistics.median(run["first"] for run in runs)
    rows = runs[0]["rows"]
    print(f"\nkill -9 with {reps} reps and {2 * reps} open cases, {rows} rows of changelog to read, "
          f"{len(runs)} times; seconds")
    print(f"{'identity taken over (init_transactions)':44} {of('joined')}")
    print(f"{'state of all tasks restored':44} {of('restored')}")
    print(f"{'first commit':44} {of('first')}   wanted <= {GOAL_S:.0f}  {'met' if first <= GOAL_S else 'NOT met'}")
    print(f"{'every task has committed':44} {of('all')}")
    print(f"{'CPU until then':44} {of('cpu')}")
    return first


if __name__ == "__main__":
    sys.exit(main())
