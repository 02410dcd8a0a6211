"""A server under a load it cannot serve, and what it costs it."""

import os
import resource
import socket
import sys
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "s3"))

import harness  # noqa: E402 (from the folder of the S3 tests)
import signing  # noqa: E402

MIB = harness.MIB
PAGE = resource.getpagesize()


def skip(test, why):
    """Not silently: what was not proved is told."""
    print(f"SKIPPED {test.id()}: {why}", flush=True)
    test.skipTest(why)


class Overload(unittest.TestCase):
    """Each test has a server of its own; SETTINGS are its limits."""

    SETTINGS = ()

    def setUp(self):
        self.server = self.make_server()
        self.addCleanup(self.server.remove)
        self.addCleanup(self.server.kill)
        self.server.start()
        self.s3 = harness.client(self.server.endpoint)
        self.s3.create_bucket(Bucket="load")

    def make_server(self):
        return harness.Server(*self.SETTINGS)

    def tearDown(self):
        """Whatever happened, it serves, and it ends well."""
        if self.server.process is None:
            return
        # That of the set-up has a connection that may be closed for being idle, just when it is used.
        s3 = harness.client(self.server.endpoint)
        s3.put_object(Bucket="load", Key="after", Body=b"after")
        self.assertEqual(s3.get_object(Bucket="load", Key="after")["Body"].read(), b"after")
        self.assertEqual(self.server.stop(), 0)
        self.assertNotIn("assert", self.server.log())

    def resident(self):
        pages = Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1]
        return int(pages) * PAGE

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def metric(self, series):
        with urllib.request.urlopen(self.server.admin_endpoint + "/metrics", timeout=20) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(series + " "):
                    return float(line.rsplit(" ", 1)[1])
        return 0.0

    def connect(self, timeout=30, receive_buffer=None):
        url = urllib.parse.urlsplit(self.server.endpoint)
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(timeout)
        connection.connect((url.hostname, url.port))
        return connection

    def request(self, method, path, query=(), headers=None, body=b""):
        return signing.Request(method, path, query, headers, body, endpoint=self.server.endpoint)


def receive_all(connection):
    """Until the other side closes, orderly or not."""
    received = b""
    while True:
        try:
            piece = connection.recv(1 << 16)
        except OSError:
            return received
        if not piece:
            return received
        received += piece


def receive_answer(connection):
    """(status, body) of one answer with a length; status 0 when the connection ended before."""
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            piece = connection.recv(1 << 16)
            if not piece:
                return 0, b""
            received += piece
        head, body = received.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            piece = connection.recv(1 << 16)
            if not piece:
                return 0, b""
            body += piece
        return int(head.split(b" ", 2)[1]), body
    except OSError:
        return 0, b""


def raise_descriptor_limit(wanted):
    """Whether this process may open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted:
        return True
    if hard < wanted:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return True
