"""Bad days without a crash. In each scene memory stays under `memory`, nothing is lost (what is committed is
what `cpid replay` says of the same records), and the log says what happens.

    trouble.py [SCENE...] [--long]

    slow     a broker at a tenth of its speed
    beside   a source with a backlog of hours beside a live one
    dead     a flood of records that nobody can read
    keys     a flood of cases, customers and reps that were never seen before, with too little memory for them
    days     a backlog of days, read at once by two processes"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import logs  # noqa: E402
import nodes  # noqa: E402
import outputs  # noqa: E402
import stage  # noqa: E402

MIB = 1 << 20
OPTIONS = {"session.timeout.ms": 45000}  # as users have it


# On a machine that has other work even full speed is slow. With less than this a megabyte, which is what a
# request may hold, takes longer than socket.timeout.ms (5 s), and no transaction ever ends.
LEAST_RATE = 5e5


class Memory(threading.Thread):
    """The most memory that a process of the stage has had, in bytes."""

    def __init__(self, st):
        super().__init__(daemon=True)
        self.st, self.most, self.going = st, 0, True
        self.start()

    def run(self):
        while self.going:
            for process in list(self.st.processes):
                try:
                    with open(f"/proc/{process.pid}/statm", encoding="utf-8") as text:
                        self.most = max(self.most, int(text.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
                except (OSError, IndexError):
                    pass
            time.sleep(0.02)

    def end(self):
        self.going = False
        self.join()
        return self.most


class Trouble(stage.Stage):
    def __init__(self, name, log, memory_mib, conf=logs.Helpdesk.conf, beside=None):
        self.limit = memory_mib * MIB
        super().__init__(name, lambda application, source: conf(log, application, source, OPTIONS) +
                         f'memory = "{memory_mib}MiB";\n', logs.PARTITIONS, logs.PARTITIONS, beside)
        self.memory = Memory(self)

    def give(self, memory_mib):
        """From the next start on."""
        self.check_memory()
        with open(self.conf, encoding="utf-8") as text:
            lines = text.read()
        with open(self.conf, "w", encoding="utf-8") as text:
            text.write(lines.replace(f'memory = "{self.limit // MIB}MiB"', f'memory = "{memory_mib}MiB"'))
        self.limit = memory_mib * MIB
        self.memory = Memory(self)

    def finish(self, until):
        """What is committed, and how much memory it took."""
        self.check_memory()
        there = self.replay_topic(until)
        outputs.compare(self)
        print(f"{there} records")

    def check_memory(self):
        most = self.memory.end()
        print(f"most memory {most / MIB:.0f} MiB of {self.limit / MIB:.0f}")
        if most > self.limit:
            self.fail("more memory than `memory`")

    def says(self, instance, pattern):
        """The lines of the log that match; there must be some."""
        lines = re.findall(pattern, self.log(instance))
        if not lines:
            self.fail(f"instance {instance} has not said {pattern}")
        for line in lines[:3]:
            print(f"  log: {line}")
        return lines

    def settle(self):
        """All is read and written, and the processes leave."""
        self.wait_until_quiet(quiet_s=3.0)
        self.stop()

    def end(self, keep=False):
        self.memory.going = False
        super().end(keep or nodes.KEEP)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def slow(node, log, longer):
    with Trouble("slow", log, 160) as st:
        try:
            proxy, third = node.proxy, len(log.records) // 3
            st.start("a", "--clock", "record")
            st.load(log.records[:-third])
            began, passed = time.monotonic(), proxy.passed
            st.wait_until_quiet(quiet_s=1.0)
            rate = (proxy.passed - passed) / (time.monotonic() - began - 1.0)
            proxy.rate = max(rate / 10, LEAST_RATE)
            began = time.monotonic()
            st.load(log.records[-third:] + log.closing)
            st.wait_until_quiet(quiet_s=3.0)
            while proxy.free_at > time.monotonic() + 0.5:  # something is still on its slow way
                st.wait_until_quiet(quiet_s=3.0)
            print(f"{rate / 1e6:.1f} MB/s at full speed; a third of the records at {proxy.rate / 1e6:.1f} MB/s: "
                  f"{time.monotonic() - began - 3:.0f} s")
            proxy.rate = None
            st.stop()
            st.says("a", r"tasks worker=0 .*longest_ms=\d+ aborts=0 .*")
            st.finish(log.until)
        finally:
            proxy.rate = None


def dead(node, log, longer):
    """Of four records three are refused."""
    pick = random.Random(3)
    spoilt = ["", "{", '{"id":"x"', "[1,2", '{"id":7,"type":"case.opened"}', '{"type":"case.opened","case":"c","ts":"?"}',
              "\x7f" * 3000, '{"id":"' + "y" * 600 + '","type":"case.opened","ts":1772434800000,"case":"c"}']
    records = []
    for record in log.records:
        records += [record] + [record[:3] + (pick.choice(spoilt),) for _ in range(3)]
    with Trouble("dead", log, 160) as st:
        st.start("a", "--clock", "record")
        st.load(records + log.closing)
        st.settle()
        st.says("a", r"refused name=helpdesk .*")
        st.finish(log.until)


BESIDE = """  ,
  { name = "live"; topics = [ "%s" ]; wait = "31s"; max-skew = "1d"; idle = "hold"; complete = [ ];
    common = { id = "/id"; type = "/type"; time = "/ts | ms"; case = "/case"; customer = "/customer"; rep = "/rep";
               team = "/team";
               fields = { handle = "/handle_ms"; value = "/value_added"; csat = "/csat"; }; };
    rules = ( { type = "/type"; } ); }
);
people = """


def with_second_source(log, application, source, options):
    text = log.conf(application, source, options)
    path = os.path.join(log.folder, "common.conf")
    with open(path, encoding="utf-8") as common:
        lines = common.read()
    with open(path, "w", encoding="utf-8") as common:
        common.write(lines.replace(");\npeople = ", BESIDE % f"{application}-live"))
    return text


def beside(node, log, longer):
    """Cases of one source lie there for hours; those of the other come in while they are counted."""
    begin, end = log.records[0][1], log.records[-1][1]
    live_from = end - (end - begin) // 6
    old = [record for record in log.records if int(record[2][-1]) % 2]
    live = [record for record in log.records if not int(record[2][-1]) % 2 and record[1] >= live_from]
    with Trouble("beside", log, 160, conf=with_second_source, beside="live") as st:
        st.load(old)
        st.load(live[:len(live) // 2], st.sources[1])
        st.start("a", "--clock", "record")
        for part in range(5):  # while the backlog is read
            at = len(live) // 2 + part * len(live) // 10
            st.load(live[at:at + len(live) // 10], st.sources[1])
        st.load(live[len(live) // 2 + 5 * (len(live) // 10):], st.sources[1])
        st.load(log.closing)
        st.load(log.closing, st.sources[1])
        st.settle()
        st.says("a", r"ahead worker=0 topic=.*")
        st.finish(log.until)


def keys(node, log, longer):
    """Each record is of another case, another customer and another rep. In the long mode they need more than
    `memory`: reading pauses, and goes on when there is more of it."""
    records = []
    for number, (partition, ts, _, value) in enumerate(log.records):
        try:
            event = json.loads(value)
        except ValueError:
            continue
        event.update(id=f"{number:032d}", case=f"CS-{number:08d}", customer=f"cu-{number:07d}",
                     rep=f"rep-{number:06d}")
        records.append((partition, ts, event["case"], json.dumps(event)))
    with Trouble("keys", log, 160) as st:
        st.start("a", "--clock", "record")
        st.load(records)
        st.wait_until_quiet(quiet_s=3.0)
        if longer:
            st.says("a", r"memory_tight .*")
            st.says("a", r"intake_paused .*why=memory.*")
            st.stop()
            st.give(1024)
            st.start("a", "--clock", "record")
        st.load(log.closing)
        st.settle()
        st.finish(log.until)


def days(node, log, longer):
    """Read at once, with a clock that is months ahead of the events."""
    with Trouble("days", log, 160) as st:
        st.load(log.records + log.closing)
        st.start("a")
        st.start("b")
        st.settle()
        st.says("a", r"source name=helpdesk .* late_share=0.0000 .*")
        st.finish(log.until)


SCENES = {"slow": slow, "beside": beside, "dead": dead, "keys": keys, "days": days}
EVENTS = {"slow": 6000, "beside": 100000, "dead": 4000, "keys": 40000, "days": 12000}
HOURS = {"beside": 12, "days": 96}
REPS = {"beside": 60, "days": 60}


def main():
    chosen = [word for word in sys.argv[1:] if word in SCENES] or list(SCENES)
    longer = "--long" in sys.argv
    folder = tempfile.mkdtemp(prefix="cpid-trouble-")
    try:
        with nodes.Nodes(folder, proxied=True) as node:
            for name in chosen:
                began = time.monotonic()
                print(f"==== {name}", flush=True)
                log = logs.Helpdesk(folder, EVENTS[name] * (10 if longer else 1), HOURS.get(name, 2),
                                    REPS.get(name, 300))
                SCENES[name](node, log, longer)
                print(f"{name}: {time.monotonic() - began:.0f} s\n", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
