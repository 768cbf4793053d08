"""The broker's nodes, which a test of faults has for itself: it kills and stops them."""
import os
import subprocess

import stage

KAFKA = os.environ.get("CPID_KAFKA", os.path.join(stage.root, "tests", "broker", "kafka.sh"))
# Short sessions, so that a fault that outlasts them takes seconds and not minutes.
SETTINGS = ("group.min.session.timeout.ms=1000",)


class Nodes:
    def __init__(self, folder):
        self.folder = os.path.join(folder, "node")
        self.run("start", *(word for setting in SETTINGS for word in ("-o", setting)))
        state = subprocess.run([KAFKA, "status", self.folder], capture_output=True, text=True, check=True)
        self.address = state.stdout.split()[1]
        stage.BROKER = self.address

    def run(self, verb, *more):
        done = subprocess.run([KAFKA, verb, self.folder, *more], capture_output=True, text=True, check=False)
        if done.returncode == 77:
            stage.skip(done.stdout.strip().removeprefix("SKIP: "))
        if done.returncode:
            raise SystemExit(f"kafka.sh {verb}: {done.stdout}{done.stderr}")

    def kill(self):
        self.run("kill")

    def restart(self):
        self.run("restart")

    def pause(self):
        self.run("pause")

    def cont(self):
        self.run("cont")

    def wipe(self):
        self.run("wipe")
