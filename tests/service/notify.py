"""What cpid tells its service manager: ready after assignment and restore, words, its pulse, the end."""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "broker"))
import stage  # noqa: E402
from listener import Listener  # noqa: E402

PEOPLE = "rep,team,also\nanna,{team},s:7\n"


def conf(application, source, servers=None):
    return f'''application = "{application}"; partitions = 2;
kafka = {{ servers = "{servers or stage.BROKER}"; options = ( ("session.timeout.ms", "10000") ); }};
event-types = [ "thing.done" ];
people = {{ file = "people.csv"; }};
sources = ( {{ name = "s"; topics = [ "{source}" ]; wait = "1s";
  common = {{ id = "/id"; time = "/ts | ms"; case = "/case"; rep = "/rep"; }};
  rules = ( {{ type = "/type"; }} ); }} );
windows = {{ short = {{ length = "1m"; every = "10s"; }}; }};
indicators = ( {{ name = "done"; each = "thing.done"; over = "short"; }} );
'''


def write(st, name, text):
    path = os.path.join(st.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def run(st, listener, conf_path, watchdog_ms):
    log = open(os.path.join(st.folder, "a.log"), "ab")
    process = subprocess.Popen([stage.CPID, "run", "-c", conf_path], stdin=subprocess.DEVNULL, stdout=log,
                               stderr=log, env=listener.environment(watchdog_ms))
    process.instance, process.more = "a", []
    st.processes.append(process)
    return process


def want(st, found, what):
    print(f"{'ok  ' if found else 'FAIL'}  {what}", flush=True)
    if not found:
        st.fail(what)


def told(st, listener, start, what, seconds=30):
    line = listener.wait(start, seconds)
    want(st, line, f"{what}: {line or 'never said ' + start}")
    return line


def ready(st, listener, process):
    told(st, listener, "STATUS=reading", "it says in words what it does")
    told(st, listener, "READY=1", "with its partitions and their state it is ready")
    said = listener.listen(3)
    want(st, said.count("WATCHDOG=1") >= 3, "it feeds the watchdog several times in 3 s")
    process.send_signal(signal.SIGSTOP)
    listener.listen(0.5)
    said = listener.listen(2)
    want(st, "WATCHDOG=1" not in said, "not while it is stopped")
    process.send_signal(signal.SIGCONT)
    told(st, listener, "WATCHDOG=1", "and again when it goes on")


def reload(st, listener, process):
    write(st, "people.csv", PEOPLE.format(team="mail"))
    process.send_signal(signal.SIGHUP)
    told(st, listener, "RELOADING=1", "SIGHUP: it says that it reloads")
    told(st, listener, "MONOTONIC_USEC=", "and since when")
    told(st, listener, "READY=1", "and that it has")
    now = int(time.time() * 1000)
    st.load([(p, now, f"c{p}", f'{{"id":"e{p}","ts":{now},"type":"thing.done","case":"c{p}","rep":"7"}}')
             for p in (0, 1)])
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if any('"team:mail"' in line or '"id":"mail"' in line for line in st.read("indicators")):
            break
        time.sleep(1)
    else:
        want(st, False, "events after a reload have the team that the file says now")
    print("ok    events after a reload have the team that the file says now")
    write(st, "people.csv", "rep,teem\nanna,mail\n")
    process.send_signal(signal.SIGHUP)
    told(st, listener, "READY=1", "a file that is wrong: it goes on with the old one")
    log = st.log("a")
    want(st, "reload_failed" in log and "teem" in log, "and the log says what is wrong")


def stop(st, listener, process):
    process.send_signal(signal.SIGTERM)
    told(st, listener, "STOPPING=1", "SIGTERM: it says that it stops")
    want(st, process.wait(timeout=10) == 0, "and leaves with 0")
    st.processes.remove(process)


def without_broker(st):
    listener = Listener(os.path.join(st.folder, "away"))
    write(st, "people.csv", PEOPLE.format(team="phone"))
    path = write(st, "away.conf", conf("away", "nobody", "127.0.0.1:1"))
    process = run(st, listener, path, 2000)
    told(st, listener, "STATUS=waiting for Kafka", "without a broker it says that it waits")
    said = listener.listen(4)
    want(st, "WATCHDOG=1" in said, "which the watchdog takes for life")
    want(st, any(line.startswith("EXTEND_TIMEOUT_USEC=") for line in said), "it asks for more time to start")
    want(st, "READY=1" not in listener.heard, "and is not ready")
    stop(st, listener, process)


def main():
    st = stage.Stage("notify", lambda a, s: conf(a, s).replace('people = { file = "people.csv"; };', ""), 2, 2)
    try:
        os.mkdir(os.path.join(st.folder, "away"))
        write(st, "people.csv", PEOPLE.format(team="phone"))
        write(st, "cpid.conf", conf(st.application, st.source))
        listener = Listener(st.folder)
        process = run(st, listener, st.conf, 2000)
        ready(st, listener, process)
        reload(st, listener, process)
        stop(st, listener, process)
        without_broker(st)
    finally:
        st.end()


if __name__ == "__main__":
    sys.exit(main())
