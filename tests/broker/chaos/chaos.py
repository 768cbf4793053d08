"""A real broker under fault. Each scene ends with a comparison: what was committed is what `cpid replay`
says of the same records.

    chaos.py helpdesk [KILLS]    the helpdesk that tests/bench makes up
    chaos.py uci [KILLS]         the real incident log

KILLS: kill -9 of a process beside the other faults; a minute and a half with the 20 and 26 of the tests."""
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import logs  # noqa: E402
import nodes  # noqa: E402
import scene  # noqa: E402
import stage  # noqa: E402


def spread(kills, others):
    """Kills of a process, and the others at even distances between them."""
    plan = ["kill"] * kills
    for k, kind in enumerate(others):
        plan.insert((k + 1) * kills // (len(others) + 1) + k, kind)
    return plan


def act(st, kind, coming):
    if kind == "kill":
        again = coming == "kill" and st.pick.random() < 0.25
        st.fault("kill -9 of a process", st.kill_one, again=again)
    elif kind == "freeze":
        st.fault("SIGSTOP of a process for 7 s", st.freeze_one, 7)
    elif kind == "broker":
        st.fault("kill -9 of the broker", st.kill_broker)
    elif kind == "join":
        st.fault("a process joins", st.join, "c")
    elif kind == "leave":
        st.fault("a process leaves", st.leave, "c")
    elif kind == "all":
        st.fault("kill -9 of all processes", st.kills_all)


def play(log, node, plan, seed):
    st = scene.Scene(log, node, seed)
    try:
        began = time.monotonic()
        st.begin(len(plan))
        for kind, coming in zip(plan, plan[1:] + [""]):
            act(st, kind, coming)
        st.finish()
        print(f"{log.name}: {len(log.records)} records, {st.kills} kill -9 of a process, "
              f"{time.monotonic() - began:.0f} s\n", flush=True)
    finally:
        st.end()


def helpdesk(folder, node, kills):
    play(logs.Helpdesk(folder, 40000, 3), node,
         spread(kills, ["freeze", "join", "broker", "all", "leave", "broker", "freeze"]), 1)


def uci(folder, node, kills):
    play(logs.Uci(), node, spread(kills, ["all", "join", "freeze", "leave", "broker", "join", "leave"]), 2)


def main():
    scenes = {"helpdesk": (helpdesk, 20), "uci": (uci, 26)}
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in scenes:
        sys.exit(__doc__)
    run, kills = scenes[sys.argv[1]]
    if sys.argv[1] == "uci":
        stage.shared()  # before a broker starts for nothing
    folder = tempfile.mkdtemp(prefix="cpid-chaos-")
    node = nodes.Nodes(folder)
    try:
        run(folder, node, int(sys.argv[2]) if len(sys.argv) == 3 else kills)
    finally:
        node.wipe()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
