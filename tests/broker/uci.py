"""The real incident log through a real broker: 4 source partitions, 4 partitions of the repartition topic.
What is committed must be what `cpid replay` says of the same logs (promise 2 of the design).

    uci.py one      one process with one worker; SIGTERM; a restart restores and adds nothing
    uci.py kills    two processes while the log comes in, at least ten kill -9 spread over it"""
import json
import lzma
import os
import random
import sys
import time
import zlib

import stage

PARTITIONS = 4
UNTIL = 1488585600000  # 2017-03-04, when the last window of the log has ended
WAIT = 600000          # of the source
CHUNKS = 12


def conf(application, source):
    with open(os.path.join(stage.root, "tests", "uci", "uci.conf"), encoding="utf-8") as text:
        lines = text.read()
    for old, new in [('application = "uci";',
                      f'application = "{application}"; partitions = {PARTITIONS};\n'
                      f'kafka = {{ servers = "{stage.BROKER}"; '
                      'options = ( ("session.timeout.ms", "10000") ); };'),
                     ('topics = [ "uci" ];', f'topics = [ "{source}" ];')]:
        if old not in lines:
            sys.exit(f"tests/uci/uci.conf has no {old}")
        lines = lines.replace(old, new)
    return lines


def log_records():
    """(partition, timestamp, key, value) in the order in which the source wrote."""
    with lzma.open(os.path.join(stage.shared(), "uci.ndjson.xz"), "rt", encoding="utf-8") as text:
        for line in text:
            event = json.loads(line)
            yield zlib.crc32(event["case"].encode()) % PARTITIONS, event["ts"], event["case"], line.strip()


def closing():
    beat = UNTIL + WAIT
    for partition in range(PARTITIONS):
        yield partition, beat, "beat", json.dumps(
            {"id": f"beat-{partition}", "type": "source.heartbeat", "ts": beat, "case": "beat"})


def replayed(st, records):
    began = time.monotonic()
    st.replay(records, "2017-03-04T00:00:00Z")
    print(f"replay: {time.monotonic() - began:.1f} s", flush=True)
    return st.replayed("indicators", "revisions")


def committed(st):
    return [update for name in ("indicators", "revisions") for update in st.read(name)]


def one(st, records):
    want = replayed(st, records)
    st.load(records + list(closing()))
    began = time.monotonic()
    st.start("a", "--clock", "record")
    st.wait_until_quiet()
    print(f"one worker: {time.monotonic() - began:.1f} s, of which 5 s to see that it is done", flush=True)
    stage.compare(st, want, committed(st))
    print(f"SIGTERM: gone after {st.stop():.2f} s")
    before = st.ends()
    st.start("a", "--clock", "record")
    st.wait_until_quiet()
    st.stop()
    restored = [line for line in st.log("a").splitlines() if "restored" in line][-PARTITIONS:]
    if len(restored) < PARTITIONS or any("rows=0" in line for line in restored):
        st.fail("the restart did not restore its tasks from the changelog")
    if st.ends() != before:
        st.fail(f"a restart without input wrote {st.ends() - before} records")
    print(f"a restart restored {len(restored)} tasks and wrote nothing")


def kills(st, records):
    want = replayed(st, records)
    pick = random.Random(7)
    size = len(records) // CHUNKS + 1
    began = time.monotonic()
    processes = [st.start("a", "--clock", "record"), st.start("b", "--clock", "record")]
    for chunk in range(CHUNKS):
        st.load(records[chunk * size:(chunk + 1) * size])
        time.sleep(pick.uniform(0.5, 2.5))
        st.check_alive()
        k = chunk % 2
        processes[k] = st.kill(processes[k])
    st.load(closing())
    time.sleep(pick.uniform(0.5, 2.0))
    processes[0] = st.kill(processes[0])
    st.wait_until_quiet(quiet_s=14.0)
    print(f"two processes: {time.monotonic() - began:.1f} s, {st.kills} kill -9", flush=True)
    stage.compare(st, want, committed(st))
    st.stop()


def main():
    how = {"one": one, "kills": kills}.get(sys.argv[1] if len(sys.argv) == 2 else "")
    if not how:
        sys.exit(__doc__)
    records = list(log_records())
    st = stage.Stage("uci" + sys.argv[1], conf, PARTITIONS, PARTITIONS)
    try:
        how(st, records)
    finally:
        st.end()


if __name__ == "__main__":
    main()
