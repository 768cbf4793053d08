"""A proxy between clients and one broker that knows which request it passes on, and does harm to chosen
ones. The broker advertises the proxy's address on a listener of its own, so clients come back to it."""
import socket
import struct
import threading
import time

KEYS = {"Produce": 0, "InitProducerId": 22, "AddPartitionsToTxn": 24, "AddOffsetsToTxn": 25, "EndTxn": 26,
        "TxnOffsetCommit": 28}
HARMS = ("delay", "lose the request", "lose the answer", "cut before", "cut after")
# Where in the next transaction a request of the one before arrives, at its worst: an end between the records
# and their offsets, offsets after those that are right.
LATE_AT = {"Produce": "TxnOffsetCommit", "InitProducerId": "EndTxn", "AddPartitionsToTxn": "TxnOffsetCommit",
           "AddOffsetsToTxn": "TxnOffsetCommit", "EndTxn": "AddOffsetsToTxn", "TxnOffsetCommit": "EndTxn"}


class Rule:
    """The next `count` requests of this kind, of this client or of any."""

    def __init__(self, key, harm, count=1, seconds=1.5, client=None):
        self.key, self.harm, self.count, self.seconds, self.client = KEYS[key], harm, count, seconds, client
        self.met = threading.Event()

    def concerns(self, key, client):
        return self.key == key and self.client in (None, client)


class Late(Rule):
    """A request whose connection is cut for the client, which sends it again; the broker gets it in the next
    transaction of this client. `stops`: from then on nothing more of this client gets through until `release`."""

    def __init__(self, key, stops=False, client=None):
        super().__init__(key, "late", client=client)
        self.at, self.stops = KEYS[LATE_AT[key]], stops
        self.over = key == "InitProducerId"  # the transaction that it was a request of
        self.sent = False
        self.answered, self.release = threading.Event(), threading.Event()
        self.broker = self.frame = None

    def take(self, client, broker, frame):
        self.client, self.broker, self.frame = client, broker, frame

    def pass_on(self, key, client):
        """Called before another request is passed on."""
        if self.broker is None or client != self.client:
            return
        if self.sent:
            if self.stops:
                self.met.set()
                self.release.wait()
        elif self.over and key == self.at:
            time.sleep(0.3)  # what was sent before, and on other connections, arrives before
            self.broker.sendall(self.frame)
            if not self.answered.wait(10):
                print("a late request was not answered")
            self.sent = True
            if not self.stops:
                self.met.set()
        elif key == KEYS["EndTxn"]:
            self.over = True


class Link:
    """A client's connection and that to the broker which belongs to it."""

    def __init__(self, client, broker):
        self.client, self.broker = client, broker
        self.lost = set()  # correlation ids whose answers nobody is to see
        self.cut = set()   # the same, and the connection ends
        self.late = None   # the client is cut off, the broker is not

    def close(self):
        for end in (self.client, self.broker):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()


class Proxy:
    def __init__(self, port, to):
        self.to = to
        self.rules = []
        self.late = []
        self.passed = 0   # bytes so far
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
            if rule.harm == "late":
                self.late.append(rule)
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
            link = Link(client, broker)
            for way in (self.requests, self.answers):
                threading.Thread(target=self.guard, args=(way, link), daemon=True).start()

    def guard(self, way, link):
        try:
            way(link)
        except OSError:
            pass
        link.close()

    def requests(self, link):
        while (frame := self.frame(link.client)) is not None:
            key, = struct.unpack_from(">h", frame, 4)
            correlation, length = struct.unpack_from(">ih", frame, 8)
            name = frame[14:14 + max(length, 0)].decode()
            if key in KEYS.values():
                for late in list(self.late):
                    late.pass_on(key, name)
            rule = self.match(key, name)
            if rule is None:
                link.broker.sendall(frame)
                continue
            if rule.harm == "late":
                link.late = (correlation, rule)
                rule.take(name, link.broker, frame)
                link.client.shutdown(socket.SHUT_RDWR)
                rule.answered.wait()
                return
            if rule.harm == "delay":
                time.sleep(rule.seconds)
            elif rule.harm == "lose the answer":
                link.lost.add(correlation)
            elif rule.harm == "cut after":
                link.cut.add(correlation)
            rule.client = name
            if rule.harm == "cut before":
                rule.met.set()
                return
            if rule.harm != "lose the request":
                link.broker.sendall(frame)
            rule.met.set()

    def answers(self, link):
        while (frame := self.frame(link.broker)) is not None:
            correlation, = struct.unpack_from(">i", frame, 4)
            if correlation in link.cut:
                return
            if link.late:
                if correlation == link.late[0]:
                    link.late[1].answered.set()
            elif correlation not in link.lost:
                link.client.sendall(frame)

    def match(self, key, client):
        with self.lock:
            for rule in self.rules:
                if rule.concerns(key, client) and rule.count > 0:
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
        with self.lock:
            self.passed += len(body)
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
