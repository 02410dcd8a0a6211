"""Writers on a server that is about to die, and the check of the one that comes after it."""

from harness import client
from verifier import Verifier
from writers import Writer

WRITERS = 6
JOIN_SECONDS = 60


class Load:
    """Starts at once; ends when the server does."""

    def __init__(self, endpoint, bucket, expected, seed, writers=WRITERS):
        self.writers = [Writer(n, client(endpoint, max_pool_connections=4), bucket, expected, f"{seed}-{n}")
                        for n in range(writers)]
        for writer in self.writers:
            writer.start()

    def is_running(self):
        return any(writer.is_alive() for writer in self.writers)

    def join(self):
        """What went wrong, apart from the server being gone. REQUIRES: the server is killed."""
        for writer in self.writers:
            writer.stopping = True
        for writer in self.writers:
            writer.join(JOIN_SECONDS)
            if writer.is_alive():
                return f"writer {writer.number} hangs"
        return next((writer.problem for writer in self.writers if writer.problem), None)


def complaints_about(endpoint, bucket, expected):
    return Verifier(client(endpoint, max_pool_connections=4), bucket, expected).run()
