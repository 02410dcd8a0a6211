"""What the tests of command-line clients share: a bucket, a scratch folder, running a program."""

import hashlib
import os
import shutil
import subprocess
import unittest
from pathlib import Path

import harness
from harness import ACCESS_KEY, REGION, SECRET_KEY, S3TestCase


def needs(program):
    """Skips a test class when its client is not installed."""
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


def file_digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def write_random(path, size, seed=0):
    """A file of incompressible bytes, made piece by piece so that it may be large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        number = 0
        while size > 0:
            piece = harness.payload(min(size, 8 << 20), f"{seed}-{number}")
            file.write(piece)
            size -= len(piece)
            number += 1
    return path


def tree(folder):
    """Relative path -> digest of every file below the folder."""
    return {str(path.relative_to(folder)): file_digest(path) for path in Path(folder).rglob("*") if path.is_file()}


class ClientTestCase(S3TestCase):
    """A test that runs programs in a folder of its own, with credentials in the environment."""

    def setUp(self):
        super().setUp()
        import tempfile
        folder = tempfile.TemporaryDirectory(prefix="holdfast-client-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.endpoint = harness.server().endpoint
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {
            **foreign, "HOME": str(self.folder), "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"}

    def run_program(self, *command, expect=0, seconds=900, **environment):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, cwd=self.folder, timeout=seconds,
                              env={**self.environment, **environment})
        self.assertEqual(done.returncode, expect, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def small_tree(self, files, name="tree"):
        """Folders with files around the size that is stored inline, and odd names."""
        root = self.folder / name
        names = [f"{number % 10}/file {number:04}" for number in range(files)] + ["ü/ä&b+c%.txt", "empty"]
        for number, relative in enumerate(names):
            path = write_random(root / relative, 0 if relative == "empty" else (number * 397) % 40000, number)
            # Older than any upload: dates in listings are whole seconds, and a file of the same second
            # would look newer than its object to a client that compares them.
            os.utime(path, (1_700_000_000, 1_700_000_000))
        return root
