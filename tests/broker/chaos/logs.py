"""What the daemon is given to count: the real incident log, and the helpdesk that tests/bench makes up.
Each is a Log: records in the order in which a source wrote them, (partition, timestamp, key, value)."""
import glob
import json
import os
import random
import shutil
import subprocess
import zlib

import stage
import uci

PARTITIONS = 4
# The shortest that make sense: a worker that is stopped for seven seconds has outlasted both.
OPTIONS = {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500, "transaction.timeout.ms": 5000,
           "socket.timeout.ms": 3000, "topic.metadata.refresh.interval.ms": 3000}
GENERATOR = os.environ.get("CPID_GENERATOR", os.path.join(stage.root, "build", "dev", "tests", "bench", "bench_gen"))


def kafka(workers, options):
    pairs = ", ".join(f'("{name}", "{value}")' for name, value in options.items())
    return f'kafka = {{ servers = "{stage.CLIENTS}"; options = ( {pairs} ); }};\nworkers = {workers};\n'


class Log:
    def __init__(self, name, records, closing, until):
        self.name = name
        self.records = records
        self.closing = closing  # heartbeats that let all windows end
        self.until = until      # of replay

    def conf(self, application, source, options):
        raise NotImplementedError


class Uci(Log):
    def __init__(self):
        super().__init__("uci", list(uci.log_records()), list(uci.closing()), "2017-03-04T00:00:00Z")

    def conf(self, application, source, options=None):
        text = uci.conf(application, source)
        begin = text.index("kafka = {")
        end = text.index("\n", begin)
        return text[:begin] + kafka(1, options or OPTIONS) + text[end + 1:]


ALERTS = '''alerts = (
  { name = "fcr-low"; indicator = "fcr"; over = "hour"; on = "team"; when = "< 60 %"; clear = ">= 70 %";
    min-samples = 5; for = "5m"; severity = "warning"; },
  { name = "handling-slow"; indicator = "handle"; over = "hour"; on = "rep"; when = "mean > 330000";
    min-samples = 3; severity = "warning"; }
);
'''


class Helpdesk(Log):
    """With what goes wrong in life: copies of events, and records that nobody can read."""

    def __init__(self, folder, events, hours, reps=300, seed=1):
        done = subprocess.run([GENERATOR, folder, str(events), str(hours), str(reps), str(seed)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{GENERATOR}: {done.stderr}")
        self.folder = folder
        records = list(self.spoilt(random.Random(seed)))
        last = max(record[1] for record in records) + 24 * 3600 * 1000
        super().__init__("helpdesk", records, [
            (p, last, "beat", json.dumps({"id": f"beat-{p}", "type": "source.heartbeat", "ts": last, "case": "beat"}))
            for p in range(PARTITIONS + 2)], None)
        self.until = stage.utc(last - 31000)

    def spoilt(self, pick):
        with open(os.path.join(self.folder, "events.ndjson"), encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                record = (zlib.crc32(event["case"].encode()) % PARTITIONS, event["ts"], event["case"], line.strip())
                yield record
                chance = pick.random()
                if chance < 0.01:
                    yield record
                elif chance < 0.013:
                    yield record[:3] + (record[3][:-pick.randrange(1, 60)],)

    def conf(self, application, source, options=None):
        for path in glob.glob(os.path.join(stage.root, "tests", "bench", "*.conf")):
            shutil.copy(path, self.folder)
        path = os.path.join(self.folder, "common.conf")
        with open(path, encoding="utf-8") as text:
            lines = text.read()
        for old, new in [('application = "bench";', f'application = "{application}"; partitions = {PARTITIONS};'),
                         ('file = "people.csv"', f'file = "{self.folder}/people.csv"'),
                         ('topics = [ "helpdesk" ]', f'topics = [ "{source}" ]'),
                         ('facts    = false', 'facts = true')]:
            if old not in lines:
                raise SystemExit(f"tests/bench/common.conf has no {old}")
            lines = lines.replace(old, new)
        with open(path, "w", encoding="utf-8") as text:
            text.write(lines)
        return f'@include "{self.folder}/w3.conf"\n' + kafka(1, options or OPTIONS) + ALERTS
