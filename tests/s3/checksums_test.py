"""Checksums of objects, parts and whole uploads with all ten algorithms.

Rules: CK-10 to CK-35, CPL-21 to CPL-24, CPL-28, CPL-47, GP-08, GP-09, LP-06. The requests are signed by
hand, because no client library knows all algorithms.
"""

import unittest
import xml.etree.ElementTree as ElementTree

import digests
from harness import PART_BYTES_MIN, S3TestCase
from signing import Request

try:
    import xxhash  # noqa: F401
    ALGORITHMS = digests.ALL
except ImportError:
    ALGORITHMS = tuple(name for name in digests.ALL if not name.startswith("XXHASH"))
BODY = b"The quick brown fox"


class Raw(S3TestCase):
    """Requests of the multipart family without a library."""

    def send(self, method, query=(), headers=None, body=b"", key="k"):
        return Request(method, f"/{self.bucket}/{key}", query, headers, body).send()

    def start(self, algorithm=None, kind=None):
        headers = {"x-amz-checksum-algorithm": algorithm} if algorithm else {}
        if kind:
            headers["x-amz-checksum-type"] = kind
        return self.send("POST", [("uploads", None)], headers).xml()["UploadId"]

    def upload(self, upload, number, body, headers=None):
        return self.send("PUT", [("partNumber", str(number)), ("uploadId", upload)], headers, body)

    def finish(self, upload, parts, headers=None):
        """parts: (number, etag, checksum elements)."""
        body = "<CompleteMultipartUpload>" + "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>" +
            "".join(f"<{name}>{value}</{name}>" for name, value in elements.items()) + "</Part>"
            for number, etag, elements in parts) + "</CompleteMultipartUpload>"
        return self.send("POST", [("uploadId", upload)], headers, body.encode())

    def expect(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer.body)


class Objects(Raw):
    def test_each_algorithm_is_verified_and_remembered(self):
        for algorithm in ALGORITHMS:
            with self.subTest(algorithm):
                value = digests.text(algorithm, BODY)
                answer = self.send("PUT", headers={digests.header(algorithm): value}, body=BODY)
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(answer.headers[digests.header(algorithm)], value)
                head = self.send("HEAD", headers={"x-amz-checksum-mode": "ENABLED"})
                self.assertEqual(head.headers[digests.header(algorithm)], value)
                self.assertEqual(head.headers["x-amz-checksum-type"], "FULL_OBJECT")
                self.assertNotIn(digests.header(algorithm), self.send("HEAD").headers)

    def test_a_wrong_value_stores_nothing_CK_29(self):
        for algorithm in ALGORITHMS:
            with self.subTest(algorithm):
                wrong = digests.text(algorithm, b"something else")
                self.expect(self.send("PUT", headers={digests.header(algorithm): wrong}, body=BODY),
                            400, "BadDigest")
                self.missing("k")

    def test_malformed_values_are_refused_CK_20_CK_21_CK_22(self):
        for headers in ({"x-amz-checksum-crc32": "%%%"}, {"x-amz-checksum-crc32": ""},
                        {"x-amz-checksum-sha256": "AAAA"}, {"x-amz-checksum-foo": "AAAA"},
                        {digests.header(a): digests.text(a, BODY) for a in ("CRC32", "SHA1")}):
            with self.subTest(str(headers)):
                self.expect(self.send("PUT", headers=headers, body=BODY), 400, "InvalidRequest")

    def test_the_sdk_header_must_agree_CK_23_CK_24(self):
        sdk = {"x-amz-sdk-checksum-algorithm": "CRC32"}
        self.expect(self.send("PUT", headers=sdk, body=BODY), 400, "InvalidRequest")
        sha1 = {**sdk, digests.header("SHA1"): digests.text("SHA1", BODY)}
        self.expect(self.send("PUT", headers=sha1, body=BODY), 400, "InvalidRequest")

    def test_without_one_the_server_keeps_crc64nvme(self):
        answer = self.send("PUT", body=BODY)
        value = digests.text("CRC64NVME", BODY)
        self.assertEqual(answer.headers["x-amz-checksum-crc64nvme"], value)
        self.assertEqual(answer.headers["x-amz-checksum-type"], "FULL_OBJECT")
        head = self.send("HEAD", headers={"x-amz-checksum-mode": "ENABLED"})
        self.assertEqual(head.headers["x-amz-checksum-crc64nvme"], value)

    def test_content_md5_CK_32_CK_33(self):
        good = digests.text("MD5", BODY)
        self.assertEqual(self.send("PUT", headers={"content-md5": good}, body=BODY).status, 200)
        self.expect(self.send("PUT", headers={"content-md5": "xyz"}, body=BODY), 400, "InvalidDigest")
        other = digests.text("MD5", b"other")
        answer = self.send("PUT", headers={"content-md5": other}, body=BODY)
        self.expect(answer, 400, "BadDigest")
        self.assertIn("CalculatedDigest", answer.xml())

    def test_ranges_have_no_checksum_GP_09(self):
        self.send("PUT", body=BODY)
        part = self.send("GET", headers={"x-amz-checksum-mode": "ENABLED", "range": "bytes=0-3"})
        self.assertEqual(part.status, 206)
        self.assertNotIn("x-amz-checksum-crc64nvme", part.headers)


class Uploads(Raw):
    BODIES = (b"a" * (PART_BYTES_MIN + 1), b"a" * (PART_BYTES_MIN + 1), b"a" * 10)

    def whole(self, algorithm, kind, bodies):
        """An upload of bodies with their checksums; returns the answer of Complete."""
        upload = self.start(algorithm, kind)
        parts = []
        for number, body in enumerate(bodies, 1):
            value = digests.text(algorithm, body)
            answer = self.upload(upload, number, body, {digests.header(algorithm): value})
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.headers[digests.header(algorithm)], value)
            parts.append((number, answer.headers["etag"], {f"Checksum{algorithm}": value}))
        answer = self.finish(upload, parts)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.xml()

    def check(self, algorithm, kind, bodies, expected):
        done = self.whole(algorithm, kind, bodies)
        self.assertEqual((done[f"Checksum{algorithm}"], done["ChecksumType"]), (expected, kind))
        head = self.send("HEAD", headers={"x-amz-checksum-mode": "ENABLED"}).headers
        self.assertEqual((head[digests.header(algorithm)], head["x-amz-checksum-type"]), (expected, kind))

    def test_the_recorded_vector_of_crc32_CK_10_CK_11(self):
        self.check("CRC32", "COMPOSITE", self.BODIES, "5FRUiw==-3")
        self.check("CRC32", "FULL_OBJECT", self.BODIES, "qSEQSA==")
        self.assertEqual(self.s3.head_object(Bucket=self.bucket, Key="k")["ETag"],
                         '"4d45984fc3feb2ac9b22683c49674b56-3"')

    def test_the_recorded_vectors_of_three_letters_CK_10(self):
        bodies = [letter * PART_BYTES_MIN for letter in (b"A", b"B", b"C")]
        self.check("SHA256", "COMPOSITE", bodies, "uWBwpe1dxI4Vw8Gf0X9ynOdw/SS6VBzfWm9giiv1sf4=-3")
        self.check("SHA1", "COMPOSITE", bodies, "sizjvY4eud3MrcHdZM3cQ/ol39o=-3")

    def test_full_object_values_are_combined_CK_11_CK_27(self):
        """The parts bring no checksum; the server computes them."""
        bodies = [letter * PART_BYTES_MIN for letter in (b"A", b"B", b"C")]
        for algorithm, expected in (("CRC32", "WgDhBQ=="), ("CRC32C", "xU+Krw=="), ("CRC64NVME", "i+6LR0y3eFo=")):
            with self.subTest(algorithm):
                upload = self.start(algorithm, "FULL_OBJECT")
                answers = [self.upload(upload, n, body) for n, body in enumerate(bodies, 1)]
                for answer in answers:
                    self.assertIn(digests.header(algorithm), answer.headers)
                parts = [(n, answer.headers["etag"], {}) for n, answer in enumerate(answers, 1)]
                self.assertEqual(self.finish(upload, parts).xml()[f"Checksum{algorithm}"], expected)

    def test_composites_of_every_algorithm_CK_10(self):
        for algorithm in ALGORITHMS:
            if algorithm not in digests.FULL_OBJECT_ONLY:
                with self.subTest(algorithm):
                    self.check(algorithm, "COMPOSITE", [BODY], digests.composite(algorithm, [BODY]))

    def test_the_hidden_default_is_crc64nvme_CK_12_CPL_47(self):
        upload = self.start()
        etag = self.upload(upload, 1, b"aaa").headers["etag"]
        done = self.finish(upload, [(1, etag, {})]).xml()
        self.assertEqual((done["ChecksumCRC64NVME"], done["ChecksumType"]), ("Rnr2/5P7Gsk=", "FULL_OBJECT"))

    def test_parts_must_bring_the_upload_s_algorithm_CK_25_CK_26(self):
        upload = self.start("CRC32", "COMPOSITE")
        self.expect(self.upload(upload, 1, BODY), 400, "InvalidRequest")
        other = {digests.header("SHA1"): digests.text("SHA1", BODY)}
        self.expect(self.upload(upload, 1, BODY, other), 400, "InvalidRequest")
        wrong = {digests.header("CRC32"): digests.text("CRC32", b"x")}
        self.expect(self.upload(upload, 1, BODY, wrong), 400, "BadDigest")
        listed = self.s3.list_parts(Bucket=self.bucket, Key="k", UploadId=upload)
        self.assertEqual(listed.get("Parts", []), [])

    def test_without_an_algorithm_any_is_verified_and_forgotten_CK_28_CPL_22(self):
        upload = self.start()
        value = digests.text("SHA256", BODY)
        answer = self.upload(upload, 1, BODY, {digests.header("SHA256"): value})
        self.assertEqual(answer.headers[digests.header("SHA256")], value)
        listed = self.send("GET", [("uploadId", upload)])
        self.assertNotIn(b"Checksum", listed.body)
        etag = answer.headers["etag"]
        self.expect(self.finish(upload, [(1, etag, {"ChecksumSHA256": value})]), 400, "InvalidPart")
        self.assertEqual(self.finish(upload, [(1, etag, {})]).status, 200)

    def test_list_parts_shows_them_LP_06(self):
        upload = self.start("SHA1")
        value = digests.text("SHA1", BODY)
        self.upload(upload, 1, BODY, {digests.header("SHA1"): value})
        page = self.send("GET", [("uploadId", upload)])
        root = page.xml()
        self.assertEqual((root["ChecksumAlgorithm"], root["ChecksumType"]), ("SHA1", "COMPOSITE"))
        values = [e.text for e in ElementTree.fromstring(page.body).iter() if e.tag.endswith("ChecksumSHA1")]
        self.assertEqual(values, [value])

    def test_complete_checks_each_part_CPL_21_CPL_23(self):
        upload = self.start("CRC32", "COMPOSITE")
        value = digests.text("CRC32", BODY)
        etag = self.upload(upload, 1, BODY, {digests.header("CRC32"): value}).headers["etag"]
        wrong = digests.text("CRC32", b"x")
        for elements, code in (({}, "InvalidRequest"), ({"ChecksumCRC32": wrong}, "InvalidPart"),
                               ({"ChecksumSHA1": digests.text("SHA1", BODY)}, "BadDigest"),
                               ({"ChecksumCRC32": "%"}, "InvalidArgument")):
            with self.subTest(str(elements)):
                self.expect(self.finish(upload, [(1, etag, elements)]), 400, code)
        self.assertEqual(self.finish(upload, [(1, etag, {"ChecksumCRC32": value})]).status, 200)

    def test_complete_checks_the_whole_CPL_12_CPL_28(self):
        upload = self.start("CRC32", "FULL_OBJECT")
        etag = self.upload(upload, 1, BODY).headers["etag"]
        parts = [(1, etag, {})]
        self.expect(self.finish(upload, parts, {"x-amz-checksum-type": "COMPOSITE"}), 400, "InvalidRequest")
        full = {"x-amz-checksum-type": "FULL_OBJECT"}
        wrong = {**full, digests.header("CRC32"): digests.text("CRC32", b"x")}
        self.expect(self.finish(upload, parts, wrong), 400, "BadDigest")
        right = {**full, digests.header("CRC32"): digests.text("CRC32", BODY)}
        self.assertEqual(self.finish(upload, parts, right).status, 200)

    def test_an_algorithm_needs_consecutive_numbers_CPL_24(self):
        upload = self.start("CRC32", "FULL_OBJECT")
        parts = [(n, self.upload(upload, n, self.BODIES[0]).headers["etag"], {}) for n in (1, 3)]
        self.expect(self.finish(upload, parts), 400, "InvalidPartOrder")

    def test_reading_a_part_shows_its_own_checksum_GP_08(self):
        self.whole("SHA256", "COMPOSITE", self.BODIES)
        head = self.send("HEAD", [("partNumber", "3")], {"x-amz-checksum-mode": "ENABLED"}).headers
        self.assertEqual(head["x-amz-checksum-sha256"], digests.text("SHA256", self.BODIES[2]))
        self.assertEqual(head["x-amz-checksum-type"], "COMPOSITE")


if __name__ == "__main__":
    unittest.main()
