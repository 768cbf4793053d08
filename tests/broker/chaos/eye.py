"""What can be seen of a daemon from outside while it is being hurt: when which task committed something
(by a reader of committed records, as a customer would be), and what the processes say in their logs."""
import os
import re
import subprocess
import threading
import time

import stage


class Commits:
    """The times at which each task's changelog got committed records."""

    def __init__(self, topic, partitions, begin="beginning"):
        self.seen = [[] for _ in range(partitions)]
        self.process = subprocess.Popen(
            ["kcat", "-C", "-E", "-q", "-u", "-b", stage.BROKER, "-t", topic, "-o", begin,
             "-X", "isolation.level=read_committed", "-X", "reconnect.backoff.max.ms=200",
             "-X", "socket.timeout.ms=3000", "-X", "topic.metadata.refresh.interval.ms=5000",
             "-f", "%p\\n"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        rest = b""
        while True:
            block = os.read(self.process.stdout.fileno(), 1 << 16)
            if not block:
                return
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            now = time.monotonic()
            for partition in set(lines):
                self.seen[int(partition)].append(now)

    def since(self, when):
        """The latest of the tasks' first commits after `when`; None while one has none."""
        firsts = [next((t for t in reversed_until(times, when)), None) for times in self.seen]
        return None if None in firsts else max(firsts)

    def longest_pause(self, begin, end):
        """The longest time that a task was silent, of pauses that a fault from begin to end began."""
        longest = 0.0
        for times in self.seen:
            near = [t for t in times if t > begin - 30]
            for a, b in zip(near, near[1:]):
                if begin - 0.5 < a < end and b > begin:
                    longest = max(longest, b - a)
        return longest

    def end(self):
        self.process.kill()
        self.process.wait()


def reversed_until(times, when):
    """The first of ascending times that lies after `when`, if there is one."""
    first = None
    for t in reversed(times):
        if t <= when:
            break
        first = t
    return [] if first is None else [first]


class Journal:
    """The lines of all processes with the time at which they were seen."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = []  # (time, instance, text)
        self.at = {}
        self.going = True
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while self.going:
            self.look()
            time.sleep(0.02)

    def look(self):
        for name in sorted(os.listdir(self.folder)):
            if not name.endswith(".log"):
                continue
            with open(os.path.join(self.folder, name), "rb") as text:
                text.seek(self.at.get(name, 0))
                block = text.read()
            block = block[:block.rfind(b"\n") + 1]
            self.at[name] = self.at.get(name, 0) + len(block)
            for line in block.decode(errors="replace").splitlines():
                self.lines.append((time.monotonic(), name[:-4], line))

    def now(self):
        """A place for `wait` to begin at."""
        return len(self.lines)

    def wait(self, instance, pattern, seconds, at=None):
        """Until such a line comes, from `at` or from now on; the test ends if it does not."""
        at, deadline = self.now() if at is None else at, time.monotonic() + seconds
        while time.monotonic() < deadline:
            for t, who, line in self.lines[at:]:
                if (instance is None or who == instance) and re.search(pattern, line):
                    return t
            time.sleep(0.02)
        raise SystemExit(f"FAILED: {instance} has not said {pattern} for {seconds} s")

    def end(self):
        self.going = False
        self.thread.join()
        self.look()

    def restores(self, begin, end):
        """For each worker that got partitions in this time: from joining, or from losing them, to having
        its tasks' state."""
        times = []
        since = {}
        for t, instance, line in list(self.lines):
            match = re.search(r"(joined|revoked|assigned) worker=(\d+)", line)
            if not match or t < begin or t > end:
                continue
            who = (instance, match.group(2))
            if match.group(1) != "assigned":
                since[who] = t
            elif who in since:
                times.append(t - since.pop(who))
        return times

    def errors(self, begin, end):
        """(verdict, error) of what went wrong, as the daemon says it."""
        for t, _, line in list(self.lines):
            if not begin <= t <= end:
                continue
            match = re.search(r"verdict=(\w+) error=(\w+)", line)
            waits = re.search(r'waiting worker=.* error="?(?:Local: )?(\w+)', line)
            if match:
                yield match.groups()
            elif waits:
                yield "retry", waits.group(1)
            elif "joining anew" in line:
                yield "fatal", "FENCED_INSTANCE_ID of the consumer"
