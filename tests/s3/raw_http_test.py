"""Bad input over a raw socket: nothing it does harms the server or leaves anything behind.

Rules: ORD-12, UP-09, CK-35; operations 3.2; durability 4 (limits).
"""

import socket
import time
import unittest

import harness
from harness import KIB, S3TestCase, md5, payload
from signing import STREAMING, Request


def exchange(data, half_close=True, seconds=60):
    """Sends bytes and returns all that comes back until the server closes."""
    target = Request("GET", "/")
    with socket.create_connection((target.host, target.port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # closed before all was sent: the answer may still be there
        received = b""
        while True:
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not piece:
                return received
            received += piece


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


class Malformed(S3TestCase):
    def tearDown(self):
        self.s3.head_bucket(Bucket=self.bucket)  # the server still answers

    def test_what_is_not_http_ends_the_connection(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"hello\r\n\r\n",
                     b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", b"\r\n" * 5 + b"\x00\x01\x02",
                     b"GET / HTTP/1.1\r\nHost a\r\n\r\n", b"GET / HTTP/1.1\r\n: empty\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a\r\nA\x00B: c\r\n\r\n", bytes(range(256)) * 16):
            with self.subTest(data[:20]):
                status = status_of(exchange(data))
                self.assertTrue(status is None or 400 <= status < 600, status)

    def test_lengths_that_disagree_are_refused(self):
        for lines in (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: -1\r\n",
                      b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 99999999999999999999\r\n",
                      b"Transfer-Encoding: gzip\r\n", b"Content-Length: 5x\r\n"):
            with self.subTest(lines):
                head = b"PUT /" + self.bucket.encode() + b"/k HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\nhello"
                status = status_of(exchange(head))
                self.assertTrue(status is None or 400 <= status < 600, status)
        self.missing("k")

    def test_no_second_request_is_smuggled(self):
        inner = Request("PUT", f"/{self.bucket}/smuggled", body=b"x").bytes()
        head = (f"POST /{self.bucket} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(inner)}\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n").encode()
        exchange(head + inner)
        self.missing("smuggled")

    def test_large_heads_are_refused(self):
        for head in (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"b" * 70000 + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(2000)) + b"\r\n"):
            self.assertIn(status_of(exchange(head)), (400, 414, 431, None))

    def test_several_requests_on_one_connection(self):
        first = Request("PUT", f"/{self.bucket}/a", body=b"1").bytes()
        second = Request("GET", f"/{self.bucket}/a", headers={"connection": "close"}).bytes()
        answer = exchange(first + second)
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 2, answer)
        self.assertTrue(answer.endswith(b"1"))


class NothingIsLeft(S3TestCase):
    """A body that is cut short or does not match changes neither objects nor parts."""

    BODY = payload(300 * KIB)

    def nothing(self):
        self.missing("k")
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def request(self, headers=None, query=()):
        return Request("PUT", f"/{self.bucket}/k", query, headers, self.BODY)

    def broken(self, query=()):
        """Byte streams of requests that must not succeed."""
        whole = self.request(query=query).bytes()
        for cut in (1, len(self.BODY) // 2, len(self.BODY) - 1):
            yield f"cut by {cut}", whole[:-cut]
        yield "wrong hash", self.request({"content-length": str(len(self.BODY))}, query).sign("1" * 64).bytes()
        yield "wrong md5", self.request({"content-md5": "AAAAAAAAAAAAAAAAAAAAAA=="}, query).bytes()
        yield "wrong crc", self.request({"x-amz-checksum-crc32": "AAAAAA=="}, query).bytes()
        pieces = [self.BODY[:64 * KIB], self.BODY[64 * KIB:]]
        yield "wrong chunk", self.request(query=query).stream(pieces, STREAMING, spoil_chunk=1).bytes()
        yield "cut chunks", self.request(query=query).stream(pieces, STREAMING).bytes()[:-90000]

    def test_objects(self):
        for name, data in self.broken():
            with self.subTest(name):
                self.assertNotEqual(status_of(exchange(data)), 200)
                self.nothing()

    def test_an_object_that_was_there_stays(self):
        self.put("k", b"old", Metadata={"a": "1"})
        for name, data in self.broken():
            with self.subTest(name):
                self.assertNotEqual(status_of(exchange(data)), 200)
                got = self.get("k")
                self.assertEqual((got["Body"].read(), got["Metadata"]), (b"old", {"a": "1"}))

    def test_parts_UP_09(self):
        upload = self.create("k")
        for before in (None, self.part("k", upload, 1, b"first")):
            for name, data in self.broken([("partNumber", "1"), ("uploadId", upload)] if before
                                          else [("partNumber", "2"), ("uploadId", upload)]):
                with self.subTest(name):
                    self.assertNotEqual(status_of(exchange(data)), 200)
                    parts = self.s3.list_parts(Bucket=self.bucket, Key="k", UploadId=upload)["Parts"]
                    self.assertEqual([(p["PartNumber"], p["ETag"]) for p in parts],
                                     [(1, f'"{md5(b"first")}"')])
        self.nothing()

    def test_expect_100_is_refused_before_the_body(self):
        """A refused request gets its answer without the body being asked for."""
        request = Request("PUT", f"/{harness.new_bucket_name()}/k", headers={
            "content-length": "1000000", "expect": "100-continue"}).sign("UNSIGNED-PAYLOAD")
        answer = exchange(request.bytes())
        self.assertNotIn(b"100 Continue", answer)
        self.assertEqual(status_of(answer), 404)

    def test_expect_100_is_granted_before_the_body(self):
        request = Request("PUT", f"/{self.bucket}/k", headers={
            "content-length": "5", "expect": "100-continue", "connection": "close"}).sign("UNSIGNED-PAYLOAD")
        with socket.create_connection((request.host, request.port), timeout=20) as connection:
            connection.sendall(request.head_bytes())
            first = connection.recv(65536)
            self.assertTrue(first.startswith(b"HTTP/1.1 100 "), first)
            connection.sendall(b"hello")
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        self.assertIn(b"HTTP/1.1 200", first + answer)
        self.assertEqual(self.read("k"), b"hello")

    def test_expect_100_is_heard_before_the_answer_also_when_nobody_waited(self):
        """botocore keeps the status of an answer without 100 for the next request of the connection."""
        for body in (b"", b"hello"):
            request = Request("PUT", f"/{self.bucket}/k", headers={
                "content-length": str(len(body)), "expect": "100-continue"}).sign("UNSIGNED-PAYLOAD")
            with socket.create_connection((request.host, request.port), timeout=20) as connection:
                connection.sendall(request.head_bytes() + body)
                answer = b""
                while b"HTTP/1.1 200" not in answer:
                    piece = connection.recv(65536)
                    self.assertTrue(piece, answer)
                    answer += piece
            self.assertTrue(answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), answer)


@unittest.skipIf(harness.GIVEN_ENDPOINT, "needs a server of its own")
class SlowClients(unittest.TestCase):
    """Limits in time, on a server with short ones."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("limits.header_timeout=1s", "limits.idle_timeout=1s").start()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.server.remove()

    def test_a_header_that_does_not_end_is_cut(self):
        self.expect_close(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")

    def test_a_connection_without_a_request_is_closed(self):
        self.expect_close(b"")

    def expect_close(self, data):
        port = int(self.server.endpoint.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(data)
            deadline = time.monotonic() + 30
            while connection.recv(65536):  # an answer before the end is fine
                self.assertLess(time.monotonic(), deadline)


if __name__ == "__main__":
    unittest.main()
