"""A service manager of a test's own: the socket that sd_notify(3) writes to, and a clock for patience."""
import os
import socket
import time


class Listener:
    def __init__(self, folder):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []  # every assignment, in order
        self.seen = 0    # how many of them a wait has looked at

    def environment(self, watchdog_ms=None):
        ours = dict(os.environ, NOTIFY_SOCKET=self.path)
        if watchdog_ms:
            ours["WATCHDOG_USEC"] = str(watchdog_ms * 1000)
        return ours

    def wait(self, start, seconds=30):
        """The next assignment not yet looked at that starts so; None if it does not come in time."""
        end = time.monotonic() + seconds
        while True:
            while self.seen < len(self.heard):
                self.seen += 1
                if self.heard[self.seen - 1].startswith(start):
                    return self.heard[self.seen - 1]
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                self.heard += self.socket.recv(8192).decode().splitlines()
            except socket.timeout:
                return None

    def listen(self, seconds):
        """Everything said in that time."""
        before = len(self.heard)
        self.wait("\0", seconds)
        return self.heard[before:]
