"""Objects with boto3: put, get, head, copy, delete, ranges and conditions.

Rules: operations 3.1, 3.3, 6, 6.1, 6.2, 7, 7.1, 8, 10.
"""

import datetime
import unittest

import harness
from harness import KIB, MIB, S3TestCase, add_headers, md5, payload
from signing import Request

# Around the border of what is stored with the metadata, around a frame, and large.
SIZES = (0, 1, 16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 64 * KIB, 64 * KIB + 1, 3 * MIB + 17)
KEYS = ("a//b", "/a", "a/", ".", "..", "a/../b", "trailing ", "100%", "a+b", "a?b", "a#b", "a\\b", "ü/€/😀",
        "a&b<c>\"d'", "a b", "~-_.", "k" * 1024)


class Put(S3TestCase):
    def test_every_size_comes_back(self):
        for size in SIZES:
            with self.subTest(size):
                body = payload(size)
                self.assertEqual(self.put("k", body)["ETag"], f'"{md5(body)}"')
                got = self.get("k")
                self.assertEqual((got["ContentLength"], got["ETag"]), (size, f'"{md5(body)}"'))
                self.assertEqual(md5(got["Body"].read()), md5(body))

    def test_every_key_is_kept_as_it_is(self):
        for key in KEYS:
            with self.subTest(key):
                self.put(key, key.encode())
                self.assertEqual(self.read(key), key.encode())
        listed = [o["Key"] for o in self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]]
        self.assertEqual(listed, sorted(KEYS, key=lambda key: key.encode()))

    def test_too_long_and_impossible_keys(self):
        self.refused(400, "KeyTooLongError", self.put, "k" * 1025)
        for path in ("%00", "%ff", "%zz"):
            answer = Request("PUT", f"/{self.bucket}/{path}").send()
            self.assertEqual((answer.status, answer.code), (400, "InvalidURI"))

    def test_metadata_and_headers_come_back(self):
        expires = datetime.datetime(2031, 1, 1, tzinfo=datetime.timezone.utc)
        self.put("k", b"x", Metadata={"A": "1"}, CacheControl="no-store", ContentDisposition="inline",
                 ContentEncoding="br", ContentLanguage="fr", ContentType="text/plain", Expires=expires,
                 WebsiteRedirectLocation="/x", StorageClass="STANDARD_IA", ServerSideEncryption="AES256")
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        self.assertEqual({name: head[name] for name in (
            "Metadata", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage",
            "ContentType", "Expires", "WebsiteRedirectLocation", "StorageClass", "ServerSideEncryption",
            "AcceptRanges")}, {
                "Metadata": {"a": "1"}, "CacheControl": "no-store", "ContentDisposition": "inline",
                "ContentEncoding": "br", "ContentLanguage": "fr", "ContentType": "text/plain",
                "Expires": expires, "WebsiteRedirectLocation": "/x", "StorageClass": "STANDARD_IA",
                "ServerSideEncryption": "AES256", "AcceptRanges": "bytes"})

    def test_repeated_metadata_headers_are_joined(self):
        request = Request("PUT", f"/{self.bucket}/k", headers={"x-amz-meta-a": "1"})
        self.assertEqual(request.send().status, 200)
        self.assertEqual(self.get("k")["Metadata"], {"a": "1"})

    def test_an_overwrite_replaces_everything(self):
        self.put("k", b"old", Metadata={"a": "1"}, ContentType="text/plain")
        self.put("k", b"new")
        got = self.get("k")
        self.assertEqual((got["Body"].read(), got["Metadata"], got["ContentType"]),
                         (b"new", {}, "binary/octet-stream"))

    def test_what_is_not_built_is_named(self):
        for parameters, header in (
                ({"ServerSideEncryption": "aws:kms"}, "x-amz-server-side-encryption"),
                ({"Tagging": "a=b"}, "x-amz-tagging"),
                ({"ObjectLockLegalHoldStatus": "ON"}, "x-amz-object-lock-legal-hold")):
            error = self.refused(501, "NotImplemented", self.put, "k", **parameters)
            self.assertEqual(error["Error"].get("Header"), header)
        s3 = harness.client()
        add_headers(s3, "PutObject", {"x-amz-write-offset-bytes": "0"})
        self.refused(501, "NotImplemented", s3.put_object, Bucket=self.bucket, Key="k", Body=b"x")
        self.missing("k")

    def test_conditional_writes(self):
        s3 = {}
        for name, headers in {"none": {"If-None-Match": "*"}, "etag": {"If-Match": f'"{md5(b"one")}"'},
                              "wrong": {"If-Match": '"x"'}, "odd": {"If-None-Match": '"x"'},
                              "both": {"If-Match": '"x"', "If-None-Match": "*"}}.items():
            s3[name] = harness.client()
            add_headers(s3[name], "PutObject", headers)

        def put(name, body):
            return s3[name].put_object(Bucket=self.bucket, Key="k", Body=body)

        self.refused(404, "NoSuchKey", put, "wrong", b"x")
        put("none", b"one")
        self.refused(412, "PreconditionFailed", put, "none", b"x")
        self.refused(412, "PreconditionFailed", put, "wrong", b"x")
        self.refused(501, "NotImplemented", put, "odd", b"x")
        self.refused(501, "NotImplemented", put, "both", b"x")
        put("etag", b"two")
        self.assertEqual(self.read("k"), b"two")

    def test_without_a_length_there_is_an_error(self):
        request = Request("PUT", f"/{self.bucket}/k").sign("UNSIGNED-PAYLOAD")
        answer = request.send()
        self.assertEqual((answer.status, answer.code), (411, "MissingContentLength"))


class Read(S3TestCase):
    def test_missing_keys_and_buckets_are_named(self):
        error = self.refused(404, "NoSuchKey", self.get, "none")
        self.assertEqual(error["Error"].get("Key"), "none")
        self.put("a/b")
        self.missing("a")
        error = self.refused(404, "NoSuchBucket", self.s3.get_object, Bucket=harness.new_bucket_name(), Key="k")
        self.assertIn("BucketName", error["Error"])
        self.refused(404, "404", self.s3.head_object, Bucket=self.bucket, Key="none")

    def test_errors_carry_the_request_s_id(self):
        answer = Request("GET", f"/{self.bucket}/none").send()
        self.assertEqual(answer.headers["content-type"], "application/xml")
        self.assertEqual(answer.xml()["RequestId"], answer.headers["x-amz-request-id"])
        self.assertIn("x-amz-id-2", answer.headers)
        self.assertTrue(answer.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>'))
        self.assertEqual(Request("HEAD", f"/{self.bucket}/none").send().body, b"")

    def test_ranges(self):
        body = payload(100)
        self.put("k", body)
        for given, first, last in (("0-0", 0, 0), ("50-", 50, 99), ("-10", 90, 99), ("00-01", 0, 1),
                                   ("0-100", 0, 99), ("0-999999", 0, 99), ("-100", 0, 99), ("-101", 0, 99)):
            with self.subTest(given):
                got = self.get("k", Range=f"bytes={given}")
                self.assertEqual(got["ContentRange"], f"bytes {first}-{last}/100")
                self.assertEqual(got["Body"].read(), body[first:last + 1])

    def test_ranges_beyond_the_end(self):
        self.put("k", payload(100))
        for given in ("100-100", "100-", "100-110", "-0"):
            with self.subTest(given):
                error = self.refused(416, "InvalidRange", self.get, "k", Range=f"bytes={given}")
                self.assertEqual(error["Error"].get("ActualObjectSize"), "100")
                self.assertEqual(error["ResponseMetadata"]["HTTPHeaders"]["content-range"], "bytes */100")

    def test_ranges_that_are_none(self):
        self.put("k", payload(100))
        for given in ("bytes=10-5", "bytes=abc", "bytes=-", "foo=0-1", "bytes=0-0,1-2", "bytes=150-100"):
            with self.subTest(given):
                got = self.get("k", Range=given)
                self.assertEqual((got["ResponseMetadata"]["HTTPStatusCode"], got["ContentLength"]), (200, 100))

    def test_ranges_of_large_objects(self):
        body = payload(2 * MIB + 5)
        self.put("k", body)
        for first, length in ((0, 1), (65535, 2), (65536, 65536), (MIB - 1, 70000), (len(body) - 1, 1)):
            with self.subTest(first):
                got = self.read("k", Range=f"bytes={first}-{first + length - 1}")
                self.assertEqual(md5(got), md5(body[first:first + length]))

    def test_conditions(self):
        self.put("k", b"x")
        head = self.s3.head_object(Bucket=self.bucket, Key="k")
        etag, modified = head["ETag"], head["LastModified"]
        day = datetime.timedelta(days=1)
        self.get("k", IfMatch=etag)
        self.get("k", IfMatch="*")
        self.get("k", IfNoneMatch='"other"')
        self.get("k", IfModifiedSince=modified - day)
        self.get("k", IfModifiedSince=datetime.datetime.now(datetime.timezone.utc) + day)
        self.get("k", IfUnmodifiedSince=modified)
        self.get("k", IfMatch=etag, IfUnmodifiedSince=modified - day)
        self.get("k", IfNoneMatch='"other"', IfModifiedSince=modified)
        self.refused(412, "PreconditionFailed", self.get, "k", IfMatch='"other"')
        self.refused(412, "PreconditionFailed", self.get, "k", IfUnmodifiedSince=modified - day)
        for parameters in ({"IfNoneMatch": etag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": modified},
                           {"IfMatch": etag, "IfModifiedSince": modified}):
            with self.subTest(str(parameters)):
                error = self.refused(304, "304", self.get, "k", **parameters)
                self.assertEqual(error["ResponseMetadata"]["HTTPHeaders"]["etag"], etag)

    def test_answers_can_be_told_other_headers(self):
        self.put("k", b"x")
        got = self.get("k", ResponseContentType="text/html", ResponseCacheControl="no-cache",
                       ResponseContentDisposition="attachment", ResponseContentEncoding="gzip",
                       ResponseContentLanguage="en")
        self.assertEqual((got["ContentType"], got["CacheControl"], got["ContentDisposition"],
                          got["ContentEncoding"], got["ContentLanguage"]),
                         ("text/html", "no-cache", "attachment", "gzip", "en"))

    def test_versions_of_a_bucket_without_versioning(self):
        self.put("k", b"x")
        self.assertEqual(self.read("k", VersionId="null"), b"x")
        self.refused(404, "NoSuchVersion", self.get, "k", VersionId="abcdef")

    def test_an_object_has_an_empty_set_of_tags(self):
        self.put("k", b"x")
        self.assertEqual(self.s3.get_object_tagging(Bucket=self.bucket, Key="k")["TagSet"], [])
        self.refused(404, "NoSuchKey", self.s3.get_object_tagging, Bucket=self.bucket, Key="other")

    def test_subresources_that_are_not_built_answer_501_and_do_nothing(self):
        self.put("k", b"x")
        for method, query in (("PUT", "tagging"), ("PUT", "acl"), ("GET", "torrent"), ("PUT", "retention"),
                              ("DELETE", "tagging")):
            answer = Request(method, f"/{self.bucket}/k", [(query, None)]).send()
            self.assertEqual((answer.status, answer.code), (501, "NotImplemented"), query)
        self.assertEqual(self.read("k"), b"x")


class Delete(S3TestCase):
    def test_delete_is_idempotent(self):
        self.put("k")
        for _ in range(2):
            answer = self.s3.delete_object(Bucket=self.bucket, Key="k")
            self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
            self.missing("k")

    def test_many_at_once_in_the_order_of_the_request(self):
        keys = [f"k{n}" for n in range(20)] + ["ü & <b>", "missing"]
        for key in keys[:-1]:
            self.put(key)
        answer = self.s3.delete_objects(Bucket=self.bucket,
                                        Delete={"Objects": [{"Key": key} for key in keys]})
        self.assertEqual([d["Key"] for d in answer["Deleted"]], keys)
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def test_quiet_says_nothing(self):
        answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": "k"}], "Quiet": True})
        self.assertNotIn("Deleted", answer)

    def test_bad_lists_are_refused(self):
        for body, headers, code in (
                (b"<Delete></Delete>", {"content-md5": True}, "MalformedXML"),
                (b"<Delete><Object><Key>k</Key></Object></Delete>", {}, "InvalidRequest")):
            if headers:
                import digests
                headers = {"content-md5": digests.text("MD5", body)}
            answer = Request("POST", f"/{self.bucket}", [("delete", None)], headers, body).send()
            self.assertEqual((answer.status, answer.code), (400, code))

    def test_a_condition_that_fails_keeps_the_object(self):
        self.put("k", b"x")
        path = f"/{self.bucket}/k"
        answer = Request("DELETE", path, headers={"if-match": '"other"'}).send()
        self.assertEqual((answer.status, answer.code), (412, "PreconditionFailed"))
        self.assertEqual(self.read("k"), b"x")
        self.assertEqual(Request("DELETE", path, headers={"if-match": f'"{md5(b"x")}"'}).send().status, 204)


class Copy(S3TestCase):
    def copy(self, key="copy", source="source", **parameters):
        return self.s3.copy_object(Bucket=self.bucket, Key=key,
                                   CopySource={"Bucket": self.bucket, "Key": source}, **parameters)

    def test_metadata_goes_along_or_is_replaced(self):
        self.put("source", b"x", Metadata={"a": "1"}, ContentType="text/plain", StorageClass="STANDARD_IA",
                 WebsiteRedirectLocation="/r")
        answer = self.copy()
        self.assertEqual(answer["CopyObjectResult"]["ETag"], f'"{md5(b"x")}"')
        got = self.get("copy")
        self.assertEqual((got["Metadata"], got["ContentType"], got.get("StorageClass"),
                          got.get("WebsiteRedirectLocation")), ({"a": "1"}, "text/plain", None, None))
        self.copy(MetadataDirective="REPLACE", Metadata={"b": "2"})
        got = self.get("copy")
        self.assertEqual((got["Metadata"], got["ContentType"]), ({"b": "2"}, "binary/octet-stream"))

    def test_every_size_is_copied(self):
        for size in SIZES:
            self.put("source", payload(size))
            self.copy()
            self.assertEqual(md5(self.read("copy")), md5(payload(size)), size)

    def test_a_multipart_object_becomes_a_plain_one_GP_12(self):
        body = payload(6 * MIB)
        self.multipart("source", [body[:5 * MIB], body[5 * MIB:]])
        self.assertEqual(self.copy()["CopyObjectResult"]["ETag"], f'"{md5(body)}"')
        self.refused(416, "InvalidPartNumber", self.get, "copy", PartNumber=2)

    def test_keys_with_odd_characters(self):
        for key in ("ü ?&+%", "a//b/../c"):
            self.put(key, b"odd")
            self.copy(source=key)
            self.assertEqual(self.read("copy"), b"odd")

    def test_a_copy_onto_itself_must_change_something(self):
        self.put("source", b"x")
        self.refused(400, "InvalidRequest", self.copy, "source")
        self.copy("source", MetadataDirective="REPLACE", Metadata={"n": "1"})
        self.assertEqual(self.get("source")["Metadata"], {"n": "1"})

    def test_missing_sources_and_conditions(self):
        self.put("source", b"x")
        etag = f'"{md5(b"x")}"'
        self.refused(404, "NoSuchKey", self.copy, source="none")
        self.refused(412, "PreconditionFailed", self.copy, CopySourceIfMatch='"other"')
        self.refused(412, "PreconditionFailed", self.copy, CopySourceIfNoneMatch=etag)
        self.copy(CopySourceIfMatch=etag)

    def test_bad_directives_and_sources_are_refused(self):
        self.put("source", b"x")
        for headers in ({"x-amz-copy-source": f"/{self.bucket}/source", "x-amz-metadata-directive": "KEEP"},
                        {"x-amz-copy-source": "%zz"}, {"x-amz-copy-source": self.bucket}):
            answer = Request("PUT", f"/{self.bucket}/copy", headers=headers).send()
            self.assertEqual((answer.status, answer.code), (400, "InvalidArgument"), headers)


if __name__ == "__main__":
    unittest.main()
