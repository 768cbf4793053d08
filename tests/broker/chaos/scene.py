"""A log, processes that count it, and faults one after the other while it comes in. After each fault every
task must commit again by itself; at the end what was committed must be what `cpid replay` says."""
import collections
import os
import random
import signal
import statistics
import subprocess
import threading
import time
import zlib

import eye
import logs
import nodes
import outputs
import proxy
import stage

PATIENCE_S = 90


class Pace(threading.Thread):
    """Writes the log into the source topic while faults go on, so that it lasts as long as they do."""

    def __init__(self, scene, records, faults):
        super().__init__(daemon=True)
        self.records, self.faults_left, self.each_s = records, faults, 2.0
        self.partitions = None  # by key over so many, if partitions were added
        self.failed = None
        self.loader = subprocess.Popen([stage.LOAD, stage.BROKER, scene.source], stdin=subprocess.PIPE,
                                       stderr=open(os.path.join(scene.folder, "loader.err"), "w"), text=True)
        self.start()

    def run(self):
        at = 0
        try:
            while at < len(self.records):
                left = len(self.records) - at
                seconds = max(self.faults_left, 0) * self.each_s
                count = left if self.faults_left <= 0 else max(1, int(left * 0.05 / (seconds + 2)))
                self.loader.stdin.write("".join(f"{self.place(p, key)}\t{ts}\t{key}\t{value}\n"
                                                for p, ts, key, value in self.records[at:at + count]))
                self.loader.stdin.flush()
                at += count
                if self.faults_left > 0:
                    time.sleep(0.05)
            self.loader.stdin.close()
            if self.loader.wait():
                self.failed = f"the loader ended with {self.loader.returncode}"
        except OSError as error:
            self.failed = f"the loader ended early: {error}"

    def place(self, partition, key):
        return zlib.crc32(key.encode()) % self.partitions if self.partitions else partition

    def done(self):
        """Everything is in the topic."""
        self.faults_left = 0
        self.join()
        return self.failed

    def next(self, seconds):
        self.faults_left -= 1
        self.each_s = 0.8 * self.each_s + 0.2 * seconds


class Scene(stage.Stage):
    def __init__(self, log, node, seed):
        super().__init__(log.name, log.conf, logs.PARTITIONS, logs.PARTITIONS)
        self.logged = log
        self.nodes = node
        self.pick = random.Random(seed)
        self.faults = []  # (kind, begin, when what was hurt is there again, when all commit again)
        self.pace = None
        self.down = None     # a node that was killed
        self.spoilt = set()  # outputs that were deleted meanwhile: nothing to compare
        self.two = os.path.join(self.folder, "two.conf")  # the same with two workers
        with open(self.conf, encoding="utf-8") as text:
            lines = text.read()
        with open(self.two, "w", encoding="utf-8") as text:
            text.write(lines.replace("\nworkers = 1;", "\nworkers = 2;"))
        self.journal = eye.Journal(self.folder)
        self.commits = eye.Commits(f"{self.application}-changelog", logs.PARTITIONS)

    def begin(self, faults):
        self.start("a", "--clock", "record", conf=self.two)
        self.start("b", "--clock", "record")
        self.pace = Pace(self, self.logged.records, faults)
        self.recover(time.monotonic())

    def end(self):
        self.commits.end()
        self.journal.end()
        super().end(keep=nodes.KEEP)

    # ---- faults

    def recover(self, since):
        """Until every task has committed something that came after `since`."""
        deadline = time.monotonic() + PATIENCE_S
        while (when := self.commits.since(since)) is None:
            self.check_alive()
            if self.pace.failed:
                self.fail(self.pace.failed)
            if time.monotonic() > deadline:
                self.fail(f"a task has not committed anything for {PATIENCE_S} s")
            time.sleep(0.02)
        return when

    def fault(self, kind, hurt, *arguments, again=False):
        """again: the next fault comes before this one has healed."""
        begin = time.monotonic()
        healing = hurt(*arguments) or begin
        end = time.monotonic() if again else self.recover(healing + 0.05)
        self.faults.append((kind, begin, healing, end))
        self.pace.next(time.monotonic() - begin)
        if not again:
            time.sleep(self.pick.uniform(0, 0.4))

    def kill_one(self):
        process = self.pick.choice(self.processes)
        self.kill(process)

    def kills_all(self):
        for process in list(self.processes):
            self.kill(process)

    def freeze_one(self, seconds):
        """Longer than its session and its transaction last: others take over, then it wakes."""
        process = self.pick.choice(self.processes)
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)
        return time.monotonic()

    def kill_broker(self):
        self.nodes.kill()
        time.sleep(self.pick.uniform(0, 1))
        self.nodes.restart()
        return time.monotonic()

    # ---- several nodes

    def kill_coordinator(self, kind, name):
        which = self.nodes.coordinator(kind, name)
        self.nodes.kill(which)
        self.down = which

    def restart_node(self):
        self.nodes.restart(self.down)
        return time.monotonic()

    def roll(self):
        for which in range(len(self.nodes.folders)):
            self.nodes.restart(which)
        return time.monotonic()

    # ---- what an administrator does

    def topic(self, *words):
        subprocess.run([stage.TOPIC, stage.BROKER, *words], check=True)

    def grow(self, partitions):
        begin = self.journal.now()
        self.topic("grow", self.source, str(partitions))
        self.source_partitions = partitions
        time.sleep(2)  # the loader must know them, too
        self.pace.partitions = partitions
        self.journal.wait(None, r"assigned worker=\d+ source_partitions=[2-9]", PATIENCE_S, begin)
        return time.monotonic()

    def vanish(self, instance):
        """A process dies, and nobody starts it again."""
        process = next(p for p in self.processes if p.instance == instance)
        process.kill()
        process.wait()
        self.processes.remove(process)

    def delete_output(self, name, seconds):
        self.topic("delete", f"{self.application}.{name}")
        time.sleep(seconds)
        subprocess.run([stage.CPID, "topics", "-c", self.conf, "--create"], stdout=subprocess.DEVNULL, check=False)
        return time.monotonic()

    def deny(self, name, seconds):
        self.topic("deny", f"{self.application}.{name}")
        time.sleep(seconds)
        self.topic("allow", f"{self.application}.{name}")
        return time.monotonic()

    # ---- the way to the broker

    def harm(self, rule):
        """Until it has met a request. A producer is opened when a process starts."""
        self.nodes.proxy.harm(rule)
        if rule.key == proxy.KEYS["InitProducerId"]:
            self.kill_one()
        self.await_request(rule)
        return time.monotonic()

    def late(self, key):
        """Combined with what makes it worst: offsets and ends that come too late are followed by the death of
        the process that they belong to, which leaves what they did as it is."""
        rule = proxy.Late(key, stops=key in ("TxnOffsetCommit", "EndTxn"))
        self.nodes.proxy.harm(rule)
        if key == "InitProducerId":
            self.kill_one()
        self.await_request(rule)
        if rule.stops:
            self.kill(next(p for p in self.processes if f"-{p.instance}-" in rule.client))
            rule.release.set()
        return time.monotonic()

    def late_abort(self):
        """The end of a transaction whose offsets were not answered."""
        rule = proxy.Rule("TxnOffsetCommit", "lose the answer")
        self.harm(rule)
        self.await_request(self.nodes.proxy.harm(proxy.Late("EndTxn", client=rule.client)))
        return time.monotonic()

    def await_request(self, rule):
        if not rule.met.wait(PATIENCE_S):
            self.fail("no such request came, or no transaction after it")

    # ---- processes

    def freeze_broker(self, seconds):
        """Longer than a transaction may last."""
        self.nodes.pause()
        time.sleep(seconds)
        self.nodes.cont()
        return time.monotonic()

    def join(self, instance):
        begin = self.journal.now()
        self.start(instance, "--clock", "record")
        self.journal.wait(instance, r"assigned worker=\d+ .* tasks=[1-9]", PATIENCE_S, begin)
        return time.monotonic()

    def leave(self, instance):
        """A static member says nothing when it goes: the others wait for its session to end."""
        process = next(p for p in self.processes if p.instance == instance)
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=10)
        self.processes.remove(process)
        if code:
            self.fail(f"SIGTERM: exit code {code}")
        return time.monotonic()

    # ---- what came of it

    def report(self):
        self.journal.look()
        kinds = collections.OrderedDict()
        for kind, begin, healing, end in self.faults:
            kinds.setdefault(kind, []).append((begin, healing, end))
        print(f"{'fault':34} {'count':>5} {'longest pause':>14} {'all commit again':>24} {'state restored':>24}")
        for kind, times in kinds.items():
            pause = max(self.commits.longest_pause(b, e) for b, _, e in times)
            back = [e - h for _, h, e in times]
            restores = [s for b, _, e in times for s in self.journal.restores(b, e)]
            print(f"{kind:34} {len(times):5} {pause:12.1f} s {spread(back):>24} {spread(restores):>24}")
        for kind, times in kinds.items():
            errors = collections.Counter(e for b, _, end in times for e in self.journal.errors(b, end))
            for (verdict, error), count in sorted(errors.items()):
                print(f"  {kind}: {error} -> {verdict}, {count} times")

    def finish(self):
        """The rest of the log, its end, and the comparison."""
        failed = self.pace.done()
        if failed:
            self.fail(failed)
        self.load(self.logged.closing)
        self.wait_until_quiet(quiet_s=6.0)
        self.report()
        sent = len(self.logged.records) + sum(1 for p, *_ in self.logged.closing if p < self.source_partitions)
        there = self.replay_topic(self.logged.until)
        print(f"{sent} records sent, {there} in the topic (a broker that died may have taken some twice)")
        if there < sent:
            self.fail("the loader has lost records")
        outputs.compare(self, self.spoilt)
        self.stop()


def spread(seconds):
    if not seconds:
        return "-"
    return f"{statistics.median(seconds):.1f} s, most {max(seconds):.1f} s"
