"""Virtual-hosted and path style, presigned URLs, wrong and missing credentials.

Rules: multipart 2; auth (presigned URLs, errors of signatures); ORD-03.
"""

import http.client
import unittest
import urllib.parse
import urllib.request
from urllib.error import HTTPError

import harness
from harness import ACCESS_KEY, PART_BYTES_MIN, S3TestCase, md5, payload
from signing import Answer, Request


def fetch(method, url, body=None, headers=None):
    """A request without any signature but that of the URL."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response)
    except HTTPError as error:
        return Answer(error)


class VirtualHosted(S3TestCase):
    def call(self, method, target, bucket=None, headers=None, body=b""):
        host = f"{bucket or self.bucket}.s3.localhost:{Request('GET', '/').port}"
        path, _, query = target.partition("?")
        pairs = [(n, v) for n, v in urllib.parse.parse_qsl(query, keep_blank_values=True)]
        return Request(method, path, pairs, {"host": host, **(headers or {})}, body).send()

    def test_objects_and_listings(self):
        self.assertEqual(self.call("PUT", "/dir/k", body=b"x").status, 200)
        self.assertEqual(self.read("dir/k"), b"x")
        self.assertEqual(self.call("GET", "/dir/k").body, b"x")
        listing = self.call("GET", "/?list-type=2")
        self.assertIn(b"<Key>dir/k</Key>", listing.body)
        self.assertEqual(self.call("HEAD", "/").status, 200)
        self.assertEqual(self.call("DELETE", "/dir/k").status, 204)

    def test_an_upload(self):
        created = self.call("POST", "/k?uploads=").xml()
        self.assertEqual(created["Bucket"], self.bucket)
        part = self.call("PUT", f"/k?partNumber=1&uploadId={created['UploadId']}", body=b"x")
        body = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part.headers['etag']}</ETag>"
                "</Part></CompleteMultipartUpload>").encode()
        done = self.call("POST", f"/k?uploadId={created['UploadId']}", body=body)
        self.assertEqual(done.status, 200)
        self.assertIn(f"{self.bucket}.s3.localhost", done.xml()["Location"])
        self.assertEqual(self.read("k"), b"x")

    def test_a_new_bucket(self):
        name = harness.new_bucket_name()
        self.assertEqual(self.call("PUT", "/", bucket=name).status, 200)
        self.s3.head_bucket(Bucket=name)


class Presigned(S3TestCase):
    def url(self, operation, seconds=60, **parameters):
        return self.s3.generate_presigned_url(operation, Params={"Bucket": self.bucket, **parameters},
                                              ExpiresIn=seconds)

    def test_put_get_head_delete(self):
        self.assertEqual(fetch("PUT", self.url("put_object", Key="ü k"), b"hello").status, 200)
        self.assertEqual(fetch("GET", self.url("get_object", Key="ü k")).body, b"hello")
        self.assertEqual(fetch("HEAD", self.url("head_object", Key="ü k")).status, 200)
        self.assertEqual(fetch("DELETE", self.url("delete_object", Key="ü k")).status, 204)
        self.missing("ü k")

    def test_answers_can_be_told_other_headers(self):
        self.put("k", b"x")
        got = fetch("GET", self.url("get_object", Key="k", ResponseContentType="text/html"))
        self.assertEqual(got.headers["content-type"], "text/html")

    def test_a_whole_upload(self):
        created = fetch("POST", self.url("create_multipart_upload", Key="k"), b"").xml()["UploadId"]
        bodies = [payload(PART_BYTES_MIN), b"end"]
        listed = ""
        for number, body in enumerate(bodies, 1):
            url = self.url("upload_part", Key="k", UploadId=created, PartNumber=number)
            etag = fetch("PUT", url, body).headers["etag"]
            listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        url = self.url("complete_multipart_upload", Key="k", UploadId=created)
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        self.assertEqual(fetch("POST", url, body, {"Content-Type": "application/xml"}).status, 200)
        self.assertEqual(md5(self.read("k")), md5(b"".join(bodies)))

    def test_a_changed_or_expired_url_is_refused(self):
        self.put("k", b"x")
        url = self.url("get_object", Key="k")
        other = fetch("GET", url.replace("/k?", "/j?"))
        self.assertEqual((other.status, other.code), (403, "SignatureDoesNotMatch"))
        spoiled = fetch("GET", url[:-1] + ("0" if url[-1] != "0" else "1"))
        self.assertEqual((spoiled.status, spoiled.code), (403, "SignatureDoesNotMatch"))
        old = Request("GET", f"/{self.bucket}/k")
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))
        query["X-Amz-Expires"] = "604801"
        answer = fetch("GET", parts._replace(query=urllib.parse.urlencode(query)).geturl())
        self.assertEqual((answer.status, answer.code), (400, "AuthorizationQueryParametersError"))
        self.assertEqual(old.send().status, 200)


class Credentials(S3TestCase):
    def test_wrong_secret_and_unknown_key(self):
        self.refused(403, "SignatureDoesNotMatch", harness.client(secret="x" * 40).list_buckets)
        error = self.refused(403, "InvalidAccessKeyId", harness.client(access="unknown-key").list_buckets)
        self.assertEqual(error["Error"].get("AWSAccessKeyId"), "unknown-key")

    def test_nobody_gets_nothing(self):
        self.put("k", b"secret")
        base = f"{harness.server().endpoint}/{self.bucket}"
        for method, url in (("GET", base + "/k"), ("GET", base), ("PUT", base + "/n"), ("DELETE", base + "/k"),
                            ("GET", harness.server().endpoint + "/"), ("POST", base + "/k?uploads")):
            with self.subTest(f"{method} {url[len(base):]}"):
                answer = fetch(method, url, b"" if method in ("PUT", "POST") else None)
                self.assertEqual((answer.status, answer.code), (403, "AccessDenied"))
        self.assertEqual(self.read("k"), b"secret")

    def test_a_clock_that_is_wrong(self):
        request = Request("GET", f"/{self.bucket}")
        request.time = "20200101T000000Z"
        request.scope = "20200101" + request.scope[8:]
        answer = request.send()
        self.assertEqual((answer.status, answer.code), (403, "RequestTimeTooSkewed"))

    def test_an_unsigned_amz_header_is_refused(self):
        request = Request("GET", f"/{self.bucket}").signed()
        request.headers["x-amz-meta-added"] = "later"
        self.assertEqual(request.send().status, 403)

    def test_the_secret_is_not_in_any_answer_or_log(self):
        connection = http.client.HTTPConnection(Request("GET", "/").host, Request("GET", "/").port)
        connection.request("GET", "/", headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}"})
        body = connection.getresponse().read()
        connection.close()
        self.assertNotIn(harness.SECRET_KEY.encode(), body)
        server = harness.server()
        if isinstance(server, harness.Server):
            self.assertNotIn(harness.SECRET_KEY, server.log())


if __name__ == "__main__":
    unittest.main()
