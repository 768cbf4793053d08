"""What the broker tests of the daemon share: topics, a configuration, processes, and what came out."""
import collections
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BROKER = os.environ.get("CPID_TEST_BROKER", "")
CLIENTS = BROKER  # what the daemon is told, if there is something between it and the broker
CPID = os.environ.get("CPID", os.path.join(root, "build", "dev", "cpid"))
TOPIC = os.environ.get("CPID_TOPIC", os.path.join(root, "build", "dev", "tests", "topic"))
LOAD = os.environ.get("CPID_LOAD", os.path.join(root, "build", "dev", "tests", "load"))


def utc(ms):
    """As `replay --until` takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def shared():
    for folder in (os.environ.get("CPID_SHARED"), os.path.join(os.path.dirname(root), "shared")):
        if folder and os.path.exists(os.path.join(folder, "data", "uci", "uci.ndjson.xz")):
            return os.path.join(folder, "data", "uci")
    return skip("the shared data is neither beside the repository (../shared) nor in CPID_SHARED")


class Stage:
    """One application with its source topic and its own folder; fresh names, so that tests do not meet."""

    def __init__(self, name, conf, partitions, source_partitions, beside=None):
        """`beside`: there is a second source topic, of that name."""
        if not BROKER:
            skip("no broker")
        if not os.access(CPID, os.X_OK):
            skip(f"no program {CPID}")
        self.application = f"{name}{os.getpid()}"
        self.source = self.application + "-in"
        self.sources = [self.source] + ([f"{self.application}-{beside}"] if beside else [])
        self.partitions = partitions
        self.source_partitions = source_partitions
        self.folder = tempfile.mkdtemp(prefix="cpid-broker-")
        self.conf = os.path.join(self.folder, "cpid.conf")
        self.processes = []
        self.kills = 0
        with open(self.conf, "w", encoding="utf-8") as text:
            text.write(conf(self.application, self.source))
        for topic in self.sources:
            subprocess.run([TOPIC, BROKER, "create", topic, str(source_partitions), "retention.ms=-1"], check=True)
        subprocess.run([CPID, "topics", "-c", self.conf, "--create"], stdout=subprocess.DEVNULL, check=False)
        done = subprocess.run([CPID, "check", "-c", self.conf, "--kafka"], capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            sys.exit("check --kafka does not like what topics --create made")

    def replay(self, records, until=None):
        """What `cpid replay` says of (partition, timestamp, key, value)...: files in our folder."""
        files = [open(path, "w", encoding="utf-8") for _, _, path in self.inputs()]
        offset = [0] * self.source_partitions
        for partition, ts, key, value in records:
            files[partition].write(json.dumps({
                "topic": self.source, "partition": partition, "offset": offset[partition],
                "tstype": "create", "ts": ts, "key": key, "payload": value}) + "\n")
            offset[partition] += 1
        for file in files:
            file.close()
        self.replay_inputs(until)

    def replay_topic(self, until=None):
        """The same of what really is in the source topics. Returns how many records these are."""
        count = 0
        for topic, partition, path in self.inputs():
            with open(path, "wb") as file:
                subprocess.run(["kcat", "-C", "-q", "-e", "-J", "-b", BROKER, "-t", topic,
                                "-p", str(partition), "-o", "beginning"], stdout=file, check=True)
            with open(path, "rb") as file:
                count += sum(1 for _ in file)
        self.replay_inputs(until)
        return count

    def inputs(self):
        return [(topic, k, os.path.join(self.folder, f"{topic}.{k}.ndjson"))
                for topic in self.sources for k in range(self.source_partitions)]

    def replay_inputs(self, until):
        command = [CPID, "replay", "-c", self.conf, "-o", self.folder]
        command += ["--until", until] if until else []
        for topic, _, path in self.inputs():
            command += ["-i", f"{topic}={path}"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            self.fail(f"replay: {done.stderr}")

    def replayed(self, *names):
        """The lines that `replay` wrote to these outputs."""
        lines = []
        for name in names:
            with open(os.path.join(self.folder, name + ".ndjson"), encoding="utf-8") as text:
                lines += text.read().splitlines()
        return lines

    def has(self, name):
        """Whether this output is on."""
        return os.path.exists(os.path.join(self.folder, name + ".ndjson"))

    def load(self, records, topic=None):
        """records: (partition, timestamp, key, value)"""
        lines = "".join(f"{p}\t{ts}\t{key}\t{value}\n" for p, ts, key, value in records
                        if p < self.source_partitions)
        subprocess.run([LOAD, BROKER, topic or self.source], input=lines, text=True, check=True)

    # ---- processes

    def start(self, instance, *more, conf=None):
        log = open(os.path.join(self.folder, f"{instance}.log"), "ab")
        process = subprocess.Popen([CPID, "run", "-c", conf or self.conf, "--instance", instance, *more],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.conf = conf
        process.instance = instance
        process.more = more
        self.processes.append(process)
        return process

    def kill(self, process):
        """kill -9, and the same instance again at once."""
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes.remove(process)
        self.kills += 1
        return self.start(process.instance, *process.more, conf=process.conf)

    def stop(self):
        """SIGTERM; each must leave with 0 within five seconds."""
        began = time.monotonic()
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=10) for process in self.processes]
        seconds = time.monotonic() - began
        self.processes = []
        if any(codes) or seconds > 5:
            self.fail(f"SIGTERM: exit codes {codes} after {seconds:.1f} s")
        return seconds

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                self.fail(f"instance {process.instance} ended with {process.returncode}")

    def fail(self, why):
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as text:
                    print(f"---- {name}\n" + "".join(text.readlines()[-25:]))
        self.end()
        sys.exit(f"FAILED: {why}")

    def end(self, keep=False):
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []
        for topic in [] if keep else [*self.sources, *self.topics()]:
            subprocess.run([TOPIC, BROKER, "delete", topic], stderr=subprocess.DEVNULL, check=False)

    def log(self, instance):
        with open(os.path.join(self.folder, f"{instance}.log"), encoding="utf-8") as text:
            return text.read()

    # ---- what the broker has

    def topics(self):
        outputs = ["indicators", "revisions", "alerts", "facts", "dead-letters"]
        return [f"{self.application}.{name}" for name in outputs] + [
            f"{self.application}-repartition", f"{self.application}-changelog"]

    def ends(self):
        """The sum of all end offsets of our topics: stands still when nothing goes on."""
        command = ["kcat", "-Q", "-b", BROKER, "-X", "isolation.level=read_uncommitted"]
        for topic in self.topics()[:2] + self.topics()[-2:]:
            for partition in range(self.partitions):
                command += ["-t", f"{topic}:{partition}:-1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return sum(int(line.split()[-1]) for line in done.stdout.splitlines() if "offset" in line)

    def cpu_seconds(self):
        total = 0.0
        for process in self.processes:
            with open(f"/proc/{process.pid}/stat", encoding="utf-8") as text:
                fields = text.read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total

    def wait_until_quiet(self, quiet_s=5.0, most_s=240):
        """Until processes that live have for a while written nothing and computed next to nothing."""
        deadline = time.monotonic() + most_s
        last, cpu, since = -1, 0.0, time.monotonic()
        while time.monotonic() - since < quiet_s:
            self.check_alive()
            if time.monotonic() > deadline:
                self.fail(f"still busy after {most_s} s")
            time.sleep(0.3)
            now, used = self.ends(), self.cpu_seconds()
            # of a loaded machine even a busy process gets little: what counts is the sum of the span
            if now != last or used - cpu > 0.05 * quiet_s:
                last, cpu, since = now, used, time.monotonic()

    def read(self, name):
        """All committed records of an output topic."""
        command = ["kcat", "-C", "-q", "-e", "-b", BROKER, "-t", f"{self.application}.{name}",
                   "-o", "beginning", "-X", "isolation.level=read_committed", "-f", "%s\n"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if line.strip()]


def without_watermark(line):
    """Promise 2 compares what is said, not how far the speaker was when it said so."""
    return re.sub(r',"watermark":"[^"]*"', "", line)


def compare(stage, want_lines, got_lines):
    """The same updates, each as often, in any order."""
    want = collections.Counter(map(without_watermark, want_lines))
    got = collections.Counter(map(without_watermark, got_lines))
    missing, extra = want - got, got - want
    print(f"{len(want_lines)} updates by replay, {len(got_lines)} from the broker, {len(missing)} are missing, "
          f"{len(extra)} are too many", flush=True)
    for title, lines in (("missing", missing), ("too many", extra)):
        for line in sorted(lines)[:4]:
            print(f"{title}: {line}")
    if missing or extra or not want:
        stage.fail("committed output is not what replay says")
