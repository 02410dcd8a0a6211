"""C3: power failures on real file systems, each one checked against what clients were promised.

Environment: HF_POWER_CYCLES (20 for each file system), HF_POWER_SEED (drawn and printed), HF_TEST_BINARY,
HF_FAILPOINT_BINARY for the self-check.

One cycle: writers on a running server; the server is frozen, so that nothing is acknowledged any more; the
file system is shut down without writing its journal; the server is killed, the file system mounted again, the
server started, everything compared with what the clients know. Without the freeze a client may hear of
success from a sync that the shutdown cut off, and a loss is reported that was none.
"""

import atexit
import os
import random
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from failpoint_server import FailpointServer, require_failpoints, skip_loudly  # noqa: E402
from harness import Server, client  # noqa: E402 (from the folder of the S3 tests)
from freeze import freeze  # noqa: E402
from load import Load, complaints_about  # noqa: E402
from model import Expected  # noqa: E402
from volume import Volume, why_no_volume  # noqa: E402

CYCLES = int(os.environ.get("HF_POWER_CYCLES", "20"))
SEED = int(os.environ.get("HF_POWER_SEED", random.SystemRandom().randrange(2**32)))
CYCLES_OF_A_VOLUME = 20  # uploads that nobody ends would fill it
SECOND_FAILURES = 0.25  # of the cycles: the power fails again while the server recovers
SELF_CHECK_CYCLES = 5
SELF_CHECK_ACKNOWLEDGED = 20  # what can be lost, in each of them
BATCHED_EVERY = 4  # of the cycles, one with the durability that promises the same
BUCKET = "power"


class Machine:
    """A volume, the server on it and what its clients know: it lives through many power failures."""

    def __init__(self, kind, make_server):
        self.volume = Volume(kind)
        self.server = None
        try:
            self.server = make_server(self.volume.mount_point / "data")
            self.server.start()
            self.expected = Expected()
            client(self.server.endpoint).create_bucket(Bucket=BUCKET)
        except BaseException:
            self.remove()
            raise

    def cycle(self, seed, seconds, acknowledged=0):
        """What is wrong after a power failure; a server that does not start is wrong, too.

        acknowledged: at least so many operations, however long they take.
        """
        before = self.expected.acknowledged
        load = Load(self.server.endpoint, BUCKET, self.expected, seed)
        time.sleep(seconds)  # the random moment is the point of this test
        load.wait_for(before + acknowledged)
        self.fail_power()
        problem = load.join()
        if problem:
            return [problem]
        if random.Random(seed).random() < SECOND_FAILURES:
            self.server.launch()
            time.sleep(random.Random(seed).uniform(0, 0.2))  # during the recovery (C6)
            self.fail_power()
        try:
            self.server.start()
        except RuntimeError as error:
            return [f"P12: {error}"]
        return complaints_about(self.server, BUCKET, self.expected)

    def fail_power(self):
        freeze(self.server.process)
        self.volume.cut_power()
        self.server.kill()
        self.volume.unmount()
        self.volume.mount()

    def remove(self):
        if self.server:
            self.server.kill()
            self.server.remove()
        self.volume.remove()


class Power(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (HF_POWER_SEED), {CYCLES} power failures for each file system", flush=True)

    def machine(self, kind, make_server):
        machine = Machine(kind, make_server)
        self.addCleanup(machine.remove)
        atexit.register(machine.remove)  # also when the run is interrupted
        return machine

    def survive(self, kind):
        why = why_no_volume(kind)
        if why:
            skip_loudly(f"power failures on {kind}: {why}")
        moments = random.Random(f"{SEED}-{kind}")
        acknowledged, started, machine = 0, time.monotonic(), None
        for number in range(CYCLES):
            if number % CYCLES_OF_A_VOLUME == 0:
                if machine:
                    acknowledged += machine.expected.acknowledged
                    machine.remove()
                machine = self.machine(kind, lambda data: Server(data=data))
            # The server that this power failure leads to is the one of the next cycle.
            batched = (number + 1) % BATCHED_EVERY == 0
            machine.server.settings = ("storage.durability=batched",) if batched else ()
            complaints = machine.cycle(f"{SEED}-{kind}-{number}", moments.choice((0.05, 0.2, 0.5)) *
                                       moments.uniform(0.5, 2))
            self.assertEqual(complaints, [], f"{kind}, cycle {number}, seed {SEED}\n{machine.server.log()[-4000:]}")
            if number % 10 == 9 or number + 1 == CYCLES:
                total = acknowledged + machine.expected.acknowledged
                print(f"{kind}: {number + 1} power failures, {total} acknowledged operations checked, "
                      f"{(time.monotonic() - started) / (number + 1):.2f} s each", flush=True)
        self.assertGreater(acknowledged + machine.expected.acknowledged, CYCLES)

    def catch(self, kind, broken):
        """A server without one of its syncs must lose something that is noticed."""
        why = why_no_volume(kind)
        if why:
            skip_loudly(f"self-check on {kind}: {why}")
        require_failpoints()
        machine = self.machine(kind, lambda data: FailpointServer(data=data, broken=broken))
        for number in range(SELF_CHECK_CYCLES):
            complaints = machine.cycle(f"{SEED}-{broken}-{number}", 0.7, SELF_CHECK_ACKNOWLEDGED)
            if complaints:
                print(f"{kind}: {broken} is caught in cycle {number + 1}: {complaints[0][:150]}", flush=True)
                return
        self.fail(f"{broken} is not noticed on {kind} in {SELF_CHECK_CYCLES} power failures, seed {SEED}")

    def test_nothing_acknowledged_is_lost_on_ext4_C3(self):
        self.survive("ext4")

    def test_nothing_acknowledged_is_lost_on_xfs_C3(self):
        self.survive("xfs")

    def test_self_check_a_missing_sync_of_segments_is_caught_on_ext4(self):
        self.catch("ext4", "blob_sync")

    def test_self_check_a_missing_sync_of_segments_is_caught_on_xfs(self):
        self.catch("xfs", "blob_sync")

    def test_self_check_a_missing_sync_of_the_log_is_caught_on_ext4(self):
        self.catch("ext4", "wal_sync")

    def test_self_check_a_missing_sync_of_the_log_is_caught_on_xfs(self):
        self.catch("xfs", "wal_sync")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing stays mounted
    unittest.main()
