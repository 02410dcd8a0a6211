"""Clients that write until the server dies, and tell the model what was acknowledged."""

import hashlib
import random
import threading

from botocore.exceptions import BotoCoreError, ClientError

from model import ABSENT, Content, Upload
from verifier import observe

KIB, MIB = 1 << 10, 1 << 20
KEYS_OF_A_WRITER = 6
OBJECT_SIZES = (0, 1, 3 * KIB, 16 * KIB, 16 * KIB + 1, 70 * KIB, 300 * KIB, 2 * MIB)
PART_BYTES_MIN = 5 * MIB


class Gone(Exception):
    """The server did not answer, or with an error that the test brought about: the operation is in doubt."""


def md5(body):
    return hashlib.md5(body).hexdigest()


def multipart_etag(bodies):
    return md5(b"".join(hashlib.md5(body).digest() for body in bodies)) + f"-{len(bodies)}"


class Writer(threading.Thread):
    """Works on keys of its own, so that it knows their order of operations.

    may_fail: the test makes the server fail; otherwise a 5xx is a problem, since a dead server does not answer.
    """

    def __init__(self, number, s3, bucket, expected, seed, may_fail=False):
        super().__init__(daemon=True)
        self.number, self.s3, self.bucket, self.expected = number, s3, bucket, expected
        self.random = random.Random(seed)
        self.may_fail = may_fail
        self.problem = None
        self.stopping = False

    def run(self):
        actions = (self.put, self.put, self.put, self.put, self.read, self.delete, self.delete_many, self.copy,
                   self.upload, self.upload, self.abort, self.copy_part, self.repeat_complete)
        try:
            while not self.stopping:
                self.random.choice(actions)()
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001 (reported by the main thread)
            self.problem = f"writer {self.number}: {error!r}"

    def key(self):
        return f"w{self.number}/k{self.random.randrange(KEYS_OF_A_WRITER)}"

    def call(self, operation, **parameters):
        return self.answer_of(lambda: getattr(self.s3, operation)(Bucket=self.bucket, **parameters))

    def answer_of(self, request):
        try:
            return request()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or not self.may_fail:
                raise
            raise Gone from error
        except (BotoCoreError, OSError) as error:
            raise Gone from error

    def metadata(self):
        return {"note": str(self.random.randrange(10**9))}

    def put(self):
        key, metadata = self.key(), self.metadata()
        body = self.random.randbytes(self.random.choice(OBJECT_SIZES))
        content = Content.of(body, md5(body), metadata)
        self.expected.begin(key, content)
        answer = self.call("put_object", Key=key, Body=body, Metadata=metadata)
        if answer["ETag"].strip('"') != content.etag:  # also an answer that is cut behind its status
            raise AssertionError(f"a put answered {answer}")
        self.expected.acknowledge(key, content)

    def read(self):
        """What was acknowledged is seen by every read after it (P8), and an answer that is cut is noticed (P10)."""
        key = self.key()
        allowed = self.expected.allowed(key)
        if len(allowed) != 1:
            return
        seen = self.answer_of(lambda: observe(self.s3, self.bucket, key))
        if seen not in allowed:
            raise AssertionError(f"P8: {key} is {seen}, allowed: {allowed}")

    def delete(self):
        key = self.key()
        self.expected.begin(key, ABSENT)
        self.call("delete_object", Key=key)
        self.expected.acknowledge(key, ABSENT)

    def delete_many(self):
        """Each entry of the answer is an acknowledgement of its own; without an answer all are in doubt."""
        keys = [f"w{self.number}/k{n}" for n in self.random.sample(range(KEYS_OF_A_WRITER), 2)]
        for key in keys:
            self.expected.begin(key, ABSENT)
        answer = self.call("delete_objects", Delete={"Objects": [{"Key": key} for key in keys]})
        for entry in answer.get("Deleted", []):
            self.expected.acknowledge(entry["Key"], ABSENT)
        if answer.get("Errors"):
            if not self.may_fail:
                raise AssertionError(f"DeleteObjects answered {answer['Errors']}")
            raise Gone  # the entry stays in doubt

    def settled_keys(self):
        """Own keys with one known content whose ETag is that of a single body."""
        found = []
        for number in range(KEYS_OF_A_WRITER):
            states = self.expected.allowed(f"w{self.number}/k{number}")
            content = next(iter(states))
            if len(states) == 1 and content is not ABSENT and "-" not in content.etag:
                found.append((f"w{self.number}/k{number}", content))
        return found

    def copy(self):
        """The copy has the content and the metadata of its source."""
        sources = self.settled_keys()
        if not sources:
            return
        source, content = self.random.choice(sources)
        key = self.key()
        if key == source:
            return
        self.expected.begin(key, content)
        self.call("copy_object", Key=key, CopySource={"Bucket": self.bucket, "Key": source})
        self.expected.acknowledge(key, content)

    def copy_part(self):
        """A part that is a copy; then the upload ends, so that these do not add up."""
        sources = [(key, content) for key, content in self.settled_keys() if content.size]
        if not sources:
            return
        source, content = self.random.choice(sources)
        upload = self.start_upload()
        self.expected.set_part(upload, 1, {None, content.etag})
        self.call("upload_part_copy", Key=upload.key, UploadId=upload.upload_id, PartNumber=1,
                  CopySource={"Bucket": self.bucket, "Key": source})
        self.expected.set_part(upload, 1, {content.etag})
        self.end(upload)

    def start_upload(self):
        key, metadata = self.key(), self.metadata()
        answer = self.call("create_multipart_upload", Key=key, Metadata=metadata)
        upload = Upload(key, answer["UploadId"], metadata)
        with self.expected.lock:
            self.expected.uploads[upload.upload_id] = upload
            self.expected.acknowledged += 1
        return upload

    def upload_part(self, upload, number, body):
        """Part numbers of one upload are sent one after the other; a repeat replaces."""
        before = upload.parts.get(number, {None})
        self.expected.set_part(upload, number, before | {md5(body)})
        self.call("upload_part", Key=upload.key, UploadId=upload.upload_id, PartNumber=number, Body=body)
        self.expected.set_part(upload, number, {md5(body)})

    def upload(self):
        """Create, parts (one of them twice), and mostly Complete."""
        upload = self.start_upload()
        bodies = [self.random.randbytes(self.random.choice((1, 40 * KIB, MIB)))]
        if self.random.random() < 0.3:
            bodies.insert(0, self.random.randbytes(PART_BYTES_MIN))
        if self.random.random() < 0.3:
            self.upload_part(upload, 1, b"replaced later")
        for number, body in enumerate(bodies, 1):
            self.upload_part(upload, number, body)
        if self.random.random() < 0.75:
            self.complete(upload, bodies)

    def complete(self, upload, bodies):
        upload.complete_parts = [{"PartNumber": number, "ETag": f'"{md5(body)}"'}
                                 for number, body in enumerate(bodies, 1)]
        upload.complete_etag = multipart_etag(bodies)
        upload.content = Content.of(b"".join(bodies), upload.complete_etag, upload.metadata)
        self.expected.set_state(upload, "in doubt: completed")
        self.expected.begin(upload.key, upload.content)
        self.call("complete_multipart_upload", Key=upload.key, UploadId=upload.upload_id,
                  MultipartUpload={"Parts": upload.complete_parts})
        self.expected.acknowledge(upload.key, upload.content)
        self.expected.set_state(upload, "completed")

    def abort(self):
        upload = self.start_upload()
        self.upload_part(upload, 1, self.random.randbytes(20 * KIB))
        self.end(upload)

    def end(self, upload):
        self.expected.set_state(upload, "in doubt: aborted")
        self.call("abort_multipart_upload", Key=upload.key, UploadId=upload.upload_id)
        self.expected.set_state(upload, "aborted")

    def repeat_complete(self):
        """A repeat changes nothing and gets the first answer (P7)."""
        with self.expected.lock:
            mine = [u for u in self.expected.uploads.values()
                    if u.state == "completed" and u.key.startswith(f"w{self.number}/")]
        if mine:
            upload = self.random.choice(mine)
            answer = self.call("complete_multipart_upload", Key=upload.key, UploadId=upload.upload_id,
                               MultipartUpload={"Parts": upload.complete_parts})
            if answer["ETag"].strip('"') != upload.complete_etag:
                raise AssertionError(f"a repeated Complete answered {answer['ETag']}")
