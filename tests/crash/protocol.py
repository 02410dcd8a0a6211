"""The rules of the write path as statements about system calls (C5; durability 2.1 to 2.3).

Everything that a request wrote must be durable before the first byte of its 2xx is handed to the socket.
On a machine that stays up nobody can see whether it was; the order of the system calls shows it.
"""

import re

WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2", "ftruncate"}
SYNCS = {"fdatasync", "fsync"}
RECEIVES = {"recvfrom", "recvmsg", "read", "readv"}
SENDS = {"sendmsg", "sendto", "write", "writev"}
# Nothing that an answer promises: the high-water mark is a lower bound, synced each second (2.6), and of the
# index only the log is; its tables repeat in the background what the log says.
NOT_PROMISED = re.compile(r"/highwater$|/index(/(?!.*\.log$).*)?$")
CREATED = re.compile(r'^AT_FDCWD<.*?>, "([^"]+)", [^,]*O_CREAT[^,]*')


class Exchange:
    """What happened between the first byte of one request and the first byte of its answer."""

    def __init__(self, calls, data):
        self.data = str(data)
        self.acknowledged = next((c.began for c in calls if c.name in SENDS and '"HTTP/1.1 2' in c.text), None)
        if self.acknowledged is None:
            raise AssertionError("no 2xx was seen")
        self.received = next(c.began for c in calls if c.name in RECEIVES and "socket:" in c.path)
        self.calls = [c for c in calls if self.received <= c.began < self.acknowledged]

    def _in_data(self, path):
        return f"{path}/".startswith(self.data + "/") and not NOT_PROMISED.search(path)

    def writes(self):
        return [c for c in self.calls if c.name in WRITES and self._in_data(c.path)]

    def syncs(self):
        """Only those that returned, with success, before the answer."""
        return [c for c in self.calls if c.name in SYNCS and self._in_data(c.path) and c.succeeded()
                and c.ended < self.acknowledged]

    def files_made(self):
        """(path, call)"""
        made = []
        for call in self.calls:
            found = CREATED.match(call.text) if call.name == "openat" and call.succeeded() else None
            if found and self._in_data(found[1]) and "O_EXCL" in call.text:
                made.append((found[1], call))
        return made

    def gives_space_back(self):
        return [c for c in self.calls if (c.name == "fallocate" and "PUNCH_HOLE" in c.text and self._in_data(c.path))
                or (c.name == "unlink" and ".segment" in c.text)]

    def synced_after(self, path, place):
        return any(c.path == path and c.began > place for c in self.syncs())

    def complaints(self):
        return [*self._unsynced_writes(), *self._nameless_files(), *self._wrong_order()]

    def _unsynced_writes(self):
        found = []
        for write in self.writes():
            if write.ended is None or not self.synced_after(write.path, write.ended):
                found.append(f"not synced before the answer: {write.name} to {write.path}")
        return found

    def _nameless_files(self):
        return [f"the directory of the new file {path} is not synced before the answer"
                for path, call in self.files_made() if not self.synced_after(path.rpartition("/")[0], call.ended)]

    def _wrong_order(self):
        """Blobs are durable before the log names them; what the log drops goes only after that."""
        log_writes = [c for c in self.writes() if c.path.endswith(".log")]
        log_syncs = [c for c in self.syncs() if c.path.endswith(".log")]
        found = []
        for blob in (c for c in self.writes() if c.path.endswith(".segment") and log_writes):
            if not any(s.path == blob.path and s.began > blob.ended and s.ended < log_writes[-1].began
                       for s in self.syncs()):
                found.append(f"the log names a blob that is not durable: {blob.path}")
        for call in self.gives_space_back():
            if not any(s.ended < call.began for s in log_syncs):
                found.append(f"space is given back before the log says so: {call.name}")
        return found
