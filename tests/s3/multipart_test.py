"""The life of an upload: parts, completion, abort, listings, reading by part.

Rules: UP, CPL, ABT, LP, LMU, GP, RACE, RT-10 to RT-16.
"""

import concurrent.futures
import hashlib
import unittest

import harness
from harness import MIB, PART_BYTES_MIN, S3TestCase, add_headers, md5, payload
from signing import Request


def etag_of(bodies):
    """CPL-43."""
    joined = b"".join(hashlib.md5(body).digest() for body in bodies)
    return f'"{hashlib.md5(joined).hexdigest()}-{len(bodies)}"'


class Parts(S3TestCase):
    def test_a_part_answers_with_its_md5_UP_06_UP_07(self):
        upload = self.create("k")
        answer = self.part("k", upload, 1, b"hello")
        self.assertEqual(answer["ETag"], f'"{md5(b"hello")}"')
        self.assertNotIn("VersionId", answer)

    def test_part_numbers_have_bounds_UP_01(self):
        upload = self.create("k")
        for number in (0, -1, 10001):
            error = self.refused(400, "InvalidArgument", self.part, "k", upload, number, b"x")
            self.assertEqual(error["Error"].get("ArgumentName"), "partNumber")
        self.part("k", upload, 10000, b"x")

    def test_the_same_number_again_replaces_the_part_UP_08(self):
        upload = self.create("k")
        self.part("k", upload, 1, b"first")
        second = self.part("k", upload, 1, b"second")
        listed = self.s3.list_parts(Bucket=self.bucket, Key="k", UploadId=upload)["Parts"]
        self.assertEqual([(p["ETag"], p["Size"]) for p in listed], [(second["ETag"], 6)])
        self.complete("k", upload, {1: second})
        self.assertEqual(self.read("k"), b"second")

    def test_an_unknown_upload_or_another_key_is_refused_GEN_07_GEN_08(self):
        upload = self.create("k")
        error = self.refused(404, "NoSuchUpload", self.part, "k", "no-such-id", 1, b"x")
        self.assertEqual(error["Error"].get("UploadId"), "no-such-id")
        self.refused(404, "NoSuchUpload", self.part, "other", upload, 1, b"x")

    def test_a_part_above_5_gib_is_refused_before_its_body_UP_03(self):
        upload = self.create("k")
        request = Request("PUT", f"/{self.bucket}/k", [("partNumber", "1"), ("uploadId", upload)],
                          {"content-length": str(5 * 2**30 + 1), "expect": "100-continue"})
        answer = request.sign("UNSIGNED-PAYLOAD").send()
        self.assertEqual((answer.status, answer.code), (400, "EntityTooLarge"))

    def test_misrouted_requests_RT_10_RT_11_RT_12_RT_13_RT_15(self):
        upload = self.create("k")
        for method, query, headers, expected in (
                ("PUT", [("partNumber", "1")], {}, (400, "InvalidArgument")),
                ("PUT", [("uploadId", upload)], {}, (405, "MethodNotAllowed")),
                ("GET", [("uploads", None)], {}, (400, "InvalidRequest")),
                ("POST", [("uploadId", upload)], {"x-amz-copy-source": "a/b"}, (400, "InvalidArgument")),
                ("PUT", [("partNumber", "1"), ("uploadId", "")], {}, (404, "NoSuchUpload"))):
            with self.subTest(f"{method} {query}"):
                answer = Request(method, f"/{self.bucket}/k", query, headers).send()
                self.assertEqual((answer.status, answer.code), expected)


class Complete(S3TestCase):
    def test_parts_in_parallel_become_one_object_CPL_43(self):
        bodies = [payload(PART_BYTES_MIN, n) for n in range(4)] + [payload(1000)]
        upload = self.create("big", Metadata={"a": "b"})
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda n: self.part("big", upload, n, bodies[n - 1]), range(1, 6)))
        done = self.complete("big", upload, dict(enumerate(answers, 1)))
        self.assertEqual(done["ETag"], etag_of(bodies))
        self.assertEqual((done["Bucket"], done["Key"]), (self.bucket, "big"))
        whole = b"".join(bodies)
        got = self.get("big")
        self.assertEqual((got["ContentLength"], got["ETag"], got["Metadata"]),
                         (len(whole), done["ETag"], {"a": "b"}))
        self.assertEqual(md5(got["Body"].read()), md5(whole))
        for first, last in ((0, 0), (PART_BYTES_MIN - 1, PART_BYTES_MIN), (2 * PART_BYTES_MIN + 7, len(whole) - 1)):
            part = self.get("big", Range=f"bytes={first}-{last}")
            self.assertEqual(part["ContentRange"], f"bytes {first}-{last}/{len(whole)}")
            self.assertEqual(part["Body"].read(), whole[first:last + 1])

    def test_one_part_also_has_the_suffix_CPL_43(self):
        self.assertEqual(self.multipart("k", [b"aaa"])["ETag"], '"e2c3da976e66ec9e7dc128fbc782fc91-1"')

    def test_gaps_are_fine_and_numbers_stay_GP_07_CPL_24(self):
        upload = self.create("k")
        bodies = {1: payload(PART_BYTES_MIN), 3: payload(PART_BYTES_MIN, 3), 9: b"end"}
        parts = {n: self.part("k", upload, n, body) for n, body in bodies.items()}
        self.complete("k", upload, parts)
        third = self.get("k", PartNumber=9)
        self.assertEqual((third["Body"].read(), third["PartsCount"]), (b"end", 3))
        self.refused(416, "InvalidPartNumber", self.get, "k", PartNumber=2)

    def test_unlisted_parts_are_left_out_CPL_41(self):
        upload = self.create("k")
        parts = {n: self.part("k", upload, n, b"part %d" % n) for n in (1, 2)}
        self.complete("k", upload, {2: parts[2]})
        self.assertEqual(self.read("k"), b"part 2")

    def test_a_wrong_or_missing_part_is_named_CPL_20_CPL_37(self):
        upload = self.create("k")
        part = self.part("k", upload, 1, b"x")
        for listed in ({1: {"ETag": '"%s"' % ("0" * 32)}}, {2: part}):
            error = self.refused(400, "InvalidPart", self.complete, "k", upload, listed)
            self.assertEqual(error["Error"].get("UploadId"), upload)
        self.complete("k", upload, {1: part})

    def test_the_order_counts_CPL_11(self):
        upload = self.create("k")
        parts = {n: self.part("k", upload, n, payload(PART_BYTES_MIN, n)) for n in (1, 2)}
        self.refused(400, "InvalidPartOrder", self.complete, "k", upload, {2: parts[2], 1: parts[1]})

    def test_a_small_part_is_refused_unless_it_is_the_last_CPL_25(self):
        upload = self.create("k")
        parts = {n: self.part("k", upload, n, b"small") for n in (1, 2)}
        error = self.refused(400, "EntityTooSmall", self.complete, "k", upload, parts)["Error"]
        self.assertEqual((error.get("ProposedSize"), error.get("MinSizeAllowed"), error.get("PartNumber")),
                         ("5", "5242880", "1"))

    def test_bad_bodies_CPL_02_CPL_03(self):
        upload = self.create("k")
        path, query = f"/{self.bucket}/k", [("uploadId", upload)]
        for body, expected in (
                (b"", "InvalidRequest"), (b"<Complete", "MalformedXML"),
                (b"<CompleteMultipartUpload></CompleteMultipartUpload>", "MalformedXML"),
                (b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
                 "MalformedXML"),
                (b"<!DOCTYPE a [<!ENTITY e 'x'>]><CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
                 b"<ETag>&e;</ETag></Part></CompleteMultipartUpload>", "MalformedXML")):
            with self.subTest(body[:30]):
                answer = Request("POST", path, query, body=body).send()
                self.assertEqual((answer.status, answer.code), (400, expected))

    def test_the_stated_size_is_checked_CPL_05_CPL_27(self):
        s3 = harness.client()
        size = {}
        s3.meta.events.register_first("before-sign.s3.CompleteMultipartUpload", lambda request, **_:
                                      request.headers.add_header("x-amz-mp-object-size", size["value"]))
        upload = self.create("k")
        part = {"PartNumber": 1, "ETag": self.part("k", upload, 1, b"12345")["ETag"]}
        arguments = {"Bucket": self.bucket, "Key": "k", "UploadId": upload, "MultipartUpload": {"Parts": [part]}}
        for value in ("x", "-1", "4"):
            size["value"] = value
            self.refused(400, "InvalidRequest", s3.complete_multipart_upload, **arguments)
        size["value"] = "5"
        s3.complete_multipart_upload(**arguments)

    def test_a_repeat_gets_the_same_answer_CPL_50(self):
        upload = self.create("k")
        part = self.part("k", upload, 1, b"x")
        first = self.complete("k", upload, {1: part})
        self.put("k", b"newer")
        again = self.complete("k", upload, {1: part})
        self.assertEqual((first["ETag"], first["Location"]), (again["ETag"], again["Location"]))
        self.assertEqual(self.read("k"), b"newer")
        self.refused(404, "NoSuchUpload", self.complete, "k", upload, {1: {"ETag": '"%s"' % ("0" * 32)}})

    def test_afterwards_the_upload_is_gone_CPL_51(self):
        upload = self.create("k")
        part = self.part("k", upload, 1, b"x")
        self.complete("k", upload, {1: part})
        self.refused(404, "NoSuchUpload", self.part, "k", upload, 2, b"y")
        self.refused(404, "NoSuchUpload", self.s3.list_parts, Bucket=self.bucket, Key="k", UploadId=upload)
        self.assertEqual(self.open_uploads(), [])

    def test_conditions_CPL_30_CPL_31_CPL_33_CPL_34(self):
        def attempt(**headers):
            s3 = harness.client()
            add_headers(s3, "CompleteMultipartUpload", {n.replace("_", "-"): v for n, v in headers.items()})
            return lambda: s3.complete_multipart_upload(
                Bucket=self.bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": [part]})

        upload = self.create("k")
        part = {"PartNumber": 1, "ETag": self.part("k", upload, 1, b"x")["ETag"]}
        self.refused(404, "NoSuchKey", attempt(If_Match='"abc"'))
        self.refused(501, "NotImplemented", attempt(If_Match='"abc"', If_None_Match="*"))
        self.refused(501, "NotImplemented", attempt(If_None_Match='"abc"'))
        attempt(If_None_Match="*")()
        upload = self.create("k")
        part = {"PartNumber": 1, "ETag": self.part("k", upload, 1, b"y")["ETag"]}
        error = self.refused(412, "PreconditionFailed", attempt(If_None_Match="*"))
        self.assertEqual(error["Error"].get("Condition"), "If-None-Match")
        self.refused(412, "PreconditionFailed", attempt(If_Match='"abc"'))
        attempt(If_Match=self.s3.head_object(Bucket=self.bucket, Key="k")["ETag"])()
        self.assertEqual(self.read("k"), b"y")

    def test_identical_completes_at_once_agree_RACE_04(self):
        upload = self.create("k")
        part = self.part("k", upload, 1, b"x")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.complete("k", upload, {1: part})["ETag"], range(8)))
        self.assertEqual(len(set(answers)), 1)

    def test_two_uploads_of_one_key_never_mix_RACE_05(self):
        uploads = {}
        for letter in (b"a", b"b"):
            upload = self.create("k")
            parts = {1: self.part("k", upload, 1, letter * PART_BYTES_MIN), 2: self.part("k", upload, 2, letter)}
            uploads[upload] = parts
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda item: self.complete("k", *item), uploads.items()))
        body = self.read("k")
        self.assertEqual(len(body), PART_BYTES_MIN + 1)
        self.assertEqual(len(set(body)), 1)

    def test_location_is_the_address_of_the_object_CPL_46(self):
        done = self.multipart("dir/a b", [b"x"])
        self.assertTrue(done["Location"].endswith(f"/{self.bucket}/dir%2Fa+b"), done["Location"])


class Abort(S3TestCase):
    def test_an_aborted_upload_is_gone_ABT_01_ABT_04(self):
        upload = self.create("k")
        part = self.part("k", upload, 1, b"x")
        answer = self.s3.abort_multipart_upload(Bucket=self.bucket, Key="k", UploadId=upload)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
        self.refused(404, "NoSuchUpload", self.part, "k", upload, 2, b"y")
        self.refused(404, "NoSuchUpload", self.complete, "k", upload, {1: part})
        self.assertEqual(self.open_uploads(), [])
        self.missing("k")

    def test_unknown_ids_and_repeats_ABT_02_ABT_03(self):
        upload = self.create("k")
        abort = self.s3.abort_multipart_upload
        self.refused(404, "NoSuchUpload", abort, Bucket=self.bucket, Key="k", UploadId="unknown")
        self.refused(404, "NoSuchUpload", abort, Bucket=self.bucket, Key="other", UploadId=upload)
        for _ in range(2):
            answer = abort(Bucket=self.bucket, Key="k", UploadId=upload)
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)

    def test_a_completed_object_survives_a_late_abort_ABT_03(self):
        upload = self.create("k")
        self.complete("k", upload, {1: self.part("k", upload, 1, b"x")})
        self.s3.abort_multipart_upload(Bucket=self.bucket, Key="k", UploadId=upload)
        self.assertEqual(self.read("k"), b"x")


class ListParts(S3TestCase):
    def list(self, upload, **parameters):
        return self.s3.list_parts(Bucket=self.bucket, Key="k", UploadId=upload, **parameters)

    def test_pages_LP_01_LP_02_LP_05_LP_10(self):
        upload = self.create("k")
        numbers = [1, 2, 3, 5, 8, 13, 21]
        for number in numbers:
            self.part("k", upload, number, b"%d" % number)
        seen, marker = [], 0
        while True:
            page = self.list(upload, MaxParts=3, PartNumberMarker=marker)
            self.assertLessEqual(len(page["Parts"]), 3)
            seen += [(p["PartNumber"], p["Size"]) for p in page["Parts"]]
            marker = page["NextPartNumberMarker"]
            if not page["IsTruncated"]:
                break
        self.assertEqual(seen, [(n, len(str(n))) for n in numbers])
        beyond = self.list(upload, PartNumberMarker=21)
        self.assertEqual((beyond.get("Parts", []), beyond["IsTruncated"]), ([], False))

    def test_sizes_of_pages_LP_01_LP_03(self):
        upload = self.create("k")
        self.part("k", upload, 1, b"x")
        self.assertEqual(self.list(upload, MaxParts=5000)["MaxParts"], 1000)
        self.assertEqual(self.list(upload, MaxParts=0).get("Parts", []), [])
        self.refused(400, "InvalidArgument", self.list, upload, MaxParts=-1)
        for value in ("x", "2147483648"):
            answer = Request("GET", f"/{self.bucket}/k", [("uploadId", upload), ("max-parts", value)]).send()
            self.assertEqual((answer.status, answer.code), (400, "InvalidArgument"))

    def test_the_answer_names_owner_and_initiator_LP_04_LP_07(self):
        page = self.list(self.create("k"))
        self.assertEqual(page["Owner"]["ID"], page["Initiator"]["ID"])
        self.assertEqual((page["Bucket"], page["Key"]), (self.bucket, "k"))
        self.assertNotIn("ChecksumAlgorithm", page)


class ListUploads(S3TestCase):
    def list(self, **parameters):
        return self.s3.list_multipart_uploads(Bucket=self.bucket, **parameters)

    def test_order_and_pages_LMU_01_LMU_03_LMU_10(self):
        created = []
        for key in ("b", "a", "b", "c/1", "a", "b"):
            created.append((key, self.create(key)))
        expected = sorted(created, key=lambda item: item[0])  # stable: by time within one key
        seen, markers = [], {}
        while True:
            page = self.list(MaxUploads=2, **markers)
            seen += [(u["Key"], u["UploadId"]) for u in page["Uploads"]]
            if not page["IsTruncated"]:
                break
            markers = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
        self.assertEqual(seen, expected)

    def test_prefix_and_delimiter_LMU_08_LMU_11(self):
        for key in ("a/1", "a/2", "b", "c/1", "d"):
            self.create(key)
        page = self.list(Delimiter="/")
        self.assertEqual([u["Key"] for u in page["Uploads"]], ["b", "d"])
        self.assertEqual([p["Prefix"] for p in page["CommonPrefixes"]], ["a/", "c/"])
        self.assertEqual([u["Key"] for u in self.list(Prefix="a/")["Uploads"]], ["a/1", "a/2"])
        seen, marker = [], ""
        while True:
            page = self.list(Delimiter="/", MaxUploads=1, KeyMarker=marker)
            seen += [u["Key"] for u in page.get("Uploads", [])]
            seen += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
            if not page["IsTruncated"]:
                break
            marker = page["NextKeyMarker"]
        self.assertEqual(seen, ["a/", "b", "c/", "d"])

    def test_encoding_LMU_06_LMU_07(self):
        self.create("a b/ü")
        answer = Request("GET", f"/{self.bucket}",
                         [("encoding-type", "url"), ("prefix", "a b"), ("uploads", None)]).send()
        self.assertIn(b"<Key>a%20b/%C3%BC</Key>", answer.body)
        answer = Request("GET", f"/{self.bucket}", [("encoding-type", "x"), ("uploads", None)]).send()
        self.assertEqual((answer.status, answer.code), (400, "InvalidArgument"))

    def test_markers_are_checked_LMU_02_LMU_04_LMU_05(self):
        upload = self.create("k")
        self.assertEqual([u["UploadId"] for u in self.list(UploadIdMarker="anything")["Uploads"]], [upload])
        self.refused(400, "InvalidArgument", self.list, KeyMarker="k", UploadIdMarker="unknown")
        self.refused(400, "InvalidArgument", self.list, MaxUploads=-1)


class ByPart(S3TestCase):
    def test_parts_of_a_multipart_object_GP_03_GP_10(self):
        bodies = [payload(PART_BYTES_MIN), payload(MIB, 1)]
        etag = self.multipart("k", bodies)["ETag"]
        total = sum(map(len, bodies))
        for number, first in ((1, 0), (2, PART_BYTES_MIN)):
            last = first + len(bodies[number - 1]) - 1
            for read in (self.s3.get_object, self.s3.head_object):
                part = read(Bucket=self.bucket, Key="k", PartNumber=number)
                self.assertEqual(part["ResponseMetadata"]["HTTPStatusCode"], 206)
                self.assertEqual((part["ContentLength"], part["PartsCount"], part["ETag"]),
                                 (len(bodies[number - 1]), 2, etag))
                headers = part["ResponseMetadata"]["HTTPHeaders"]
                self.assertEqual(headers["content-range"], f"bytes {first}-{last}/{total}")
            self.assertEqual(md5(self.read("k", PartNumber=number)), md5(bodies[number - 1]))

    def test_numbers_and_ranges_GP_01_GP_02_GP_04(self):
        self.multipart("k", [b"x"])
        self.refused(400, "InvalidArgument", self.get, "k", PartNumber=0)
        self.refused(400, "InvalidRequest", self.get, "k", PartNumber=1, Range="bytes=0-0")
        error = self.refused(416, "InvalidPartNumber", self.get, "k", PartNumber=2)["Error"]
        self.assertEqual((error.get("ActualPartCount"), error.get("PartNumberRequested")), ("1", "2"))

    def test_other_objects_have_one_part_GP_05_GP_06(self):
        self.put("k", b"hello")
        whole = self.get("k", PartNumber=1)
        self.assertEqual(whole["ResponseMetadata"]["HTTPStatusCode"], 206)
        self.assertEqual((whole["ContentRange"], whole["Body"].read()), ("bytes 0-4/5", b"hello"))
        self.assertNotIn("PartsCount", whole)
        self.refused(416, "InvalidPartNumber", self.get, "k", PartNumber=2)
        self.put("empty", b"")
        empty = self.get("empty", PartNumber=1)
        self.assertEqual((empty["ResponseMetadata"]["HTTPStatusCode"], empty["ContentLength"]), (200, 0))


class Copies(S3TestCase):
    def setUp(self):
        super().setUp()
        self.source = payload(6 * MIB)
        self.put("source", self.source)
        self.upload = self.create("k")

    def copy(self, number=1, source=None, **parameters):
        return self.s3.upload_part_copy(
            Bucket=self.bucket, Key="k", UploadId=self.upload, PartNumber=number,
            CopySource=source or {"Bucket": self.bucket, "Key": "source"}, **parameters)

    def test_ranges_become_parts_UPC_05_UPC_13(self):
        first = self.copy(1, CopySourceRange=f"bytes=0-{PART_BYTES_MIN - 1}")["CopyPartResult"]
        second = self.copy(2, CopySourceRange="bytes=10-19")["CopyPartResult"]
        self.assertEqual(first["ETag"], f'"{md5(self.source[:PART_BYTES_MIN])}"')
        self.complete("k", self.upload, {1: first, 2: second})
        self.assertEqual(md5(self.read("k")), md5(self.source[:PART_BYTES_MIN] + self.source[10:20]))

    def test_bad_ranges_UPC_05_UPC_06_UPC_07(self):
        for given, code in (("bytes=1-", "InvalidArgument"), ("0-8", "InvalidArgument"),
                            ("bytes=2-1", "InvalidArgument"), ("bytes=0-99999999", "InvalidArgument"),
                            ("bytes=99999998-99999999", "InvalidRequest")):
            with self.subTest(given):
                self.refused(400, code, self.copy, CopySourceRange=given)

    def test_missing_sources_UPC_03(self):
        self.refused(404, "NoSuchKey", self.copy, source={"Bucket": self.bucket, "Key": "none"})
        self.refused(404, "NoSuchBucket", self.copy, source={"Bucket": harness.new_bucket_name(), "Key": "k"})

    def test_conditions_of_the_source_UPC_04(self):
        etag = self.s3.head_object(Bucket=self.bucket, Key="source")["ETag"]
        self.copy(CopySourceIfMatch=etag)
        for parameters in ({"CopySourceIfMatch": '"x"'}, {"CopySourceIfNoneMatch": etag}):
            self.refused(412, "PreconditionFailed", self.copy, **parameters)


if __name__ == "__main__":
    unittest.main()
