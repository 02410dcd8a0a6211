"""Buckets and the listing of objects.

Rules: operations 2.3, 4, 5.
"""

import concurrent.futures
import unittest

import harness
from harness import S3TestCase, sized
from signing import Request


class Buckets(S3TestCase):
    def test_create_head_location_list_delete(self):
        self.s3.head_bucket(Bucket=self.bucket)
        self.assertIsNone(self.s3.get_bucket_location(Bucket=self.bucket)["LocationConstraint"])
        listed = self.s3.list_buckets()
        self.assertIn(self.bucket, [b["Name"] for b in listed["Buckets"]])
        self.assertEqual([b["Name"] for b in listed["Buckets"]], sorted(b["Name"] for b in listed["Buckets"]))
        self.assertTrue(listed["Owner"]["ID"])
        self.s3.delete_bucket(Bucket=self.bucket)
        self.refused(404, "404", self.s3.head_bucket, Bucket=self.bucket)
        self.refused(404, "NoSuchBucket", self.s3.list_objects_v2, Bucket=self.bucket)

    def test_the_region_is_answered(self):
        answer = Request("HEAD", f"/{self.bucket}").send()
        self.assertEqual((answer.status, answer.headers["x-amz-bucket-region"]), (200, harness.REGION))

    def test_names_are_checked(self):
        for name in ("ab", "UPPER", "a_b", "a..b", "-ab", "ab-", "192.168.1.1", "xn--abc", "abc-s3alias", "a" * 64):
            with self.subTest(name):
                answer = Request("PUT", f"/{name}").send()
                self.assertEqual((answer.status, answer.code), (400, "InvalidBucketName"))

    def test_a_bucket_of_one_s_own_can_be_created_again_in_us_east_1(self):
        self.put("k", b"x")
        self.s3.create_bucket(Bucket=self.bucket)
        self.assertEqual(self.read("k"), b"x")

    def test_a_place_elsewhere_is_refused(self):
        self.refused(400, "InvalidLocationConstraint", self.s3.create_bucket, Bucket=harness.new_bucket_name(),
                     CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
        body = b"<Other/>"
        answer = Request("PUT", f"/{harness.new_bucket_name()}", body=body).send()
        self.assertEqual((answer.status, answer.code), (400, "MalformedXML"))

    def test_only_an_empty_bucket_is_deleted(self):
        self.put("k")
        error = self.refused(409, "BucketNotEmpty", self.s3.delete_bucket, Bucket=self.bucket)
        self.assertEqual(error["Error"].get("BucketName"), self.bucket)
        self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.create("open-upload")
        self.s3.delete_bucket(Bucket=self.bucket)  # RACE-09: open uploads do not keep it
        self.s3.create_bucket(Bucket=self.bucket)
        self.assertEqual(self.open_uploads(), [])

    def test_of_many_creators_all_agree(self):
        name = harness.new_bucket_name()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.s3.create_bucket(Bucket=name), range(8)))
        self.assertEqual([b["Name"] for b in self.s3.list_buckets()["Buckets"]].count(name), 1)

    def test_subresources_that_are_not_built_have_no_effect(self):
        name = harness.new_bucket_name()
        for method, query in (("PUT", "inventory"), ("PUT", "versioning"), ("PUT", "policy"), ("PUT", "cors")):
            answer = Request(method, f"/{name}", [(query, None)]).send()
            self.assertEqual((answer.status, answer.code), (501, "NotImplemented"), query)
        self.refused(404, "404", self.s3.head_bucket, Bucket=name)
        for query in ("website", "lifecycle", "tagging"):
            answer = Request("DELETE", f"/{self.bucket}", [(query, None)]).send()
            self.assertEqual((answer.status, answer.code), (501, "NotImplemented"), query)
        self.s3.head_bucket(Bucket=self.bucket)

    def test_other_methods_are_refused(self):
        for method, path, query in (("DELETE", "", [("acl", None)]), ("POST", "/k", []), ("POST", "", [])):
            answer = Request(method, f"/{self.bucket}{path}", query).send()
            self.assertIn(answer.status, (405, 412, 501), (method, path, query))
        self.assertEqual(Request("POST", "/").send().status, 405)

    def test_unknown_query_names_are_ignored(self):
        self.put("k", b"x")
        answer = Request("GET", f"/{self.bucket}/k", [("x-id", "GetObject"), ("junk", "1")]).send()
        self.assertEqual((answer.status, answer.body), (200, b"x"))

    def test_the_expected_owner_is_checked_everywhere(self):
        self.refused(403, "AccessDenied", self.s3.list_objects_v2, Bucket=self.bucket,
                     ExpectedBucketOwner="000000000001")


class Listing(S3TestCase):
    KEYS = ("asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla", "quux", "a b", "ü", "0/1", "1999#")

    def fill(self, keys=KEYS):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self.put(key, key.encode()), keys))
        return sorted(keys, key=lambda key: key.encode())

    def walk(self, version, **parameters):
        """Keys and prefixes of all pages, in order."""
        seen, more = [], {}
        while True:
            call = self.s3.list_objects_v2 if version == 2 else self.s3.list_objects
            page = call(Bucket=self.bucket, **parameters, **more)
            items = [o["Key"] for o in page.get("Contents", [])]
            items += [p["Prefix"] for p in page.get("CommonPrefixes", [])]
            self.assertLessEqual(len(items), parameters.get("MaxKeys", 1000))
            seen += sorted(items, key=lambda key: key.encode())
            if not page["IsTruncated"]:
                return seen
            more = {"ContinuationToken": page["NextContinuationToken"]} if version == 2 else \
                {"Marker": page.get("NextMarker") or items[-1]}

    def test_all_keys_in_byte_order_with_pages_of_each_size(self):
        expected = self.fill()
        for version in (1, 2):
            for size in (1, 2, 3, 1000):
                with self.subTest(f"{version} {size}"):
                    self.assertEqual(self.walk(version, MaxKeys=size), expected)

    def test_prefixes_and_delimiters(self):
        self.fill()
        for version in (1, 2):
            self.assertEqual(self.walk(version, Delimiter="/", MaxKeys=2),
                             ["0/", "1999#", "a b", "asdf", "boo/", "cquux/", "quux", "ü"])
            self.assertEqual(self.walk(version, Prefix="boo/", Delimiter="/"), ["boo/bar", "boo/baz/"])
            self.assertEqual(self.walk(version, Prefix="none"), [])

    def test_entries_tell_size_etag_and_class(self):
        self.put("k", b"hello", StorageClass="STANDARD_IA")
        entry = self.s3.list_objects_v2(Bucket=self.bucket, FetchOwner=True)["Contents"][0]
        self.assertEqual((entry["Key"], entry["Size"], entry["ETag"], entry["StorageClass"]),
                         ("k", 5, '"5d41402abc4b2a76b9719d911017c592"', "STANDARD_IA"))
        self.assertTrue(entry["Owner"]["ID"])
        self.assertNotIn("Owner", self.s3.list_objects_v2(Bucket=self.bucket)["Contents"][0])

    def test_start_after_and_bad_parameters(self):
        self.fill()
        page = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="boo/bar")
        self.assertEqual(page["Contents"][0]["Key"], "boo/baz/xyzzy")
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket, MaxKeys=0)["KeyCount"], 0)
        self.refused(400, "InvalidArgument", self.s3.list_objects_v2, Bucket=self.bucket,
                     ContinuationToken="garbage!")
        for query in ([("max-keys", "x")], [("max-keys", "-1")], [("encoding-type", "x")]):
            answer = Request("GET", f"/{self.bucket}", query).send()
            self.assertEqual((answer.status, answer.code), (400, "InvalidArgument"), query)

    def test_uploads_under_way_are_not_listed(self):
        self.part("k", self.create("k"), 1, b"x")
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.bucket)["KeyCount"], 0)

    def test_control_characters_survive(self):
        key = "a\x01b\rc\n"
        self.put(key)
        self.assertEqual(self.walk(2), [key])

    def test_more_than_a_page(self):
        keys = [f"{number % 7}/{number:05}" for number in range(sized(1100, 5000))]
        expected = self.fill(keys)
        self.assertEqual(self.walk(2), expected)
        self.assertEqual(self.walk(1, Delimiter="/"), [f"{n}/" for n in range(7)])


if __name__ == "__main__":
    unittest.main()
