"""A desk with many reps: what cpid is told to count, and events for it."""
import json
import os
import subprocess
import sys
import zlib

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(root, "tests", "broker"))
sys.path.insert(0, os.path.join(root, "tests", "broker", "chaos"))

import stage  # noqa: E402

BEGIN = 1772434800000  # 2026-03-02T07:00:00Z, a Monday
MINUTE = 60000
HOUR = 60 * MINUTE
PARTITIONS = 8
SOURCE_PARTITIONS = 4

MEASURES = '''
  { name = "events"; each = "event"; over = OVER; },
  { name = "handle"; each = "event"; of = "handle"; show = [ "sum", "mean" ]; over = OVER; },
  { name = "value"; each = "event"; good = "value = true"; over = OVER; },
  { name = "csat"; each = "event"; of = "csat"; show = [ "mean" ]; over = OVER; },
  { name = "answered"; each = "event"; where = "csat >= 1"; over = OVER; },
  { name = "elapsed"; from = "case.opened"; to = "case.resolved"; pick = "first"; credit = "end"; show = [ "mean" ];
    over = OVER; }
'''
CONF = '''
application = "APPLICATION"; partitions = %d; workers = WORKERS; zone = "UTC"; lateness = "1d"; facts = false;
keep = { windows = "1d"; journeys = "2d"; };
kafka = { servers = "SERVERS"; };
sources = (
  { name = "desk"; topics = [ "SOURCE" ]; wait = "10s"; max-skew = "1d"; idle = "hold"; complete = [ ];
    common = { id = "/id"; type = "/type"; time = "/ts | ms"; case = "/case"; customer = "/customer"; rep = "/rep";
               fields = { handle = "/handle_ms"; value = "/value_added"; csat = "/csat"; }; };
    rules = ( { type = "/type"; } ); }
);
words = { event = { event = [ "case.opened", "contact.ended", "case.resolved" ]; }; };
report = { on = [ "rep" ]; };
windows = { hour = { length = "1h"; every = "1h"; }; day = { length = "24h"; every = "1h"; }; };
indicators = (MEASURES);
''' % PARTITIONS


class Desk(stage.Stage):
    def __init__(self, name, over, workers=1):
        def conf(application, source):
            return (CONF.replace("MEASURES", MEASURES).replace("OVER", over).replace("APPLICATION", application)
                    .replace("SOURCE", source).replace("SERVERS", stage.CLIENTS).replace("WORKERS", str(workers)))
        super().__init__(name, conf, PARTITIONS, SOURCE_PARTITIONS)

    def feed(self, lines):
        """Into the source topic; lines as event() makes them."""
        loader = subprocess.Popen([stage.LOAD, stage.BROKER, self.source], stdin=subprocess.PIPE, text=True)
        for line in lines:
            loader.stdin.write(line)
        loader.stdin.close()
        if loader.wait():
            self.fail("the events could not be written")

    def beat(self, time):
        """No event before this time comes any more."""
        self.feed(f"{p}\t{time}\tbeat\t" + json.dumps({"id": f"beat-{p}-{time}", "type": "source.heartbeat", "ts": time})
                  + "\n" for p in range(SOURCE_PARTITIONS))


def event(number, kind, time, case, rep):
    value = "true" if number % 5 < 2 else "false"
    return (f'{zlib.crc32(case.encode()) % SOURCE_PARTITIONS}\t{time}\t{case}\t{{"id":"{number:08x}-7a9b-4f34-8946-{rep:012x}",'
            f'"type":"{kind}","ts":{time},"case":"{case}","customer":"cu-{number % 100000:07d}","rep":"rep-{rep:07d}",'
            f'"handle_ms":{20000 + number * 7919 % 600000},"value_added":{value},"csat":{1 + number % 5}}}\n')
