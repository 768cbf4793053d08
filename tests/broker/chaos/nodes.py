"""The broker's nodes, which a test of faults has for itself: it kills and stops them."""
import os
import socket
import struct
import subprocess
import time

import proxy
import stage

KAFKA = os.environ.get("CPID_KAFKA", os.path.join(stage.root, "tests", "broker", "kafka.sh"))
# Short sessions, so that a fault that outlasts them takes seconds and not minutes.
SETTINGS = ("group.min.session.timeout.ms=1000",)
# Who may do what can be said, but everybody may do all of it until it is. Only of one node: several would
# have to know each other by name, since none is ready to judge before they have met.
ALONE = SETTINGS + ("authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                    "allow.everyone.if.no.acl.found=true")
KEEP = bool(os.environ.get("CPID_CHAOS_KEEP"))  # the nodes' folders of a scene that failed, to look into them
GROUP, TRANSACTION = 0, 1  # kinds of coordinators


def words(settings):
    return [word for setting in settings for word in ("-o", setting)]


def free_ports(count):
    """The first of so many in a row."""
    for port in range(31000 + os.getpid() % 1000 * 8, 60000, 8):
        try:
            for k in range(count):
                socket.create_server(("127.0.0.1", port + k)).close()
            return port
        except OSError:
            continue
    raise SystemExit("no free ports")


class Nodes:
    """One node, or `count` of them; `proxied`: clients come to the node through a proxy."""

    def __init__(self, folder, count=1, proxied=False):
        self.proxy = None
        if count > 1:
            run("cluster", folder, str(count), *words(SETTINGS))
            self.folders = [os.path.join(folder, str(k + 1)) for k in range(count)]
        else:
            self.folders = [os.path.join(folder, "node")]
            if proxied:
                self.start_proxied()
            else:
                run("start", self.folders[0], *words(ALONE))
        self.addresses = [self.status(node).split()[1] for node in self.folders]
        stage.BROKER = ",".join(self.addresses)
        stage.CLIENTS = f"127.0.0.1:{self.port + 3}" if proxied else stage.BROKER

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.wipe(why[0] is not None and KEEP)

    def start_proxied(self):
        port = self.port = free_ports(4)
        listeners = f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}"
        self.proxy = proxy.Proxy(port + 3, ("127.0.0.1", port + 2))
        run("start", self.folders[0], str(port), *words(SETTINGS + (
            f"listeners={listeners},VIA://127.0.0.1:{port + 2}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{port},VIA://127.0.0.1:{port + 3}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,VIA:PLAINTEXT")))

    @staticmethod
    def status(node):
        return subprocess.run([KAFKA, "status", node], capture_output=True, text=True, check=False).stdout

    def kill(self, which=0):
        run("kill", self.folders[which])

    def restart(self, which=0):
        run("restart", self.folders[which])

    def pause(self, which=0):
        run("pause", self.folders[which])

    def cont(self, which=0):
        run("cont", self.folders[which])

    def coordinator(self, kind, name):
        """Which node coordinates this group or transactional id."""
        host, port = self.addresses[0].split(":")
        key = name.encode()
        body = struct.pack(">hhih", 10, 1, 1, -1) + struct.pack(">h", len(key)) + key + struct.pack(">b", kind)
        for _ in range(50):
            with socket.create_connection((host, int(port)), timeout=5) as broker:
                broker.sendall(struct.pack(">i", len(body)) + body)
                answer = proxy.Proxy.exactly(broker, struct.unpack(">i", proxy.Proxy.exactly(broker, 4))[0])
            error, text = struct.unpack_from(">hh", answer, 8)
            node, = struct.unpack_from(">i", answer, 12 + max(text, 0))
            if error == 0:
                return node - 1
            time.sleep(0.2)
        raise SystemExit(f"no coordinator of {name}: error {error}")

    def wipe(self, keep):
        if self.proxy:
            self.proxy.end()
        for node in self.folders:
            run("kill" if keep else "wipe", node)


def run(verb, *more):
    done = subprocess.run([KAFKA, verb, *more], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        stage.skip(done.stdout.strip().removeprefix("SKIP: "))
    if done.returncode:
        raise SystemExit(f"kafka.sh {verb}: {done.stdout}{done.stderr}")
