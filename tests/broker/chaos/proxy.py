"""A proxy between clients and one broker that knows which request it passes on, and does harm to chosen
ones. The broker advertises the proxy's address on a listener of its own, so clients come back to it."""
import socket
import struct
import threading
import time

KEYS = {"Produce": 0, "InitProducerId": 22, "AddPartitionsToTxn": 24, "AddOffsetsToTxn": 25, "EndTxn": 26,
        "TxnOffsetCommit": 28}
HARMS = ("delay", "lose the request", "lose the answer", "cut before", "cut after")


class Rule:
    """The next `count` requests of this kind."""

    def __init__(self, key, harm, count=1, seconds=1.5):
        self.key, self.harm, self.count, self.seconds = KEYS[key], harm, count, seconds
        self.met = threading.Event()


class Proxy:
    def __init__(self, port, to):
        self.to = to
        self.rules = []
        self.rate = None  # bytes a second to and from the broker, all connections together
        self.lock = threading.Lock()
        self.free_at = 0.0
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def end(self):
        self.listener.close()

    def harm(self, rule):
        with self.lock:
            self.rules.append(rule)
        return rule

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(self.to, timeout=10)
                broker.settimeout(None)
            except OSError:
                client.close()
                continue
            for end in (client, broker):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            lost = set()  # correlation ids whose answers nobody is to see
            cut = set()
            for way in (self.requests, self.answers):
                threading.Thread(target=self.guard, args=(way, client, broker, lost, cut), daemon=True).start()

    def guard(self, way, client, broker, lost, cut):
        try:
            way(client, broker, lost, cut)
        except OSError:
            pass
        for end in (client, broker):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def requests(self, client, broker, lost, cut):
        while (frame := self.frame(client)) is not None:
            key, = struct.unpack_from(">h", frame, 4)
            correlation, = struct.unpack_from(">i", frame, 8)
            rule = self.match(key)
            if rule is None:
                broker.sendall(frame)
                continue
            if rule.harm == "delay":
                time.sleep(rule.seconds)
            elif rule.harm == "lose the answer":
                lost.add(correlation)
            elif rule.harm == "cut after":
                cut.add(correlation)
            if rule.harm == "cut before":
                rule.met.set()
                return
            if rule.harm != "lose the request":
                broker.sendall(frame)
            rule.met.set()

    def answers(self, client, broker, lost, cut):
        while (frame := self.frame(broker)) is not None:
            correlation, = struct.unpack_from(">i", frame, 4)
            if correlation in cut:
                return
            if correlation not in lost:
                client.sendall(frame)

    def match(self, key):
        with self.lock:
            for rule in self.rules:
                if rule.key == key and rule.count > 0:
                    rule.count -= 1
                    if rule.count == 0:
                        self.rules.remove(rule)
                    return rule
        return None

    def frame(self, end):
        head = self.exactly(end, 4)
        if head is None:
            return None
        body = self.exactly(end, struct.unpack(">i", head)[0])
        if body is None:
            return None
        if self.rate:
            with self.lock:
                self.free_at = max(self.free_at, time.monotonic()) + len(body) / self.rate
                wait = self.free_at - time.monotonic()
            time.sleep(max(0.0, wait))
        return head + body

    @staticmethod
    def exactly(end, count):
        parts = []
        while count > 0:
            part = end.recv(min(count, 1 << 20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
