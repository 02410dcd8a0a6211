"""The AWS SDK for JavaScript v3 and minio-js; their tests are in javascript/. HF_TEST_NODE_MODULES names
the folder where their packages are installed."""

import os
import shutil
import unittest
from pathlib import Path

from clients import ClientTestCase, needs

SOURCES = Path(__file__).parent / "javascript"
MODULES = os.environ.get("HF_TEST_NODE_MODULES", "")


@needs("node")
@unittest.skipUnless(MODULES, "HF_TEST_NODE_MODULES is not set")
class JavaScript(ClientTestCase):
    def run_file(self, name):
        """The packages are found beside the file, so the file is put beside them."""
        place = self.folder / "javascript"
        shutil.copytree(SOURCES, place)
        (place / "node_modules").symlink_to(MODULES)
        output = self.run_program("node", "--preserve-symlinks", place / name, HF_TEST_ENDPOINT=self.endpoint)
        for line in output.splitlines():
            with self.subTest(line.split(":")[0]):
                self.assertTrue(line.startswith("ok "), line)
        self.assertIn("ok errors have their", output)

    def test_aws_sdk(self):
        self.run_file("aws_sdk.mjs")

    def test_minio_js(self):
        self.run_file("minio_js.mjs")


if __name__ == "__main__":
    unittest.main()
