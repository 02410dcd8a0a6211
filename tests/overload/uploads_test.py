"""Very many open uploads, and very many parts in some of them: bounded by the disk alone, and no page of
them costs more than another (durability 4, 5.5).

HF_OVERLOAD_UPLOADS   open uploads; default 10,000, the specification says 100,000
HF_OVERLOAD_LONG      of those, with 10,000 parts; default 1, the specification says 10

How long pages take is printed: it is a figure, not a test.
"""

import os
import statistics
import time
import unittest

from botocore.exceptions import ClientError

from support import MIB, Overload

UPLOADS = int(os.environ.get("HF_OVERLOAD_UPLOADS", "10000"))
LONG = int(os.environ.get("HF_OVERLOAD_LONG", "1"))
PARTS = 10_000
AT_ONCE = 100
PAGE_UPLOADS, PAGE_PARTS = 1000, 1000


class Uploads(Overload):
    def send_all(self, requests):
        """The bodies of the answers, in order; a connection carries many requests at a time."""
        with self.connect(timeout=120) as connection:
            stream = connection.makefile("rb")
            pending = []
            for request in requests:
                pending.append(request.bytes())
                if len(pending) == AT_ONCE:
                    connection.sendall(b"".join(pending))
                    yield from (self.answer(stream) for _ in pending)
                    pending = []
            connection.sendall(b"".join(pending))
            yield from (self.answer(stream) for _ in pending)

    def answer(self, stream):
        status = stream.readline().split(b" ")[1]
        length = 0
        while (line := stream.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = stream.read(length)
        self.assertEqual(status, b"200", body)
        return body

    def create(self, count):
        """Ids in the order of their keys."""
        requests = (self.request("POST", f"/load/key-{number:06}", [("uploads", "")]) for number in range(count))
        return [body.partition(b"<UploadId>")[2].partition(b"</UploadId>")[0].decode()
                for body in self.send_all(requests)]

    def walk_uploads(self):
        """Every upload id, and the seconds of each page."""
        found, seconds, key, upload = [], [], "", ""
        while True:
            before = time.monotonic()
            page = self.s3.list_multipart_uploads(Bucket="load", KeyMarker=key, UploadIdMarker=upload,
                                                  MaxUploads=PAGE_UPLOADS)
            seconds.append(time.monotonic() - before)
            found += [entry["UploadId"] for entry in page.get("Uploads", ())]
            if not page["IsTruncated"]:
                return found, seconds
            key, upload = page["NextKeyMarker"], page["NextUploadIdMarker"]

    def walk_parts(self, key, upload):
        found, marker = [], 0
        while True:
            page = self.s3.list_parts(Bucket="load", Key=key, UploadId=upload, PartNumberMarker=marker,
                                      MaxParts=PAGE_PARTS)
            found += [entry["PartNumber"] for entry in page["Parts"]]
            if not page["IsTruncated"]:
                return found
            marker = page["NextPartNumberMarker"]

    def test_open_uploads_are_bounded_by_the_disk_and_every_page_is_like_another(self):
        few = self.create(PAGE_UPLOADS)
        ids, alone = self.walk_uploads()
        self.assertEqual(ids, few)
        for number, upload in enumerate(few):
            self.s3.abort_multipart_upload(Bucket="load", Key=f"key-{number:06}", UploadId=upload)
        before = self.resident()
        uploads = self.create(UPLOADS)
        self.assertEqual(len(set(uploads)), UPLOADS)
        for number in range(LONG):
            path = f"/load/key-{number:06}"
            parts = (self.request("PUT", path, [("partNumber", str(part)), ("uploadId", uploads[number])],
                                  body=b"a part") for part in range(1, PARTS + 1))
            self.assertEqual(sum(1 for _ in self.send_all(parts)), PARTS)
        found, seconds = self.walk_uploads()
        self.assertEqual(found, uploads)
        for number in range(LONG):
            self.assertEqual(self.walk_parts(f"key-{number:06}", uploads[number]), list(range(1, PARTS + 1)))
        self.assertLess(self.resident() - before, 256 * MIB)
        print(f"{UPLOADS} uploads; a page of {PAGE_UPLOADS}: alone {alone[0] * 1000:.0f} ms, "
              f"median {statistics.median(seconds) * 1000:.0f} ms, last full one {seconds[-2] * 1000:.0f} ms")
        self.abort(uploads)

    def abort(self, uploads):
        for number in range(LONG):
            key = f"key-{number:06}"
            self.s3.abort_multipart_upload(Bucket="load", Key=key, UploadId=uploads[number])
            with self.assertRaises(ClientError) as gone:
                self.s3.list_parts(Bucket="load", Key=key, UploadId=uploads[number])
            self.assertEqual(gone.exception.response["Error"]["Code"], "NoSuchUpload")
        found, _ = self.walk_uploads()
        self.assertEqual(found, uploads[LONG:])


if __name__ == "__main__":
    unittest.main()
