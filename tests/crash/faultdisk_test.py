"""C4: power failures below the file system: any part of what the disk had not flushed is there, or none of it.

Environment: HF_FAULTDISK_STATES (12 for each file system), HF_FAULTDISK_SEED (drawn and printed), HF_TEST_BINARY,
HF_FAULTDISK, HF_FAILPOINT_BINARY for the self-check.
"""

import atexit
import os
import random
import signal
import shutil
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

from failpoint_server import FailpointServer, require_failpoints, skip_loudly  # noqa: E402
from faultdisk import PROGRAM, FaultDisk, Replay  # noqa: E402
from freeze import freeze, thaw, wait_until_clients_wait  # noqa: E402
from harness import Server, client  # noqa: E402 (from the folder of the S3 tests)
from load import Load, complaints_about  # noqa: E402
from model import Expected  # noqa: E402
from volume import MIB, Volume, make, why_no_volume  # noqa: E402

STATES = int(os.environ.get("HF_FAULTDISK_STATES", "12"))
SEED = int(os.environ.get("HF_FAULTDISK_SEED", random.SystemRandom().randrange(2**32)))
# What a server counts when its disk fails: writes that stopped, segments and blobs that were given up.
FAULTS = ("holdfast_storage_faults_total ", "holdfast_segment_dead_total ",
          'holdfast_segment_write_failures_total{reason="io"} ')
FAULT_SECONDS = 20
STATES_OF_A_MOMENT = 3
MOMENTS_OF_A_RUN = 4
SELF_CHECK_ACKNOWLEDGED = 20  # what can be lost, at each of its moments
IMAGE_BYTES = 1024 * MIB  # sparse; xfs keeps much of it for itself, and the writers must not fill it
BUCKET = "faultdisk"


def why_no_disk(kind):
    if not PROGRAM.is_file():
        return f"{PROGRAM} is not there (HF_FAULTDISK)"
    if not os.path.exists("/dev/fuse"):
        return "there is no FUSE"
    return why_no_volume(kind)


class Run:
    """A server on a fault disk under load, stopped at moments; then the disks that each could have left."""

    def __init__(self, kind, seed, make_server):
        self.kind, self.seed, self.make_server = kind, seed, make_server
        self.random = random.Random(f"{seed}")
        self.scratch = Path(tempfile.mkdtemp(prefix="holdfast-states-"))
        self.disk = self.volume = self.server = self.load = None
        self.moments = []  # (place in the log, what clients know)
        self.expected = Expected()

    def start(self):
        self.base = self.scratch / "base"
        with open(self.base, "wb") as file:
            file.truncate(IMAGE_BYTES)
        make(self.kind, self.base)
        self.disk = FaultDisk(self.base)
        self.volume = Volume(self.kind, image=self.disk.path, direct_io=True)
        self.server = self.make_server(self.volume.mount_point / "data")
        self.server.start()
        client(self.server.endpoint).create_bucket(Bucket=BUCKET)
        self.load = Load(self.server.endpoint, BUCKET, self.expected, self.seed)

    def remember_a_moment(self, seconds, acknowledged=0):
        """acknowledged: at least so many operations more, however long they take."""
        before = self.expected.acknowledged
        time.sleep(seconds)  # the random moment is the point of this test
        self.load.wait_for(before + acknowledged)
        freeze(self.server.process)
        place = self.disk.log_bytes()  # at once: the kernel goes on writing
        wait_until_clients_wait(self.expected)
        self.moments.append((place, self.expected.copy()))
        thaw(self.server.process)

    def end_load(self):
        """What is wrong with the answers that were given."""
        self.server.kill()
        problem = self.load.join()
        self.load = None
        self.volume.remove()
        self.volume = None
        self.disk.stop()
        return [problem] if problem else []

    def states(self, of_a_moment):
        """(complaints, how the disk was chosen) of each state."""
        replay = Replay(self.base, self.disk.log, self.scratch)
        try:
            for place, expected in self.moments:
                replay.advance(place)
                for _ in range(of_a_moment):
                    image, how = replay.image(self.random)
                    yield self.complaints_of(image, expected.copy()), how
        finally:
            replay.close()

    def complaints_of(self, image, expected):
        try:
            volume = Volume(self.kind, image=image)
        except RuntimeError as error:
            return [f"the file system: {error}"]
        server = Server(data=volume.mount_point / "data")
        try:
            server.start()
            return complaints_about(server, BUCKET, expected)
        except RuntimeError as error:
            return [f"P12: {error}"]
        finally:
            server.kill()
            server.remove()
            volume.remove()

    def remove(self):
        if self.server:
            if self.server.process:
                thaw(self.server.process)
            self.server.kill()
            self.server.remove()
        if self.load:
            self.load.join()
        for owned in (self.volume, self.disk):
            if owned:
                owned.remove()
        shutil.rmtree(self.scratch, ignore_errors=True)


class FaultDisks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (HF_FAULTDISK_SEED), {STATES} states for each file system", flush=True)

    def run_on(self, kind, name, make_server=lambda data: Server(data=data)):
        why = why_no_disk(kind)
        if why:
            skip_loudly(f"fault disk with {kind}: {why}")
        one = Run(kind, f"{SEED}-{kind}-{name}", make_server)
        self.addCleanup(one.remove)
        atexit.register(one.remove)  # also when the run is interrupted
        one.start()
        return one

    def check_all(self, one, states):
        checked = 0
        for complaints, how in one.states(states):
            self.assertEqual(complaints, [], f"{one.kind}, {how}, seed {SEED}")
            checked += 1
        return checked

    def survive(self, kind):
        checked = acknowledged = number = 0
        started = time.monotonic()
        while checked < STATES:
            one = self.run_on(kind, number)
            for _ in range(MOMENTS_OF_A_RUN):
                one.disk.control(f"delay {one.random.choice((0, 5, 20))}")  # a slow one has more under way
                one.remember_a_moment(one.random.uniform(0.1, 1.5))
            self.assertEqual(one.end_load(), [])
            checked += self.check_all(one, STATES_OF_A_MOMENT)
            acknowledged += one.moments[-1][1].acknowledged
            one.remove()
            number += 1
            print(f"{kind}: {checked} states of {acknowledged} acknowledged operations checked, "
                  f"{(time.monotonic() - started) / checked:.2f} s each", flush=True)
        self.assertGreater(acknowledged, MOMENTS_OF_A_RUN)

    def survive_fault(self, kind, command):
        """The disk fails under load: writers hear of errors, and what was acknowledged is there."""
        one = self.run_on(kind, command)
        one.remember_a_moment(0.7)
        one.load.allow_failures()
        one.disk.control(command)
        one.remember_a_moment(1.5)
        self.assertTrue(self.met_a_fault(one.server), f"no fault reached the server, seed {SEED}")
        one.disk.control("honest")
        self.assertEqual(one.end_load(), [])
        self.check_all(one, 2)

    @staticmethod
    def met_a_fault(server):
        """Whether it counted one, or does so soon."""
        deadline = time.monotonic() + FAULT_SECONDS
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{server.admin_endpoint}/metrics", timeout=FAULT_SECONDS) as answer:
                for line in answer.read().decode().splitlines():
                    if line.startswith(FAULTS) and float(line.rpartition(" ")[2]) > 0:
                        print(f"the server met its fault: {line}", flush=True)
                        return True
            time.sleep(0.1)
        return False

    def catch(self, kind, name, make_server, command="honest"):
        """A disk that lies or a server without one of its syncs must lose something that is noticed."""
        one = self.run_on(kind, name, make_server)
        one.disk.control(command)
        for _ in range(2):
            one.remember_a_moment(1, SELF_CHECK_ACKNOWLEDGED)
        one.end_load()
        for complaints, how in one.states(5):
            if complaints:
                print(f"{kind}: {name} is caught with {how}: {complaints[0][:150]}", flush=True)
                return
        self.fail(f"{name} is not noticed on {kind}, seed {SEED}")

    def catch_broken(self, kind, broken):
        require_failpoints()
        self.catch(kind, broken, lambda data: FailpointServer(data=data, broken=broken))

    def test_nothing_acknowledged_is_lost_on_ext4_C4(self):
        self.survive("ext4")

    def test_nothing_acknowledged_is_lost_on_xfs_C4(self):
        self.survive("xfs")

    def test_nothing_acknowledged_is_lost_when_flushes_fail_C4(self):
        self.survive_fault("ext4", "fail-flushes")

    def test_nothing_acknowledged_is_lost_when_writes_fail_C4(self):
        self.survive_fault("xfs", "fail-writes")

    def test_nothing_acknowledged_is_lost_when_the_disk_is_slow_C4(self):
        """Slow is not broken: nobody hears of an error."""
        one = self.run_on("ext4", "slow")
        one.remember_a_moment(0.7)
        one.disk.control("delay 20")
        one.remember_a_moment(1.5)
        self.assertEqual(one.end_load(), [])
        self.check_all(one, 2)

    def test_self_check_flushes_that_lie_are_caught_on_ext4(self):
        self.catch("ext4", "lying flushes", lambda data: Server(data=data), "lie")

    def test_self_check_flushes_that_lie_are_caught_on_xfs(self):
        self.catch("xfs", "lying flushes", lambda data: Server(data=data), "lie")

    def test_self_check_a_missing_sync_of_segments_is_caught(self):
        self.catch_broken("ext4", "blob_sync")

    def test_self_check_a_missing_sync_of_the_log_is_caught(self):
        self.catch_broken("xfs", "wal_sync")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing stays mounted
    unittest.main()
