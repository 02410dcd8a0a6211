"""Signature Version 4 by hand, so that tests can send what no client library would.

Request.send() signs with a header; the streaming forms of the body (aws-chunked) are built here too.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import urllib.parse
import xml.etree.ElementTree as ElementTree

from harness import ACCESS_KEY, REGION, SECRET_KEY, server

EMPTY = hashlib.sha256(b"").hexdigest()
STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_TRAILER = STREAMING + "-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quoted(text):
    return urllib.parse.quote(text, safe="-._~")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def xml(self):
        """Text of each direct child of the document's root, namespace removed."""
        root = ElementTree.fromstring(self.body)
        return {child.tag.split("}")[-1]: child.text or "" for child in root}

    @property
    def code(self):
        return self.xml().get("Code", "") if self.body else ""


class Request:
    """One request: its path is already percent-encoded, its query is a list of (name, value)."""

    def __init__(self, method, path, query=(), headers=None, body=b"", endpoint=None):
        self.method, self.path, self.query, self.body = method, path, list(query), body
        url = urllib.parse.urlsplit(endpoint or server().endpoint)
        self.host, self.port = url.hostname, url.port
        self.headers = {"host": f"{url.hostname}:{url.port}"}
        self.headers.update({name.lower(): value for name, value in (headers or {}).items()})
        self.time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.time[:8]}/{REGION}/s3/aws4_request"
        self.signature = None

    def target(self):
        query = "&".join(f"{quoted(n)}={quoted(v)}" if v is not None else quoted(n) for n, v in self.query)
        return self.path + ("?" + query if query else "")

    def key(self):
        key = ("AWS4" + SECRET_KEY).encode()
        for piece in self.scope.split("/"):
            key = _mac(key, piece)
        return key

    def sign(self, content_sha256):
        """Adds x-amz-date, x-amz-content-sha256 and Authorization over all headers."""
        self.headers["x-amz-date"] = self.time
        self.headers["x-amz-content-sha256"] = content_sha256
        names = sorted(self.headers)
        query = "&".join(sorted(f"{quoted(n)}={quoted(v or '')}" for n, v in self.query))
        canonical = "\n".join([
            self.method, self.path, query,
            *(f"{name}:{' '.join(self.headers[name].split())}" for name in names), "",
            ";".join(names), content_sha256])
        text = "\n".join(["AWS4-HMAC-SHA256", self.time, self.scope, sha256(canonical.encode())])
        self.signature = hmac.new(self.key(), text.encode(), hashlib.sha256).hexdigest()
        self.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{self.scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={self.signature}")
        return self

    def signed(self):
        """Signs the body with its hash unless it is signed already."""
        if "authorization" not in self.headers:
            if self.method in ("PUT", "POST") or self.body:
                self.headers.setdefault("content-length", str(len(self.body)))
            self.sign(sha256(self.body))
        return self

    def head_bytes(self):
        lines = [f"{self.method} {self.target()} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def bytes(self):
        return self.signed().head_bytes() + self.body

    def send(self):
        self.signed()
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.putrequest(self.method, self.target(), skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(self.body or None)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    # aws-chunked bodies.

    def _chain(self, kind, previous, *hashes):
        text = "\n".join([kind, self.time, self.scope, previous, *hashes])
        return hmac.new(self.key(), text.encode(), hashlib.sha256).hexdigest()

    def stream(self, pieces, mode=STREAMING, trailer=None, decoded_length=None, spoil_chunk=None,
               spoil_trailer=False):
        """Frames pieces as aws-chunked. trailer: (name, value). spoil_…: make that signature wrong."""
        length = sum(map(len, pieces)) if decoded_length is None else decoded_length
        self.headers["x-amz-decoded-content-length"] = str(length)
        self.headers["content-encoding"] = "aws-chunked"
        if trailer:
            self.headers["x-amz-trailer"] = trailer[0]
        signed = mode != UNSIGNED_TRAILER

        def frame(signatures):
            body = b""
            for number, piece in enumerate([*pieces, b""]):
                extension = f";chunk-signature={signatures[number]}" if signed else ""
                body += f"{len(piece):x}{extension}\r\n".encode() + piece + (b"\r\n" if piece else b"")
            if trailer:
                body += f"{trailer[0]}:{trailer[1]}\r\n".encode()
                if signed:
                    body += f"x-amz-trailer-signature:{signatures[-1]}\r\n".encode()
            return body + b"\r\n"

        placeholder = ["0" * 64] * (len(pieces) + 2)
        self.headers["content-length"] = str(len(frame(placeholder)))
        self.sign(mode)
        signatures, previous = [], self.signature
        for piece in [*pieces, b""]:
            previous = self._chain("AWS4-HMAC-SHA256-PAYLOAD", previous, EMPTY, sha256(piece))
            signatures.append(previous)
        if trailer:
            signatures.append(self._chain("AWS4-HMAC-SHA256-TRAILER", previous,
                                          sha256(f"{trailer[0]}:{trailer[1]}\n".encode())))
        if spoil_chunk is not None:
            signatures[spoil_chunk] = "0" * 64
        if spoil_trailer:
            signatures[-1] = "0" * 64
        self.body = frame(signatures)
        return self


def base64_of(raw):
    return base64.b64encode(raw).decode()
