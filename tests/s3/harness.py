"""Starts Holdfast as a user does and hands out clients for it.

Environment:
  HF_TEST_BINARY         the program (default: build/release/holdfast below the root)
  HF_TEST_ENDPOINT  talk to a server that runs already instead of starting one
  HF_TEST_SIZE      small (default: minutes in all) or full (gigabytes, thousands of files)
"""

import atexit
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid
from pathlib import Path

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("HF_TEST_BINARY", ROOT / "build/release/holdfast"))
ACCESS_KEY = "test-access-key"
SECRET_KEY = "test-secret-key-with-some-length"
REGION = "us-east-1"
GIVEN_ENDPOINT = os.environ.get("HF_TEST_ENDPOINT")
FULL = os.environ.get("HF_TEST_SIZE", "small") == "full"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PART_BYTES_MIN = 5 * MIB
BOTO_VERSION = tuple(int(piece) for piece in botocore.__version__.split(".")[:2])
START_SECONDS = 180
STOP_SECONDS = 180


def sized(small, full):
    """A number for a quick run and one for a full run."""
    return full if FULL else small


class Server:
    """A server process with a data directory of its own (or a given one) and free ports."""

    def __init__(self, *settings, data=None, environment=None):
        self.scratch = Path(tempfile.mkdtemp(prefix="holdfast-test-"))
        self.data = Path(data) if data else self.scratch / "data"
        self.log_path = self.scratch / "log"
        self.settings = settings
        self.environment = environment or {}
        self.process = None
        self.start_ended_with = None  # the exit code of a start that ended before it was ready
        self.endpoint = self.admin_endpoint = None

    def command(self):
        settings = ["server.port=0", "admin.port=0", f"storage.directory={self.data}", "log.format=json",
                    "storage.segment_bytes=128MiB", "storage.free_bytes_min=16MiB",
                    "storage.unclean_starts_max=0",  # crash tests kill far more often than any crash loop
                    "limits.idle_timeout=1h",  # clients that try once must not meet a connection's end
                    *self.settings]
        return [str(BINARY), "serve"] + [piece for setting in settings for piece in ("--set", setting)]

    def launch(self):
        """Starts the process without waiting for anything."""
        environment = {**os.environ, "HOLDFAST_ROOT_ACCESS_KEY": ACCESS_KEY,
                       "HOLDFAST_ROOT_SECRET_KEY": SECRET_KEY, **self.environment}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=environment, cwd=self.scratch)
        return self

    def start(self):
        """Starts it and waits for its line `ready`, which also says where it listens."""
        seen = self.log_path.stat().st_size if self.log_path.exists() else 0
        self.start_ended_with = None
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ready = self._ready_line(seen)
            if ready:
                self.endpoint, self.admin_endpoint = ready["endpoint"], ready["admin_endpoint"]
                return self
            self.start_ended_with = self.process.poll()
            if self.start_ended_with is not None:
                break
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"the server did not get ready:\n{self.log()}")

    def _ready_line(self, seen):
        with open(self.log_path, "rb") as log:
            log.seek(seen)
            for line in log.read().decode(errors="replace").splitlines():
                if '"ready"' in line and line.startswith("{"):
                    try:
                        found = json.loads(line)
                    except ValueError:  # not written to its end yet
                        return None
                    if "endpoint" in found:
                        return found
        return None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def kill(self):
        """Ends it at once, as a crash would."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        """Asks it to end and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def remove(self):
        shutil.rmtree(self.scratch, ignore_errors=True)


class Running:
    """A server that runs already; looks like Server."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.admin_endpoint = None


_shared = None
_session = boto3.session.Session()  # one for all clients: each would read the same models again


def server():
    """The one server that most tests of this process share; it must end well when they are done."""
    global _shared
    if _shared is None:
        if GIVEN_ENDPOINT:
            _shared = Running(GIVEN_ENDPOINT)
        else:
            _shared = Server("server.domains=s3.localhost").start()
            atexit.register(_stop_shared)
    return _shared


def _stop_shared():
    code = _shared.stop()
    if code != 0:
        print(f"the shared server ended with {code}:\n{_shared.log()[-4000:]}")
        os._exit(1)
    _shared.remove()


def client(endpoint=None, addressing="path", secret=SECRET_KEY, access=ACCESS_KEY, **options):
    """A boto3 client that shows every error: no retries."""
    config = Config(signature_version="s3v4", s3={"addressing_style": addressing},
                    retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=120, **options)
    return _session.client(
        "s3", endpoint_url=endpoint or server().endpoint, region_name=REGION, aws_access_key_id=access,
        aws_secret_access_key=secret, config=config)


def resource(endpoint=None):
    return boto3.session.Session().resource(
        "s3", endpoint_url=endpoint or server().endpoint, region_name=REGION,
        aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))


def payload(size, seed=0):
    """Bytes that do not compress and differ for each seed."""
    return random.Random(f"{size}-{seed}").randbytes(size)


def md5(data):
    return hashlib.md5(data).hexdigest()


def new_bucket_name():
    return f"test-{uuid.uuid4().hex[:20]}"


def add_headers(operation_client, event, headers):
    """Sends headers that the client library has no parameter for; they are signed."""
    def add(request, **_):
        for name, value in headers.items():
            request.headers.add_header(name, value)
    operation_client.meta.events.register_first(f"before-sign.s3.{event}", add)


class S3TestCase(unittest.TestCase):
    """A test with a client and a bucket of its own."""

    @classmethod
    def setUpClass(cls):
        cls.s3 = client()

    def setUp(self):
        self.bucket = self.new_bucket()

    def new_bucket(self):
        name = new_bucket_name()
        self.s3.create_bucket(Bucket=name)
        return name

    def put(self, key, body=b"content", **parameters):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **parameters)

    def get(self, key, **parameters):
        return self.s3.get_object(Bucket=self.bucket, Key=key, **parameters)

    def read(self, key, **parameters):
        return self.get(key, **parameters)["Body"].read()

    def refused(self, status, code, call, *arguments, **parameters):
        """The error that the call must end with."""
        with self.assertRaises(ClientError) as caught:
            call(*arguments, **parameters)
        response = caught.exception.response
        self.assertEqual((response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]),
                         (status, code), response)
        return response

    def missing(self, key):
        self.refused(404, "NoSuchKey", self.get, key)

    # Multipart uploads.

    def create(self, key, **parameters):
        return self.s3.create_multipart_upload(Bucket=self.bucket, Key=key, **parameters)["UploadId"]

    def part(self, key, upload, number, body, **parameters):
        return self.s3.upload_part(Bucket=self.bucket, Key=key, UploadId=upload, PartNumber=number,
                                   Body=body, **parameters)

    def complete(self, key, upload, parts, **parameters):
        """parts: answers of UploadPart by their numbers. The checksums that newer libraries add to each
        part are not repeated, because the uploads were created without an algorithm (CPL-22)."""
        listed = [{"PartNumber": number, "ETag": answer["ETag"]} for number, answer in parts.items()]
        return self.s3.complete_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload,
                                                 MultipartUpload={"Parts": listed}, **parameters)

    def multipart(self, key, bodies, **parameters):
        """A whole upload of parts 1, 2, …; returns the answer of Complete."""
        upload = self.create(key, **parameters)
        parts = {number: self.part(key, upload, number, body) for number, body in enumerate(bodies, 1)}
        return self.complete(key, upload, parts)

    def open_uploads(self):
        return self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])
