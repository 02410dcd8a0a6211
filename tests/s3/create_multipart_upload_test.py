"""CreateMultipartUpload through boto3's Object.initiate_multipart_upload: every parameter is accepted and
seen again, refused with its own error, or answered with 501 naming it.

Rules: CMU, MET, ENC-02 to ENC-20, ACL-01 to ACL-09, STC, WEB, CK-01 to CK-05, GEN-04, LCK, TAG.
"""

import datetime
import unittest

import botocore.session

import digests
import harness
from harness import BOTO_VERSION, S3TestCase, add_headers
from signing import Request


def known_to_boto(parameter, value=None):
    """Whether this version of the library has the parameter, and the value in its enumeration."""
    model = botocore.session.get_session().get_service_model("s3")
    members = model.operation_model("CreateMultipartUpload").input_shape.members
    return parameter in members and (value is None or value in members[parameter].enum)


class Initiate(S3TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.resource = harness.resource()

    def initiate(self, key="dir/key", **parameters):
        return self.resource.Object(self.bucket, key).initiate_multipart_upload(**parameters)

    def finish(self, upload, body=b"body"):
        part = upload.Part(1).upload(Body=body)
        return upload.complete(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})

    def head_after(self, **parameters):
        """HEAD of the object that an upload with these parameters became."""
        upload = self.initiate(**parameters)
        self.finish(upload)
        return self.s3.head_object(Bucket=self.bucket, Key="dir/key")

    def test_the_answer_names_bucket_key_and_upload_CMU_03_GEN_06(self):
        upload = self.initiate(key="dir/k & <ü>")
        self.assertEqual((upload.bucket_name, upload.object_key), (self.bucket, "dir/k & <ü>"))
        self.assertRegex(upload.id, r"^[A-Za-z0-9._-]{22,200}$")
        self.assertEqual([u["UploadId"] for u in self.open_uploads()], [upload.id])

    def test_each_create_makes_an_upload_of_its_own_CMU_05(self):
        self.assertNotEqual(self.initiate().id, self.initiate().id)
        self.assertEqual(len(self.open_uploads()), 2)

    def test_the_object_stays_missing_until_complete_CMU_06(self):
        upload = self.initiate()
        upload.Part(1).upload(Body=b"x")
        self.missing("dir/key")
        self.finish(upload)
        self.assertEqual(self.read("dir/key"), b"body")

    def test_a_missing_bucket_is_named_ORD_04(self):
        error = self.refused(404, "NoSuchBucket", self.s3.create_multipart_upload,
                             Bucket=harness.new_bucket_name(), Key="k")
        self.assertIn("BucketName", error["Error"])

    def test_user_metadata_comes_back_in_lower_case_MET_05(self):
        head = self.head_after(Metadata={"Colour": "Red", "empty": "", "with-space": "a  b"})
        self.assertEqual(head["Metadata"], {"colour": "Red", "empty": "", "with-space": "a  b"})

    def test_too_much_user_metadata_is_refused_MET_06(self):
        error = self.refused(400, "MetadataTooLarge", self.s3.create_multipart_upload, Bucket=self.bucket,
                             Key="k", Metadata={"a": "x" * 2048})
        self.assertEqual(error["Error"].get("MaxSizeAllowed"), "2048")
        self.initiate(Metadata={"a": "x" * 2047})

    def test_system_headers_come_back_MET_01(self):
        expires = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
        head = self.head_after(CacheControl="max-age=60, private", ContentDisposition='attachment; filename="a b"',
                               ContentEncoding="gzip", ContentLanguage="de, en", ContentType="text/x-thing",
                               Expires=expires)
        self.assertEqual(head["CacheControl"], "max-age=60, private")
        self.assertEqual(head["ContentDisposition"], 'attachment; filename="a b"')
        self.assertEqual(head["ContentEncoding"], "gzip")
        self.assertEqual(head["ContentLanguage"], "de, en")
        self.assertEqual(head["ContentType"], "text/x-thing")
        self.assertEqual(head["Expires"], expires)

    def test_the_content_type_has_a_default_MET_03(self):
        self.assertEqual(self.head_after()["ContentType"], "binary/octet-stream")

    def test_aws_chunked_is_not_stored_MET_02(self):
        self.assertEqual(self.head_after(ContentEncoding="aws-chunked,gzip")["ContentEncoding"], "gzip")

    def test_an_unparsable_expires_is_stored_as_sent_MET_04(self):
        s3 = harness.client()
        add_headers(s3, "CreateMultipartUpload", {"Expires": "next week"})
        upload = s3.create_multipart_upload(Bucket=self.bucket, Key="k")["UploadId"]
        part = self.part("k", upload, 1, b"x")
        self.complete("k", upload, {1: {"ETag": part["ETag"]}})
        self.assertEqual(Request("HEAD", f"/{self.bucket}/k").send().headers["expires"], "next week")

    def test_every_storage_class_is_kept_STC_01_STC_03(self):
        for storage_class in ("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA",
                              "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"):
            with self.subTest(storage_class):
                upload = self.initiate(key=storage_class, StorageClass=storage_class)
                listed = [u["StorageClass"] for u in self.open_uploads() if u["UploadId"] == upload.id]
                self.assertEqual(listed, [storage_class])
                parts = self.s3.list_parts(Bucket=self.bucket, Key=storage_class, UploadId=upload.id)
                self.assertEqual(parts["StorageClass"], storage_class)
                self.finish(upload)
                head = self.s3.head_object(Bucket=self.bucket, Key=storage_class)
                self.assertEqual(head.get("StorageClass", "STANDARD"), storage_class)

    def test_other_storage_classes_are_refused_STC_02(self):
        for storage_class in ("OUTPOSTS", "standard", "SNOW", "X"):
            with self.subTest(storage_class):
                self.refused(400, "InvalidStorageClass", self.s3.create_multipart_upload, Bucket=self.bucket,
                             Key="k", StorageClass=storage_class)
        self.assertEqual(self.open_uploads(), [])

    def test_the_website_redirect_comes_back_WEB_01_WEB_03(self):
        for location in ("/other", "http://example.com/a", "https://example.com/a"):
            head = self.head_after(WebsiteRedirectLocation=location)
            self.assertEqual(head["WebsiteRedirectLocation"], location)
        self.refused(400, "InvalidRedirectLocation", self.s3.create_multipart_upload, Bucket=self.bucket,
                     Key="k", WebsiteRedirectLocation="ftp://example.com")

    def test_encryption_is_the_default_and_can_be_named_ENC_02_ENC_05_ENC_60(self):
        for parameters in ({}, {"ServerSideEncryption": "AES256"}):
            answer = self.s3.create_multipart_upload(Bucket=self.bucket, Key="k", **parameters)
            self.assertEqual(answer["ServerSideEncryption"], "AES256")
            part = self.part("k", answer["UploadId"], 1, b"x")
            self.assertEqual(part["ServerSideEncryption"], "AES256")
            done = self.complete("k", answer["UploadId"], {1: {"ETag": part["ETag"]}})
            self.assertEqual(done["ServerSideEncryption"], "AES256")
            self.assertEqual(self.get("k")["ServerSideEncryption"], "AES256")

    def test_an_unknown_encryption_is_refused_ENC_17(self):
        self.refused(400, "InvalidArgument", self.s3.create_multipart_upload, Bucket=self.bucket, Key="k",
                     ServerSideEncryption="AES512")

    def test_kms_parameters_without_kms_are_refused_ENC_18(self):
        self.refused(400, "InvalidArgument", self.s3.create_multipart_upload, Bucket=self.bucket, Key="k",
                     SSEKMSKeyId="alias/a")
        self.refused(400, "InvalidArgument", self.s3.create_multipart_upload, Bucket=self.bucket, Key="k",
                     SSEKMSEncryptionContext="e30=")

    def test_the_bucket_key_flag_is_a_truth_value_ENC_19_ENC_20(self):
        self.initiate(BucketKeyEnabled=True)
        self.initiate(BucketKeyEnabled=False)
        answer = Request("POST", f"/{self.bucket}/k", [("uploads", None)],
                         {"x-amz-server-side-encryption-bucket-key-enabled": "perhaps"}).send()
        self.assertEqual((answer.status, answer.code), (400, "InvalidArgument"))

    def test_the_expected_owner_is_checked_GEN_04(self):
        self.refused(403, "AccessDenied", self.s3.create_multipart_upload, Bucket=self.bucket, Key="k",
                     ExpectedBucketOwner="000000000001")
        answer = Request("POST", f"/{self.bucket}/k", [("uploads", None)],
                         {"x-amz-expected-bucket-owner": "12"}).send()
        self.assertEqual((answer.status, answer.code), (400, "InvalidBucketOwnerAWSAccountID"))

    def test_request_payer_is_accepted_and_not_echoed_GEN_05(self):
        answer = self.s3.create_multipart_upload(Bucket=self.bucket, Key="k", RequestPayer="requester")
        self.assertNotIn("RequestCharged", answer)

    def test_the_owners_full_control_may_be_said_ACL_09(self):
        self.initiate(ACL="bucket-owner-full-control")

    def test_other_acls_meet_a_bucket_without_acls_ACL_09(self):
        for parameters in ({"ACL": "public-read"}, {"ACL": "authenticated-read"},
                           {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'}):
            with self.subTest(str(parameters)):
                self.refused(400, "AccessControlListNotSupported", self.s3.create_multipart_upload,
                             Bucket=self.bucket, Key="k", **parameters)
        self.assertEqual(self.open_uploads(), [])

    def test_the_syntax_of_acls_is_checked_first_ACL_01_ACL_02_ACL_04_ACL_06(self):
        error = self.refused(400, "InvalidArgument", self.s3.create_multipart_upload, Bucket=self.bucket,
                             Key="k", ACL="everybody")
        self.assertEqual(error["Error"].get("ArgumentName"), "x-amz-acl")
        self.refused(400, "InvalidRequest", self.s3.create_multipart_upload, Bucket=self.bucket, Key="k",
                     ACL="private", GrantRead='id="x"')
        for name, value in (("GrantRead", "somebody"), ("GrantReadACP", 'uri="http://example.com"'),
                            ("GrantWriteACP", 'id="unknown"'), ("GrantFullControl", "id=,")):
            with self.subTest(name):
                self.refused(400, "InvalidArgument", self.s3.create_multipart_upload, Bucket=self.bucket,
                             Key="k", **{name: value})

    def test_what_is_not_built_is_named(self):
        date = datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc)
        key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
        for parameters, header in (
                ({"ServerSideEncryption": "aws:kms"}, "x-amz-server-side-encryption"),
                ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/a",
                  "SSEKMSEncryptionContext": "e30="}, "x-amz-server-side-encryption"),
                (key, "x-amz-server-side-encryption-customer-"),
                ({"Tagging": "team=red"}, "x-amz-tagging"),
                ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": date},
                 "x-amz-object-lock-"),
                ({"ObjectLockLegalHoldStatus": "ON"}, "x-amz-object-lock-legal-hold")):
            with self.subTest(header):
                error = self.refused(501, "NotImplemented", self.s3.create_multipart_upload,
                                     Bucket=self.bucket, Key="k", **parameters)
                self.assertTrue(error["Error"].get("Header", "").startswith(header), error)
        self.assertEqual(self.open_uploads(), [])

    def test_empty_tags_are_no_tags_TAG_07(self):
        self.initiate(Tagging="")

    def test_conditions_are_ignored_CMU_02(self):
        s3 = harness.client()
        add_headers(s3, "CreateMultipartUpload", {"If-None-Match": "*", "If-Match": '"x"'})
        s3.create_multipart_upload(Bucket=self.bucket, Key="k")

    def test_a_body_is_refused_RT_16(self):
        answer = Request("POST", f"/{self.bucket}/k", [("uploads", None)], body=b"<x/>").send()
        self.assertEqual((answer.status, answer.code), (400, "InvalidRequest"))


class Checksum(S3TestCase):
    def create_raw(self, algorithm=None, kind=None):
        headers = {}
        if algorithm:
            headers["x-amz-checksum-algorithm"] = algorithm
        if kind:
            headers["x-amz-checksum-type"] = kind
        return Request("POST", f"/{self.bucket}/k", [("uploads", None)], headers).send()

    def test_every_pair_is_accepted_or_refused_CK_04_CK_05(self):
        for algorithm in digests.ALL:
            for kind in (None, "COMPOSITE", "FULL_OBJECT"):
                with self.subTest(f"{algorithm} {kind}"):
                    answer = self.create_raw(algorithm, kind)
                    full_only = algorithm in digests.FULL_OBJECT_ONLY
                    allowed = kind is None or algorithm in digests.EITHER or \
                        (kind == "FULL_OBJECT") == full_only
                    if not allowed:
                        self.assertEqual((answer.status, answer.code), (400, "InvalidRequest"))
                        continue
                    self.assertEqual(answer.status, 200, answer.body)
                    self.assertEqual(answer.headers["x-amz-checksum-algorithm"], algorithm)
                    self.assertEqual(answer.headers["x-amz-checksum-type"],
                                     kind or ("FULL_OBJECT" if full_only else "COMPOSITE"))

    def test_names_are_case_insensitive_CK_01_CK_02(self):
        answer = self.create_raw("crc32", "full_object")
        self.assertEqual(answer.headers["x-amz-checksum-algorithm"], "CRC32")
        self.assertEqual(answer.headers["x-amz-checksum-type"], "FULL_OBJECT")

    def test_unknown_words_are_refused_CK_01_CK_02_CK_03(self):
        for algorithm, kind in (("CRC16", None), ("CRC32", "BOTH"), (None, "COMPOSITE")):
            with self.subTest(f"{algorithm} {kind}"):
                answer = self.create_raw(algorithm, kind)
                self.assertEqual((answer.status, answer.code), (400, "InvalidRequest"))

    def test_nothing_is_echoed_when_nothing_was_asked_CK_05(self):
        answer = self.create_raw()
        self.assertNotIn("x-amz-checksum-algorithm", answer.headers)
        self.assertNotIn("x-amz-checksum-type", answer.headers)

    def test_the_library_s_own_algorithms_work(self):
        for algorithm in digests.ALL:
            if not known_to_boto("ChecksumAlgorithm", algorithm) or algorithm.startswith("XXHASH"):
                continue  # the library cannot compute XXHASH by itself
            with self.subTest(algorithm):
                kinds = [None]
                if known_to_boto("ChecksumType") and algorithm in digests.EITHER:
                    kinds = ["COMPOSITE", "FULL_OBJECT"]
                for kind in kinds:
                    parameters = {"ChecksumType": kind} if kind else {}
                    answer = self.s3.create_multipart_upload(
                        Bucket=self.bucket, Key="k", ChecksumAlgorithm=algorithm, **parameters)
                    if BOTO_VERSION >= (1, 36):
                        self.assertEqual(answer["ChecksumAlgorithm"], algorithm)


if __name__ == "__main__":
    unittest.main()
