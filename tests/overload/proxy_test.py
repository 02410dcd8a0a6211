"""A bad network between the clients and the server: those that try again finish, and what they were
told holds (durability 5.5, P1, P5)."""

import random
import threading
import unittest
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from proxy import Proxy
from support import MIB, Overload, harness

WORKERS, OPERATIONS = 16, 8
RESETS, DELAY_SECONDS = 0.01, 0.1  # of pieces up to 64 KiB; 200 ms there and back
SEED = random.SystemRandom().randrange(2**32)


class BadNetwork(Overload):
    def client(self, endpoint):
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, connect_timeout=20,
                        read_timeout=20, retries={"total_max_attempts": 8, "mode": "standard"})
        return boto3.session.Session().client(
            "s3", endpoint_url=endpoint, region_name=harness.REGION, aws_access_key_id=harness.ACCESS_KEY,
            aws_secret_access_key=harness.SECRET_KEY, config=config)

    def stock(self, number):
        """What is there for the operations of a worker to replace or delete, put without the proxy."""
        draw = random.Random(f"{SEED}-{number}-stock")
        bodies = {f"{number}-{step}": harness.payload(1000, f"{number}-{step}-before")
                  for step in range(OPERATIONS) if draw.random() < 0.6}
        for key, body in bodies.items():
            self.s3.put_object(Bucket="load", Key=key, Body=body)
        return bodies

    def worker(self, number, s3, stock, expected, problems):
        """expected: what each key of this worker may hold.

        An attempt that was cut may still be on its way when the next one was answered, and be done after it. So each
        operation has a key of its own, and its attempts all come to the same.
        """
        draw = random.Random(f"{SEED}-{number}")
        for step in range(OPERATIONS):
            key = f"{number}-{step}"
            before = stock.get(key)
            wanted = None
            try:
                if before and draw.random() < 0.3:
                    s3.delete_object(Bucket="load", Key=key)
                elif draw.random() < 0.15:
                    wanted = harness.payload(5 * MIB + 1000, f"{number}-{step}")
                    upload = s3.create_multipart_upload(Bucket="load", Key=key)["UploadId"]
                    parts = []
                    for part, piece in enumerate((wanted[:5 * MIB], wanted[5 * MIB:]), 1):
                        answer = s3.upload_part(Bucket="load", Key=key, UploadId=upload, PartNumber=part, Body=piece)
                        parts.append({"PartNumber": part, "ETag": answer["ETag"]})
                    s3.complete_multipart_upload(Bucket="load", Key=key, UploadId=upload,
                                                 MultipartUpload={"Parts": parts})
                else:
                    wanted = harness.payload(draw.choice((10, 30_000, 500_000)), f"{number}-{step}")
                    s3.put_object(Bucket="load", Key=key, Body=wanted)
                expected[key] = {wanted}
            except (BotoCoreError, ClientError):  # all attempts failed: in doubt
                expected[key] = {before, wanted}
            except Exception as error:  # noqa: BLE001 (told by the test)
                problems.append(repr(error))

    def test_clients_that_try_again_finish_and_lose_nothing(self):
        print(f"seed {SEED}")
        url = urllib.parse.urlsplit(self.server.endpoint)
        proxy = Proxy((url.hostname, url.port), resets=RESETS, delay=DELAY_SECONDS, seed=SEED)
        self.addCleanup(proxy.close)
        stocks = [self.stock(n) for n in range(WORKERS)]
        expected, problems = [{} for _ in range(WORKERS)], []
        threads = [threading.Thread(target=self.worker,
                                    args=(n, self.client(proxy.endpoint), stocks[n], expected[n], problems))
                   for n in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertGreater(proxy.cut, 0)
        certain = 0
        for one in expected:
            for key, bodies in one.items():
                try:
                    found = self.s3.get_object(Bucket="load", Key=key)["Body"].read()
                except ClientError as error:
                    self.assertEqual(error.response["Error"]["Code"], "NoSuchKey")
                    found = None
                self.assertIn(found, bodies, key)
                certain += len(bodies) == 1
        print(f"{proxy.cut} connections cut, {certain} keys certain")
        self.assertGreater(certain, WORKERS)


if __name__ == "__main__":
    unittest.main()
