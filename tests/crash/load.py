"""Writers on a server that is about to die, and the check of the one that comes after it."""

import functools
import time

from harness import client
from verifier import Verifier
from writers import Writer

WRITERS = 6
JOIN_SECONDS = 60
ACKNOWLEDGE_SECONDS = 60


@functools.lru_cache(maxsize=1)
def client_of(endpoint):
    """Making one takes longer than a restart, and many threads can use it."""
    return client(endpoint, max_pool_connections=WRITERS + 2)


class Load:
    """Starts at once; ends when the server does. may_fail: see Writer."""

    def __init__(self, endpoint, bucket, expected, seed, may_fail=False):
        s3 = client_of(endpoint)
        self.expected = expected
        self.writers = [Writer(n, s3, bucket, expected, f"{seed}-{n}", may_fail) for n in range(WRITERS)]
        for writer in self.writers:
            writer.start()

    def wait_for(self, acknowledged):
        """Until so many of the expected operations are; not for ever, as the server may be at its end."""
        deadline = time.monotonic() + ACKNOWLEDGE_SECONDS
        while self.expected.acknowledged < acknowledged and time.monotonic() < deadline:
            time.sleep(0.01)

    def allow_failures(self):
        """From here on the test makes the server fail, or end."""
        for writer in self.writers:
            writer.may_fail = True

    def join(self):
        """What went wrong, apart from the server being gone. REQUIRES: the server is killed."""
        for writer in self.writers:
            writer.stopping = True
        for writer in self.writers:
            writer.join(JOIN_SECONDS)
            if writer.is_alive():
                return f"writer {writer.number} hangs"
        return next((writer.problem for writer in self.writers if writer.problem), None)


def complaints_about(server, bucket, expected):
    """About a server that was started after a crash: also when it does not take writes again."""
    return Verifier(client_of(server.endpoint), server.admin_endpoint, bucket, expected).run()
