"""Bodies and documents: slow ones, readers that do not read, trees that are too deep, and many large
documents at once (durability 4, 5.5)."""

import threading
import unittest

from support import MIB, Overload, harness, receive_all, receive_answer


class SlowBodies(Overload):
    SETTINGS = ("limits.body_rate_window=2s", "limits.connections_per_address_max=2000")

    def test_a_slow_upload_ends_and_nothing_of_it_is_seen(self):
        requests = [self.request("PUT", f"/load/slow-{number}", body=b"x" * 100_000) for number in range(50)]
        held = []
        for request in requests:
            connection = self.connect(timeout=60)
            connection.sendall(request.signed().head_bytes() + b"x" * 10)
            held.append(connection)
        for number in range(10):
            self.s3.put_object(Bucket="load", Key=f"quick-{number}", Body=b"x")
        for connection in held:
            answer = receive_all(connection)
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer[:100])
            self.assertIn(b"RequestTimeout", answer)
        keys = [entry["Key"] for entry in self.s3.list_objects_v2(Bucket="load")["Contents"]]
        self.assertFalse([key for key in keys if key.startswith("slow-")])

    def test_a_reader_that_does_not_read_is_cut_and_costs_its_buffers(self):
        self.s3.put_object(Bucket="load", Key="large", Body=harness.payload(32 * MIB))
        before = self.resident()
        held = []
        for _ in range(100):
            connection = self.connect(timeout=60, receive_buffer=4096)
            connection.sendall(self.request("GET", "/load/large").bytes())
            held.append(connection)
        for number in range(10):
            self.s3.put_object(Bucket="load", Key=f"quick-{number}", Body=b"x")
        self.assertLess(self.resident() - before, 128 * MIB)
        # Read at last: what comes is never the whole, because it was cut meanwhile.
        for _ in range(600):
            if self.metric("holdfast_http_timeouts_total") >= len(held):
                break
            self.s3.head_bucket(Bucket="load")
            threading.Event().wait(0.1)
        self.assertGreaterEqual(self.metric("holdfast_http_timeouts_total"), len(held))
        self.assertLess(len(receive_all(held[0])), 32 * MIB)
        for connection in held:
            connection.close()


class Documents(Overload):
    SETTINGS = ("mem.limit=256MiB", "limits.connections_per_address_max=2000")

    def post(self, target, query, body):
        return self.request("POST", target, query, body=body).send()

    def test_documents_that_are_bombs_are_refused_with_bounded_memory(self):
        upload = self.s3.create_multipart_upload(Bucket="load", Key="k")["UploadId"]
        before = self.resident()
        deep = b"<CompleteMultipartUpload>" + b"<a>" * 200_000
        entity = (b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaaaaaaaa">'
                  b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><CompleteMultipartUpload>&b;'
                  b"</CompleteMultipartUpload>")
        wide = b"<CompleteMultipartUpload>" + b"<Part/>" * 1_000_000 + b"</CompleteMultipartUpload>"
        huge = b"<CompleteMultipartUpload>" + b" " * (9 * MIB) + b"</CompleteMultipartUpload>"
        for body in (deep, entity, wide, huge):
            answer = self.post("/load/k", [("uploadId", upload)], body)
            self.assertEqual(answer.status, 400)
            self.assertIn(answer.code, ("MalformedXML", "MaxMessageLengthExceeded"))
        self.assertLess(self.resident() - before, 160 * MIB)
        self.s3.list_parts(Bucket="load", Key="k", UploadId=upload)

    def test_many_lists_of_ten_thousand_parts_at_once_stay_within_the_limit(self):
        upload = self.s3.create_multipart_upload(Bucket="load", Key="k")["UploadId"]
        parts = "".join(f'<Part><PartNumber>{number}</PartNumber><ETag>"{number:032x}"</ETag></Part>'
                        for number in range(1, 10_001))
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        request = self.request("POST", "/load/k", [("uploadId", upload)], body=body).bytes()
        statuses, largest = [], [0]

        def complete():
            with self.connect(timeout=120) as connection:
                connection.sendall(request)
                statuses.append(receive_answer(connection)[0])
            largest[0] = max(largest[0], self.resident())

        threads = [threading.Thread(target=complete) for _ in range(128)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"128 lists of {len(body)} bytes: {largest[0] / MIB:.0f} MiB resident, "
              f"{statuses.count(400)} decided, {statuses.count(503)} told to slow down")
        self.assertLessEqual(set(statuses), {400, 503})
        self.assertIn(400, statuses)
        self.assertLess(largest[0], 256 * MIB)


if __name__ == "__main__":
    unittest.main()
