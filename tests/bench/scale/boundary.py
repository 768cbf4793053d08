"""A full hour over many reps: how long the longest transaction is open.

    boundary.py [REPS]

Every rep has one event in one hour. At its end five measures over two windows are due for all of them at
once: ten updates each. One worker has all tasks."""
import re
import sys
import time

import desk

GOAL_MS = 1000


def left(st):
    """What the worker said last when it left."""
    line = re.findall(r"left worker=0 .*", st.log("a"))[-1]
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}


def main():
    reps = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    st = desk.Desk("boundary", '[ "hour", "day" ]')
    try:
        st.start("a", "--clock", "record")
        st.feed(desk.event(i, "contact.ended", desk.BEGIN + i * (desk.HOUR - 60000) // reps, f"CS-{i}",
                           i * 7368787 % reps) for i in range(reps))
        st.wait_until_quiet(quiet_s=3.0)
        st.stop()
        before = left(st)
        st.start("a", "--clock", "record")
        st.wait_until_quiet(quiet_s=2.0)
        began, cpu = time.monotonic(), st.cpu_seconds()
        st.beat(desk.BEGIN + desk.HOUR + desk.MINUTE)
        st.wait_until_quiet(quiet_s=2.0)
        took, cpu = time.monotonic() - began - 2.0, st.cpu_seconds() - cpu
        st.stop()
        after = left(st)
        updates = len(st.read("indicators"))
        longest = after["longest_ms"]
        print(f"a full hour over {reps} reps: {updates} updates in {took:.1f} s, {cpu:.1f} s of CPU, "
              f"{after['transactions']} transactions")
        print(f"{'longest transaction, ms':44} {'wanted':>10} {'measured':>10}")
        print(f"{'  while the events came in':44} {'':>10} {before['longest_ms']:>10}")
        print(f"{'  at the full hour':44} {'<= ' + str(GOAL_MS):>10} {longest:>10}  "
              f"{'met' if longest <= GOAL_MS else 'NOT met'}")
        if updates != reps * 10 + 10:  # and those of the whole
            st.fail(f"{updates} updates, not {reps * 10 + 10}")
    finally:
        st.end()
    return longest > GOAL_MS


if __name__ == "__main__":
    sys.exit(main())
