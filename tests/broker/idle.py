"""K2: what a daemon does when nothing happens: at most 4 transactions per task in 10 seconds. And T2: the
clock moves time on at the end of quiet partitions, so that a window closes at night."""
import json
import re
import sys
import time

import stage

SECONDS = 32


def conf(application, source):
    return f'''application = "{application}"; partitions = 4;
kafka = {{ servers = "{stage.BROKER}"; options = ( ("session.timeout.ms", "10000") ); }};
event-types = [ "thing.done" ];
sources = ( {{ name = "s"; topics = [ "{source}" ]; wait = "1s";
  common = {{ id = "/id"; time = "/ts | ms"; case = "/case"; rep = "/rep"; }};
  rules = ( {{ type = "/type"; }} ); }} );
windows = {{ short = {{ length = "1m"; every = "10s"; }}; }};
indicators = ( {{ name = "done"; each = "thing.done"; over = "short"; }} );
'''


def transactions(st, instance):
    """Of the busiest task, from the line that a worker writes when it leaves."""
    return int(re.search(r"left worker=0 .*busiest_task=(\d+)", st.log(instance)).group(1))


def main():
    st = stage.Stage("idle", conf, 4, 3)
    now = int(time.time() * 1000)
    st.load((p, now, f"c{p}", json.dumps({"id": f"e{p}", "ts": now, "type": "thing.done",
                                          "case": f"c{p}", "rep": "anna"})) for p in range(3))
    try:
        st.start("a")
        st.wait_until_quiet(quiet_s=1.0, most_s=30)
        began = time.monotonic()
        time.sleep(SECONDS)
        st.check_alive()
        updates = [json.loads(line) for line in st.read("indicators")]
        st.stop()
        seconds = time.monotonic() - began
        n = transactions(st, "a")
        print(f"{n} transactions of one task, {len(updates)} updates in {seconds:.0f} idle seconds")
        if not any(u["entity"]["kind"] == "rep" and u["n"] == 3 for u in updates):
            st.fail("no window closed although the clock went on")
        # every ten seconds a beat, and a window that closes; the events themselves took a few
        if n > 4 * (seconds + 10) / 10 + 4:
            st.fail(f"{n} transactions are too many")
    finally:
        st.end()


if __name__ == "__main__":
    sys.exit(main())
