"""Holds a server still: nothing is acknowledged from here on, and nothing that was is unknown."""

import signal
import time
from pathlib import Path

FREEZE_SECONDS = 20
QUIET_SECONDS = 0.1


def freeze(process):
    """Returns when no thread of it runs."""
    process.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + FREEZE_SECONDS
    while not all(_is_stopped(task) for task in Path(f"/proc/{process.pid}/task").iterdir()):
        if time.monotonic() > deadline:
            raise RuntimeError("the server does not freeze")
        time.sleep(0.002)


def _is_stopped(task):
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return True


def thaw(process):
    process.send_signal(signal.SIGCONT)


def wait_until_clients_wait(expected):
    """Until the clients of a frozen server have read the answers that were on their way."""
    before = None
    while before != (now := (expected.acknowledged, expected.in_doubt)):
        before = now
        time.sleep(QUIET_SECONDS)
