"""A server of a build with failpoints: it can be told to crash at a named place, or to be broken in a known way.

Environment: HF_FAILPOINT_BINARY, a build with HF_FAILPOINTS (default: build/dev/holdfast below the root).
"""

import os
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import ROOT, Server

FAILPOINT_BINARY = Path(os.environ.get("HF_FAILPOINT_BINARY", ROOT / "build/dev/holdfast"))

MEMORY = "/dev/shm"


def skip_loudly(why):
    """For tests that this machine cannot run: the run script's reader must see what was not tested."""
    print(f"\nSKIPPED: {why}", flush=True)  # a line of its own behind unittest's dots
    raise unittest.SkipTest(why)


def require_failpoints():
    if not FAILPOINT_BINARY.is_file():
        skip_loudly(f"{FAILPOINT_BINARY} is not there (HF_FAILPOINT_BINARY)")
    if b"HOLDFAST_TEST_BREAK" not in FAILPOINT_BINARY.read_bytes():
        skip_loudly(f"{FAILPOINT_BINARY} was built without failpoints")


class FailpointServer(Server):
    """log_in_memory: for what is read from its last line, which an ending process waits for half a second only. A
    disk under load may take longer."""

    def __init__(self, *settings, failpoints="", broken="", log_in_memory=False, **options):
        super().__init__(*settings, **options)
        self.environment = {**self.environment, "HOLDFAST_FAILPOINTS": failpoints,
                            "HOLDFAST_TEST_BREAK": broken}
        self.memory = None
        if log_in_memory and os.access(MEMORY, os.W_OK):
            self.memory = Path(tempfile.mkdtemp(prefix="holdfast-test-", dir=MEMORY))
            self.log_path = self.memory / "log"

    def command(self):
        return [str(FAILPOINT_BINARY), *super().command()[1:]]

    def remove(self):
        super().remove()
        if self.memory:
            shutil.rmtree(self.memory, ignore_errors=True)
