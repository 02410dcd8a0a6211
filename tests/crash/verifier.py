"""Compares a server with the model, and settles what was in doubt."""

import hashlib
import urllib.error
import urllib.request

from botocore.exceptions import BotoCoreError, ClientError

from model import ABSENT, Content

READY_SECONDS = 30
PROBE_KEY = "the verifier's"
RESTARTS_CHECKED = 3  # how often a finished upload is asked for again; they would add up otherwise


def code_of(error):
    return error.response["Error"]["Code"]


def observe(s3, bucket, key):
    """The content of a key as a client sees it."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) != "NoSuchKey":
            raise
        return ABSENT
    body = answer["Body"].read()
    return Content(hashlib.sha256(body).hexdigest(), len(body), answer["ETag"].strip('"'),
                   tuple(sorted(answer["Metadata"].items())))


class Verifier:
    """Collects complaints about everything that a restarted server gets wrong."""

    def __init__(self, s3, admin_endpoint, bucket, expected):
        self.s3, self.admin_endpoint, self.bucket, self.expected = s3, admin_endpoint, bucket, expected
        self.complaints = []

    def complain(self, promise, text):
        self.complaints.append(f"{promise}: {text}")

    def run(self):
        try:
            self.check_all()
        except ClientError as error:  # even the bucket may be gone
            self.complain("P8", f"the bucket cannot be read: {error!r}")
        self.check_ready()
        self.check_writable()
        return self.complaints

    def check_all(self):
        for key in sorted(self.expected.keys):
            self.check_key(key)
        self.check_listing()
        listed = self.listed_uploads()
        for upload in list(self.expected.uploads.values()):
            self.check_upload(upload, upload.upload_id in listed)

    def observe(self, key):
        return observe(self.s3, self.bucket, key)

    def check_ready(self):
        """Without a remark: neither read-only nor damaged (P12)."""
        try:
            with urllib.request.urlopen(f"{self.admin_endpoint}/health/ready", timeout=READY_SECONDS) as answer:
                told = answer.read().decode()
        except urllib.error.HTTPError as error:
            told = f"{error.code} {error.read().decode(errors='replace')}"
        except OSError as error:
            told = repr(error)
        if told != "ready\n":
            self.complain("P12", f"/health/ready says {told!r}")

    def check_writable(self):
        """A key that is there only within this check, after the listing was compared (P12)."""
        try:
            for body in (b"inline", b"in a segment" * 10_000):
                self.s3.put_object(Bucket=self.bucket, Key=PROBE_KEY, Body=body)
                self.s3.delete_object(Bucket=self.bucket, Key=PROBE_KEY)
        except (ClientError, BotoCoreError, OSError) as error:
            self.complain("P12", f"the server does not take writes: {error!r}")

    def check_key(self, key):
        try:
            seen = self.observe(key)
        except Exception as error:  # noqa: BLE001 (any failure to read is a complaint)
            self.complain("P1", f"{key} cannot be read: {error!r}")
            return
        allowed = set(self.expected.allowed(key))
        if not self.expected.settle(key, seen):
            self.complain("P1/P4/P5", f"{key} is {seen}, allowed: {allowed}")

    def check_listing(self):
        """Once settled, the listing shows exactly the keys that exist (P8)."""
        listed = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket):
            listed.update({o["Key"]: (o["Size"], o["ETag"].strip('"')) for o in page.get("Contents", [])})
        present = {}
        for key, states in self.expected.keys.items():
            state = next(iter(states))
            if state is not ABSENT:
                present[key] = (state.size, state.etag)
        if listed != present:
            difference = set(listed.items()) ^ set(present.items())
            self.complain("P8", f"the listing differs: {sorted(difference, key=str)}")

    def listed_uploads(self):
        listed = set()
        for page in self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket):
            listed.update(u["UploadId"] for u in page.get("Uploads", []))
        return listed

    def check_upload(self, upload, listed):
        if upload.state.startswith("in doubt"):
            self.settle_upload(upload, listed)
        if upload.state == "open":
            if not listed:
                self.complain("P2", f"the upload {upload.upload_id} of {upload.key} is not listed")
            else:
                self.check_parts(upload)
        elif listed:
            self.complain("P3/P6", f"the {upload.state} upload {upload.upload_id} is still listed")
        if upload.state == "open" or upload.restarts_seen >= RESTARTS_CHECKED:
            return
        upload.restarts_seen += 1
        if upload.state == "aborted":
            self.check_aborted(upload)
        else:
            self.check_completed(upload)

    def settle_upload(self, upload, listed):
        """All or nothing: either it is still open, or the operation took place (P5, P6)."""
        if listed:
            was, upload.state = upload.state, "open"
            if was == "in doubt: completed" and upload.content in self.expected.allowed(upload.key):
                self.complain("P6", f"{upload.key} has the content of the open upload {upload.upload_id}")
            return
        upload.state = upload.state.removeprefix("in doubt: ")
        # The writer did nothing after it, so the key must show it now.
        if upload.state == "completed" and upload.content not in self.expected.allowed(upload.key):
            self.complain("P6", f"the upload {upload.upload_id} is gone but {upload.key} has other content")

    def parts(self, upload):
        found = {}
        for page in self.s3.get_paginator("list_parts").paginate(
                Bucket=self.bucket, Key=upload.key, UploadId=upload.upload_id):
            found.update({p["PartNumber"]: p["ETag"].strip('"') for p in page.get("Parts", [])})
        return found

    def check_parts(self, upload):
        found = self.parts(upload)
        for number, allowed in upload.parts.items():
            seen = found.pop(number, None)
            if seen not in allowed:
                self.complain("P1/P5", f"part {number} of {upload.upload_id} is {seen}, allowed: {allowed}")
            upload.parts[number] = {seen}
        if found:
            self.complain("P5", f"{upload.upload_id} has parts nobody sent: {found}")

    def check_aborted(self, upload):
        try:
            self.parts(upload)
            self.complain("P3", f"the aborted upload {upload.upload_id} still lists parts")
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                self.complain("P3", f"{upload.upload_id}: {code_of(error)} instead of NoSuchUpload")

    def check_completed(self, upload):
        """A repeat answers as the first time (P7) and changes nothing."""
        before = set(self.expected.allowed(upload.key))
        try:
            answer = self.s3.complete_multipart_upload(
                Bucket=self.bucket, Key=upload.key, UploadId=upload.upload_id,
                MultipartUpload={"Parts": upload.complete_parts})
        except ClientError as error:
            self.complain("P7", f"repeating {upload.upload_id} failed: {code_of(error)}")
            return
        if answer["ETag"].strip('"') != upload.complete_etag:
            self.complain("P7", f"repeating {upload.upload_id} answered {answer['ETag']}")
        if self.observe(upload.key) not in before:
            self.complain("P7", f"repeating {upload.upload_id} changed {upload.key}")
