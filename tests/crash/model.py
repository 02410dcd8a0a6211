"""What the clients of the crash test know: which states of a key and of an upload are allowed.

An acknowledged operation must be seen; one whose answer never came may have happened or not, but as a
whole, and once it was seen either way it stays so (P1 to P7 of the durability contract).
"""

import copy
import hashlib
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Content:
    """What an object is expected to be; ABSENT is no object."""
    digest: str
    size: int
    etag: str
    metadata: tuple  # sorted pairs

    @staticmethod
    def of(body, etag, metadata):
        return Content(hashlib.sha256(body).hexdigest(), len(body), etag, tuple(sorted(metadata.items())))


ABSENT = None


@dataclass
class Upload:
    """An upload whose Create was acknowledged."""
    key: str
    upload_id: str
    metadata: dict
    parts: dict = field(default_factory=dict)  # number -> set of allowed etags (None: not there)
    state: str = "open"  # "open", "completed", "aborted", or "in doubt: completed|aborted"
    complete_parts: list = field(default_factory=list)
    complete_etag: str = ""
    content: Content = None
    restarts_seen: int = 0  # since it was completed or aborted


class Expected:
    """Allowed states of every key, and all uploads. One writer owns a key at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.keys = {}  # key -> set of allowed Content/ABSENT
        self.uploads = {}  # upload id -> Upload
        self.acknowledged = self.in_doubt = 0

    def copy(self):
        """What is known at this moment. Writers may be at work: what they begin meanwhile is in doubt at most."""
        other = Expected()
        with self.lock:
            other.keys, other.uploads = copy.deepcopy((self.keys, self.uploads))
            other.acknowledged, other.in_doubt = self.acknowledged, self.in_doubt
        return other

    def allowed(self, key):
        return self.keys.get(key, {ABSENT})

    def begin(self, key, new):
        """From now on the new state may be seen as well."""
        with self.lock:
            self.keys[key] = set(self.allowed(key)) | {new}
            self.in_doubt += 1

    def acknowledge(self, key, new):
        """From now on only the new state may be seen."""
        with self.lock:
            self.keys[key] = {new}
            self.in_doubt -= 1
            self.acknowledged += 1

    def set_part(self, upload, number, etags):
        """From now on any of these may be seen, and nothing else."""
        with self.lock:
            upload.parts[number] = etags

    def set_state(self, upload, state):
        with self.lock:
            upload.state = state

    def settle(self, key, seen):
        """An observation decides what was in doubt, for ever (P5). False: this may not be seen."""
        with self.lock:
            if seen not in self.allowed(key):
                return False
            self.keys[key] = {seen}
            return True
