"""Every way a body can be sent and vouched for: signed whole, unsigned, and the aws-chunked forms.

Rules: operations 7 (payload hash), 20; CK-30, CK-31, CK-34, CK-35.
"""

import unittest

import digests
from harness import KIB, S3TestCase, md5, payload
from signing import STREAMING, STREAMING_TRAILER, UNSIGNED_TRAILER, Request

BODY = payload(200 * KIB)
PIECES = [BODY[at:at + 64 * KIB] for at in range(0, len(BODY), 64 * KIB)]
TRAILER = ("x-amz-checksum-crc32", digests.text("CRC32", BODY))


class Modes(S3TestCase):
    def request(self, body=b"", headers=None, query=(), key="k"):
        return Request("PUT", f"/{self.bucket}/{key}", query, headers, body)

    def stored(self, answer, body=BODY):
        self.assertEqual(answer.status, 200, answer.body)
        got = self.get("k")
        self.assertEqual((md5(got["Body"].read()), got["ETag"]), (md5(body), f'"{md5(body)}"'))
        self.assertNotIn("ContentEncoding", got)

    def refused_request(self, request, *expected):
        answer = request.send()
        self.assertIn((answer.status, answer.code), expected, answer.body)
        self.missing("k")

    def test_signed_whole(self):
        self.stored(self.request(BODY).send())

    def test_unsigned(self):
        request = self.request(BODY, {"content-length": str(len(BODY))})
        self.stored(request.sign("UNSIGNED-PAYLOAD").send())

    def test_signed_chunks(self):
        self.stored(self.request().stream(PIECES, STREAMING).send())

    def test_signed_chunks_with_a_trailer(self):
        answer = self.request().stream(PIECES, STREAMING_TRAILER, TRAILER).send()
        self.stored(answer)
        self.assertEqual(answer.headers[TRAILER[0]], TRAILER[1])

    def test_unsigned_chunks_with_a_trailer(self):
        answer = self.request().stream(PIECES, UNSIGNED_TRAILER, TRAILER).send()
        self.stored(answer)
        self.assertEqual(answer.headers[TRAILER[0]], TRAILER[1])

    def test_trailers_of_other_algorithms(self):
        for algorithm in ("CRC32C", "CRC64NVME", "SHA1", "SHA256"):
            trailer = (digests.header(algorithm), digests.text(algorithm, BODY))
            self.stored(self.request().stream(PIECES, UNSIGNED_TRAILER, trailer).send())

    def test_an_empty_body_in_chunks(self):
        self.stored(self.request().stream([], STREAMING).send(), b"")

    def test_parts_in_chunks(self):
        upload = self.create("k")
        query = [("partNumber", "1"), ("uploadId", upload)]
        for mode, trailer in ((STREAMING, None), (STREAMING_TRAILER, TRAILER), (UNSIGNED_TRAILER, TRAILER)):
            answer = self.request(query=query).stream(PIECES, mode, trailer).send()
            self.assertEqual((answer.status, answer.headers["etag"]), (200, f'"{md5(BODY)}"'))
        self.complete("k", upload, {1: {"ETag": answer.headers["etag"]}})
        self.assertEqual(md5(self.read("k")), md5(BODY))

    def test_a_wrong_hash_of_the_body_stores_nothing_CK_34(self):
        request = self.request(BODY, {"content-length": str(len(BODY))}).sign("0" * 64)
        answer = request.send()
        self.assertEqual((answer.status, answer.code), (400, "XAmzContentSHA256Mismatch"))
        self.assertIn("ClientComputedContentSHA256", answer.xml())
        self.missing("k")

    def test_a_wrong_signature_of_any_chunk_stores_nothing(self):
        for spoiled in range(len(PIECES) + 1):
            with self.subTest(spoiled):
                self.refused_request(self.request().stream(PIECES, STREAMING, spoil_chunk=spoiled),
                                     (403, "SignatureDoesNotMatch"))

    def test_a_wrong_signature_of_the_trailer_stores_nothing(self):
        self.refused_request(self.request().stream(PIECES, STREAMING_TRAILER, TRAILER, spoil_trailer=True),
                             (403, "SignatureDoesNotMatch"))

    def test_a_changed_byte_in_a_signed_chunk_stores_nothing(self):
        request = self.request().stream(PIECES, STREAMING)
        request.body = request.body.replace(PIECES[1][:16], bytes(16), 1)
        self.refused_request(request, (403, "SignatureDoesNotMatch"))

    def test_a_wrong_trailer_stores_nothing(self):
        wrong = (TRAILER[0], digests.text("CRC32", b"other"))
        self.refused_request(self.request().stream(PIECES, UNSIGNED_TRAILER, wrong), (400, "BadDigest"))

    def test_a_trailer_must_be_announced_and_sent_CK_30_CK_31(self):
        request = self.request(headers={"x-amz-trailer": "x-amz-checksum-crc32"})
        self.refused_request(request.stream(PIECES, UNSIGNED_TRAILER), (400, "MalformedTrailerError"))
        self.refused_request(self.request().stream(PIECES, UNSIGNED_TRAILER, ("x-amz-meta-a", "b")),
                             (400, "InvalidRequest"))

    def test_lengths_must_agree_CK_35(self):
        for length in (len(BODY) + 1, len(BODY) - 1):
            self.refused_request(self.request().stream(PIECES, STREAMING, decoded_length=length),
                                 (400, "IncompleteBody"))
        request = self.request(b"", {"content-length": "0"}).sign(STREAMING)
        self.refused_request(request, (411, "MissingContentLength"))

    def test_small_chunks_are_refused_unless_last(self):
        self.refused_request(self.request().stream([b"x" * 100, b"y" * 100], STREAMING),
                             (400, "InvalidChunkSizeError"))
        self.stored(self.request().stream([b"x" * 8192, b"y" * 100], STREAMING).send(), b"x" * 8192 + b"y" * 100)

    def test_bad_framing_is_refused(self):
        for spoil in (lambda body: body.replace(b"\r\n", b"\n", 1), lambda body: b"zz" + body[2:],
                      lambda body: body.replace(b";chunk-signature=", b";x=", 1)):
            request = self.request().stream(PIECES, STREAMING)
            body = spoil(request.body)
            request.body = body + b"\r\n" * (len(request.body) - len(body))
            self.refused_request(request, (400, "IncompleteBody"), (400, "InvalidRequest"),
                                 (400, "InvalidChunkSizeError"), (403, "SignatureDoesNotMatch"))

    def test_unknown_words_are_refused(self):
        request = self.request(b"x", {"content-length": "1"}).sign("SIGNED-PERHAPS")
        answer = request.send()
        self.assertEqual((answer.status, answer.code), (400, "InvalidArgument"))

    def test_elliptic_curves_are_not_built(self):
        request = self.request(b"", {"content-length": "0", "x-amz-decoded-content-length": "0"})
        answer = request.sign("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD").send()
        self.assertEqual((answer.status, answer.code), (501, "NotImplemented"))

    def test_chunked_transfer_encoding_without_a_length(self):
        request = self.request(headers={"transfer-encoding": "chunked"}).sign("UNSIGNED-PAYLOAD")
        request.body = b"5\r\nhello\r\n0\r\n\r\n"
        self.stored(request.send(), b"hello")


if __name__ == "__main__":
    unittest.main()
