"""cpi.alerts, forwarded as README.md shows, to a real Alertmanager: alerts fire, are refreshed without paging
again, resolve, and end by themselves when nobody refreshes them any more."""
import datetime
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "broker"))
import stage  # noqa: E402

CONF = '''application = "{application}"; partitions = 2; alert-refresh = "10s";
kafka = {{ servers = "{servers}"; }};
sources = ( {{ name = "s"; topics = [ "{source}" ]; wait = "1s";
  common = {{ id = "/id"; time = "/ts | ms"; case = "/case"; team = "/team"; fields = {{ score = "/score"; }}; }};
  rules = ( {{ type = "=survey.answered"; }} ); }} );
windows = {{ short = {{ length = "4m"; every = "2s"; }}; }};
indicators = ( {{ name = "csat"; title = "Satisfied customers"; each = "survey.answered"; good = "score = good";
                  bad = "score = bad"; over = "short"; }} );
alerts = ( {{ name = "unhappy"; indicator = "csat"; over = "short"; on = "team"; when = "< 50 %"; min-samples = 3;
              severity = "critical"; runbook = "https://wiki.example.org/csat"; }} );
'''
ALERTMANAGER = '''route:
  receiver: test
  group_by: [ alertname, team ]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: test
    webhook_configs:
      - url: http://127.0.0.1:{port}/
        send_resolved: true
'''


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class Pager(http.server.BaseHTTPRequestHandler):
    """Who is paged: takes what Alertmanager notifies."""
    pages = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Pager.pages += [(alert["labels"]["team"], alert["status"], alert) for alert in body["alerts"]]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def paged(team, status):
    return [alert for who, what, alert in Pager.pages if (who, what) == (team, status)]


class Alertmanager:
    def __init__(self, st, program):
        self.address = f"127.0.0.1:{free_port()}"
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pager)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        path = os.path.join(st.folder, "alertmanager.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(ALERTMANAGER.format(port=server.server_port))
        self.log = open(os.path.join(st.folder, "alertmanager.log"), "ab")
        self.process = subprocess.Popen(
            [program, f"--config.file={path}", f"--storage.path={st.folder}/alertmanager",
             f"--web.listen-address={self.address}", "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        st.processes.append(self.process)
        self.process.instance = "alertmanager"

    def ask(self, path, body=None):
        """The answer's code, and what it says."""
        request = urllib.request.Request(f"http://{self.address}/api/v2/{path}", data=body,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def active(self):
        """Alerts that fire, by team."""
        code, text = self.ask("alerts?active=true")
        return {alert["labels"]["team"]: alert for alert in json.loads(text)} if code == 200 else {}


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def wait_for(st, what, found, seconds):
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            st.fail(f"not within {seconds} s: {what}")
        st.check_alive()
        time.sleep(0.2)
    print(f"ok    {what}", flush=True)
    return value


def rate(st, team, score, count):
    now = int(time.time() * 1000)
    st.load([(k % 2, now, f"{team}{k}", json.dumps({"id": f"{team}-{score}-{now}-{k}", "ts": now, "team": team,
                                                    "case": f"{team}{k}", "score": score})) for k in range(count)])


def forwarder(st, manager):
    """The loop of README.md, with our addresses."""
    with open(os.path.join(stage.root, "README.md"), encoding="utf-8") as file:
        loop = re.search(r"^    (kcat -C -b localhost:9092 -t cpi\.alerts .*?^    +.*done)$", file.read(),
                         re.MULTILINE | re.DOTALL)
    if not loop:
        st.fail("README.md does not show how to forward alerts any more")
    command = loop.group(1).replace("localhost:9092", stage.BROKER).replace("localhost:9093", manager.address)
    command = command.replace("cpi.alerts", f"{st.application}.alerts")
    log = open(os.path.join(st.folder, "forward.log"), "ab")
    process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               start_new_session=True)
    return process


def replayed(st, manager):
    """What `replay` says is taken as well: of a moment ago it pages, of an hour ago it has ended already."""
    for team, ago_s in (("old", 3600), ("replay", 10)):
        then = (int(time.time()) - ago_s) * 1000
        st.replay([(k % 2, then + k, f"c{k}", json.dumps({"id": f"{team}{k}", "ts": then + k, "case": f"c{k}",
                                                          "team": team, "score": "bad"})) for k in range(6)],
                  until=stage.utc(then + 10000))
        lines = st.replayed("alerts")
        answers = [manager.ask("alerts", f"[{line}]".encode()) for line in lines]
        if not lines or any(code != 200 for code, _ in answers):
            st.fail(f"{len(lines)} alerts by replay, answers {answers}")
    wait_for(st, "an alert of replay is paged", lambda: paged("replay", "firing"), 20)
    if paged("old", "firing"):
        st.fail("an alert of an hour ago is paged")
    print("ok    one of an hour ago has ended when it arrives, and is not")


def main():
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if not program or not shutil.which("curl"):
        print(f"{'FAILED' if os.environ.get('CI') else 'SKIP'}: no prometheus-alertmanager or no curl")
        return 1 if os.environ.get("CI") else 77
    st = stage.Stage("pager", lambda a, s: CONF.format(application=a, source=s, servers=stage.BROKER), 2, 2)
    forward = None
    try:
        manager = Alertmanager(st, program)
        wait_for(st, "Alertmanager answers", lambda: manager.ask("status")[0] == 200, 60)
        replayed(st, manager)
        forward = forwarder(st, manager)
        cpid = st.start("a")
        for team in ("phone", "mail"):
            rate(st, team, "bad", 5)

        first = wait_for(st, "two teams fire", lambda: (now := manager.active()).keys() >= {"phone", "mail"} and now, 60)
        records = {record["labels"]["team"]: record for record in map(json.loads, st.read("alerts"))}
        for team, alert in first.items():
            if team != "replay" and alert["fingerprint"] != records[team]["fingerprint"]:
                st.fail(f"the fingerprint of {team} is {alert['fingerprint']}, not {records[team]['fingerprint']}")
        print("ok    their fingerprints are Alertmanager's own")
        wait_for(st, "both are paged", lambda: paged("phone", "firing") and paged("mail", "firing"), 20)

        wait_for(st, "they are refreshed: they end later now", lambda: all(
            instant(manager.active().get(team, first[team])["endsAt"]) > instant(first[team]["endsAt"])
            for team in ("phone", "mail")), 45)
        if len(paged("phone", "firing")) != 1:
            st.fail(f"a refresh pages again: {Pager.pages}")
        print("ok    and nobody is paged for that")

        rate(st, "phone", "good", 20)
        over = wait_for(st, "one team recovers: it is resolved", lambda: paged("phone", "resolved"), 60)[0]
        resolved = [record for record in map(json.loads, st.read("alerts")) if record["status"] == "resolved"][0]
        if instant(over["endsAt"]) != instant(resolved["endsAt"]) or "phone" in manager.active():
            st.fail(f"it ended at {over['endsAt']}, not at {resolved['endsAt']}, or is still active")
        print("ok    at the time that the record says")

        cpid.send_signal(signal.SIGKILL)
        cpid.wait()
        killed = time.time()
        st.processes.remove(cpid)
        if "mail" not in manager.active():
            st.fail("the other team's alert ended before it should")
        ended = wait_for(st, "nobody refreshes the other one any more: it ends by itself",
                         lambda: paged("mail", "resolved"), 75)[0]
        seconds = instant(ended["endsAt"]).timestamp() - killed
        if seconds > 4 * 10:
            st.fail(f"it ended {seconds:.0f} s after kill -9, not within four refreshes")
        print(f"ok    {seconds:.0f} s after kill -9, within four refreshes")
        wait_for(st, "and nothing is left", lambda: not manager.active().keys() & {"phone", "mail"}, 20)
        with open(os.path.join(st.folder, "forward.log"), encoding="utf-8") as file:
            if said := file.read().strip():
                st.fail(f"Alertmanager refused something: {said}")
    finally:
        if forward:
            os.killpg(forward.pid, signal.SIGKILL)
            forward.wait()
        st.end()
        shutil.rmtree(st.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
