"""A real broker under fault. Each scene ends with a comparison: what was committed is what `cpid replay`
says of the same records.

    chaos.py helpdesk [KILLS]    the helpdesk that tests/bench makes up
    chaos.py uci [KILLS]         the real incident log
    chaos.py brokers [KILLS]     the broker itself killed, every tenth time
    chaos.py cold [TIMES]        the broker stopped for longer than a transaction may last
    chaos.py cluster [KILLS]     three nodes; coordinators killed, rolling restarts
    chaos.py way [TIMES]         requests delayed, lost, cut and late between worker and broker
    chaos.py late [TIMES]        only those that arrive after they were sent again, in the next transaction
    chaos.py changes [KILLS]     partitions added, a process gone for good, a topic deleted, access refused

KILLS: kill -9 of a process beside the other faults. The first two and `late` are tests of every run, with 20
and 26 kills; tests/long.sh plays all of them, and longer."""
import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import logs  # noqa: E402
import nodes  # noqa: E402
import proxy  # noqa: E402
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
    elif kind == "cold":
        st.fault("SIGSTOP of the broker for 8 s", st.freeze_broker, 8)
    elif kind == "join":
        st.fault("a process joins", st.join, "c")
    elif kind == "leave":
        st.fault("a process leaves", st.leave, "c")
    elif kind == "all":
        st.fault("kill -9 of all processes", st.kills_all)


def play(log, node, plan, seed, do=act):
    st = scene.Scene(log, node, seed)
    try:
        began = time.monotonic()
        st.begin(len(plan))
        for kind, coming in zip(plan, plan[1:] + [""]):
            do(st, kind, coming)
        st.finish()
        print(f"{log.name}: {len(log.records)} records, {st.kills} kill -9 of a process, "
              f"{time.monotonic() - began:.0f} s\n", flush=True)
    finally:
        st.end()


def helpdesk(folder, kills):
    with nodes.Nodes(folder) as node:
        play(logs.Helpdesk(folder, max(40000, 1200 * kills), max(3, 0.09 * kills)), node,
             spread(kills, ["freeze", "join", "broker", "all", "leave", "broker", "freeze"]), 1)


def brokers(folder, kills):
    with nodes.Nodes(folder) as node:
        play(logs.Helpdesk(folder, 1200 * kills, 0.09 * kills), node, spread(kills, ["broker"] * (kills // 10)), 6)


def uci(folder, kills):
    stage.shared()  # before a broker starts for nothing
    with nodes.Nodes(folder) as node:
        play(logs.Uci(), node, spread(kills, ["all", "join", "freeze", "leave", "broker", "join", "leave"]), 2)


def cold(folder, times):
    with nodes.Nodes(folder) as node:
        play(logs.Helpdesk(folder, 40000, 3), node, ["cold"] * times, 7)


def cluster(folder, kills):
    """Three nodes, of which one is killed or restarted while the others go on."""
    def do(st, kind, coming):
        if kind == "group":
            st.fault("kill -9 of the group's coordinator", st.kill_coordinator, nodes.GROUP, st.application)
        elif kind == "transaction":
            st.fault("kill -9 of a transaction's coordinator", st.kill_coordinator, nodes.TRANSACTION,
                     f"{st.application}-a-0")
        elif kind == "back":
            st.fault("that node comes back", st.restart_node)
        elif kind == "roll":
            st.fault("rolling restart of all nodes", st.roll)
        else:
            act(st, kind, coming)

    with nodes.Nodes(folder, count=3) as node:
        play(logs.Helpdesk(folder, 60000, 4), node, spread(kills, ["group", "back", "transaction", "back", "roll"] * 3),
             3, do)


def way(folder, times):
    """Each kind of request that a transaction is made of, hurt in each way between worker and broker."""
    plan = ([(key, harm) for harm in proxy.HARMS for key in proxy.KEYS] + LATE) * times
    with nodes.Nodes(folder, proxied=True) as node:
        play(logs.Helpdesk(folder, 60000, 4), node, plan, 4, hurt)


def late(folder, times):
    """Requests that the client has sent again arrive when its next transaction is under way."""
    with nodes.Nodes(folder, proxied=True) as node:
        play(logs.Helpdesk(folder, 20000, 3), node, LATE * times, 8, hurt)


LATE = [(key, "late") for key in proxy.KEYS] + [("EndTxn after a loss", "late")]


def hurt(st, kind, _):
    key, harm = kind
    name = f"{key}: {harm}"
    if key not in proxy.KEYS:
        st.fault(name, st.late_abort)
    elif harm == "late":
        st.fault(name, st.late, key)
    else:
        st.fault(name, st.harm, proxy.Rule(key, harm))


def changes(folder, kills):
    """What administrators do: more partitions, a process less, a topic deleted, access refused."""
    def do(st, kind, coming):
        if kind == "grow":
            st.fault("two partitions added to the source", st.grow, logs.PARTITIONS + 2)
        elif kind == "vanish":
            st.fault("a process dies for good", st.vanish, "c")
        elif kind == "delete":
            st.spoilt.add("facts")
            st.fault("an output topic is deleted for 8 s", st.delete_output, "facts", 8)
        elif kind == "deny":
            st.fault("an ACL refuses an output for 8 s", st.deny, "indicators", 8)
        else:
            act(st, kind, coming)

    with nodes.Nodes(folder) as node:
        play(logs.Helpdesk(folder, 60000, 4), node,
             spread(kills, ["join", "vanish", "deny", "grow", "delete", "deny"]), 5, do)


SCENES = {"helpdesk": (helpdesk, 20), "uci": (uci, 26), "brokers": (brokers, 60), "cold": (cold, 3),
          "cluster": (cluster, 30), "way": (way, 2), "late": (late, 1), "changes": (changes, 10)}


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in SCENES:
        sys.exit(__doc__)
    run, count = SCENES[sys.argv[1]]
    folder = tempfile.mkdtemp(prefix="cpid-chaos-")
    try:
        run(folder, int(sys.argv[2]) if len(sys.argv) == 3 else count)
    except BaseException:
        if nodes.KEEP:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
