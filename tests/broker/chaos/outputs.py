"""Everything that was committed against everything that `cpid replay` says."""
import collections
import json
import re
import subprocess

import stage


def compare(st, spoilt=()):
    stage.compare(st, st.replayed("indicators", "revisions"), st.read("indicators") + st.read("revisions"))
    if st.has("facts") and "facts" not in spoilt:
        same(st, "facts", collections.Counter(st.replayed("facts")), collections.Counter(st.read("facts")))
    same(st, "alert transitions", transitions(st.replayed("alerts")), transitions(st.read("alerts")))
    same(st, "dead letters", collections.Counter(
        (letter["reason"], letter["partition"], letter["offset"])
        for letter in map(json.loads, st.replayed("dead-letters"))), refused(st))


def same(st, what, want, got):
    missing, extra = want - got, got - want
    print(f"{sum(want.values())} {what} by replay, {sum(got.values())} from the broker, "
          f"{sum(missing.values())} are missing, {sum(extra.values())} are too many", flush=True)
    for title, things in (("missing", missing), ("too many", extra)):
        for thing in sorted(things)[:3]:
            print(f"{title}: {thing}")
    if missing or extra:
        st.fail(f"committed {what} are not what replay says")


def transitions(lines):
    """Each alert's changes in their order; that it is sent again in between depends on the clock."""
    said, place = {}, collections.Counter()
    all_of_them = collections.Counter()
    for alert in map(json.loads, lines):
        which = alert["fingerprint"]
        ends = alert.pop("endsAt")
        state = (alert["status"], alert["startsAt"], ends if alert["status"] == "resolved" else "")
        if said.get(which) == state:
            continue
        said[which] = state
        place[which] += 1
        alert["labels"].pop("job", None)
        all_of_them[f"{which} {place[which]}. {state} {json.dumps(alert)}"] += 1
    return all_of_them


def refused(st):
    command = ["kcat", "-C", "-q", "-e", "-b", stage.BROKER, "-t", f"{st.application}.dead-letters",
               "-o", "beginning", "-X", "isolation.level=read_committed", "-f", "%h\n"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return collections.Counter(re.search(r"reason=(\w+),.*partition=(\d+),offset=(\d+)", line).groups()
                               for line in done.stdout.splitlines() if line)
