"""The server as a process: start, settings, health, second start on the same data, stop, restart."""

import re
import socket
import stat
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import harness
import signing
from harness import Server, client, md5, payload


def run(*arguments, **environment):
    import os
    return subprocess.run([str(harness.BINARY), *arguments], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False, env={**os.environ, **environment})


@unittest.skipIf(harness.GIVEN_ENDPOINT, "needs servers of its own")
class Process(unittest.TestCase):
    def started(self, *settings, **parameters):
        server = Server(*settings, **parameters).start()
        self.addCleanup(server.remove)
        self.addCleanup(server.kill)
        return server

    def refused(self, server, code):
        """What a start says that ends with this code: one line."""
        self.assertEqual(server.process.wait(60), code, server.log())
        lines = [line for line in server.log().splitlines() if line]
        self.assertEqual(len(lines), 1, lines)
        return lines[0]

    def health(self, server, name):
        try:
            with urllib.request.urlopen(f"{server.admin_endpoint}/health/{name}", timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_health_and_a_clean_end(self):
        server = self.started()
        self.assertEqual((self.health(server, "live"), self.health(server, "ready")), (200, 200))
        self.assertEqual(server.stop(), 0)

    def test_data_is_there_after_a_restart(self):
        server = self.started()
        s3 = client(server.endpoint)
        s3.create_bucket(Bucket="bucket")
        bodies = {"small": b"x", "large": payload(1 << 20)}
        for key, body in bodies.items():
            s3.put_object(Bucket="bucket", Key=key, Body=body)
        upload = s3.create_multipart_upload(Bucket="bucket", Key="open", Metadata={"a": "1"})["UploadId"]
        part = s3.upload_part(Bucket="bucket", Key="open", UploadId=upload, PartNumber=1, Body=b"part")
        self.assertEqual(server.stop(), 0)
        server.start()
        s3 = client(server.endpoint)
        for key, body in bodies.items():
            self.assertEqual(md5(s3.get_object(Bucket="bucket", Key=key)["Body"].read()), md5(body))
        s3.complete_multipart_upload(Bucket="bucket", Key="open", UploadId=upload, MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        got = s3.get_object(Bucket="bucket", Key="open")
        self.assertEqual((got["Body"].read(), got["Metadata"]), (b"part", {"a": "1"}))
        self.assertEqual(server.stop(), 0)

    def test_a_second_server_on_the_same_data_refuses(self):
        first = self.started()
        second = Server(data=first.data).launch()
        self.addCleanup(second.remove)
        said = self.refused(second, 4)
        self.assertIn("storage.directory", said)
        self.assertIn("in use by another process", said)
        self.assertEqual(self.health(first, "ready"), 200)
        self.assertEqual(first.stop(), 0)

    def test_a_wrong_setting_stops_the_start_with_one_clear_line(self):
        for setting, words in (("server.port=99999", "server.port"), ("server.prot=1", "server.prot"),
                               ("storage.engine=disk", "storage.engine"), ("limits.idle_timeout=soon",
                                                                           "limits.idle_timeout")):
            with self.subTest(setting):
                server = Server(setting).launch()
                self.addCleanup(server.remove)
                self.assertIn(words, self.refused(server, 2))

    def test_a_port_in_use_stops_the_start(self):
        first = self.started()
        port = first.endpoint.rsplit(":", 1)[1]
        second = Server(f"server.port={port}").launch()
        self.addCleanup(second.remove)
        self.assertEqual(second.process.wait(60), 5, second.log())

    def test_a_directory_of_somebody_else_is_not_touched(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "thesis.txt").write_text("mine")
            server = Server(data=folder).launch()
            self.addCleanup(server.remove)
            self.assertIn("thesis.txt", self.refused(server, 3))
            self.assertEqual([p.name for p in Path(folder).iterdir()], ["thesis.txt"])

    def test_a_format_of_a_later_version_is_not_touched_2_5(self):
        first = self.started()
        client(first.endpoint).create_bucket(Bucket="bucket")
        self.assertEqual(first.stop(), 0)
        format_file = first.data / "format"
        later = bytearray(format_file.read_bytes())
        later[16] = 99  # the version (docs/format/volume.md)
        format_file.write_bytes(later)

        def everything():
            return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
                    for path in first.data.rglob("*")}

        before = everything()
        for switches in ((), ("storage.read_only=true",)):
            server = Server(*switches, data=first.data).launch()
            self.addCleanup(server.remove)
            self.assertIn("version 99", self.refused(server, 3))
            self.assertEqual(everything(), before)

    def test_credentials_are_made_once_and_kept_private(self):
        server = self.started(environment={"HOLDFAST_ROOT_ACCESS_KEY": "", "HOLDFAST_ROOT_SECRET_KEY": ""})
        deadline = time.monotonic() + 60
        while "Secret key" not in server.log() and time.monotonic() < deadline:
            time.sleep(0.01)  # it is shown right behind the line `ready`
        access = re.search(r"Access key +(\S+)", server.log())[1]
        secret = re.search(r"Secret key +(\S+)", server.log())[1]
        client(server.endpoint, access=access, secret=secret).list_buckets()
        kept = server.data / "root-credentials"
        self.assertEqual(stat.S_IMODE(kept.stat().st_mode), 0o600)
        self.assertEqual(server.stop(), 0)
        seen = len(server.log())
        server.start()
        self.assertNotIn(secret, server.log()[seen:])
        client(server.endpoint, access=access, secret=secret).list_buckets()
        self.assertEqual(server.stop(), 0)

    def test_the_memory_engine_writes_nothing(self):
        server = self.started("storage.engine=memory")
        s3 = client(server.endpoint)
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=payload(1 << 20))
        self.assertFalse(server.data.exists())
        self.assertEqual(server.stop(), 0)

    def test_the_other_commands(self):
        self.assertEqual(run("version").returncode, 0)
        self.assertIn("serve", run("--help").stdout)
        self.assertEqual(run("config", "check").returncode, 0)
        self.assertNotEqual(run("config", "check", "--set", "server.port=x").returncode, 0)
        self.assertIn("CreateMultipartUpload", run("support").stdout)
        shown = run("config", "show", HOLDFAST_ROOT_SECRET_KEY="very-secret-words").stdout
        self.assertNotIn("very-secret-words", shown)

    def test_requests_under_way_are_finished_before_the_end(self):
        self.finish_before_the_end({"Expect": "100-continue"})

    def test_requests_that_may_not_be_accepted_yet_are_finished_before_the_end(self):
        self.finish_before_the_end({})

    def finish_before_the_end(self, headers):
        server = self.started()
        client(server.endpoint).create_bucket(Bucket="bucket")
        body = payload(1 << 20)
        request = signing.Request("PUT", "/bucket/k", headers=headers, body=body, endpoint=server.endpoint).signed()
        with socket.create_connection((request.host, request.port), timeout=60) as connection:
            connection.sendall(request.head_bytes())
            if headers:  # once the server asks for the body, it is at work
                self.assertTrue(connection.recv(65536).startswith(b"HTTP/1.1 100"))
            server.process.terminate()
            connection.sendall(body)
            answer = connection.recv(65536)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
        self.assertEqual(server.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
