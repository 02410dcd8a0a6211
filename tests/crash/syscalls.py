"""Attaches strace to a running server and reads back what it did, in order.

A call has a place where it was entered and one where it returned: with many threads they are far apart,
and "a sync that began after the write returned" is a statement about exactly these places.
"""

import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CALLS = ("openat,write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,sync_file_range,fallocate,ftruncate,"
         "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,"
         "sendto,sendmsg,recvfrom,recvmsg,read,readv,io_uring_enter")
LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
RESULT = re.compile(r"\) += (-?\d+|\?)")
DESCRIPTOR = re.compile(r"^(-?\d+|AT_FDCWD)<(.*?)>(?:, |\)| <unfinished|$)")
ATTACH_SECONDS = 20


@dataclass
class Call:
    name: str
    text: str  # its arguments, as strace shows them
    began: int
    ended: int = None
    result: int = None
    path: str = ""  # of its first argument, when that is a descriptor

    def succeeded(self):
        return self.result is not None and self.result >= 0


def parse(text):
    """All calls of all threads, in the order they began."""
    calls, open_calls = [], {}
    for place, line in enumerate(text.splitlines()):
        found = LINE.match(line)
        if not found:
            continue
        thread, rest = found.groups()
        if rest.startswith("<... "):
            call = open_calls.pop(thread, None)
            if call:
                _end(call, rest, place)
            continue
        begun = CALL.match(rest)
        if not begun:
            continue
        call = Call(begun[1], begun[2], place)
        named = DESCRIPTOR.match(call.text)
        call.path = named[2] if named else ""
        calls.append(call)
        if rest.endswith("<unfinished ...>"):
            open_calls[thread] = call
        else:
            _end(call, rest, place)
    return calls


def _end(call, text, place):
    call.ended = place
    results = RESULT.findall(text)
    call.result = int(results[-1]) if results and results[-1] != "?" else None


class Trace:
    """with Trace(pid) as trace: ...; then trace.calls."""

    def __init__(self, pid):
        self.pid = pid
        self.calls = []

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="holdfast-trace-")
        self.log = Path(self.directory.name, "calls")
        with open(Path(self.directory.name, "messages"), "wb") as messages:
            self.strace = subprocess.Popen(
                ["strace", "-f", "-y", "-s", "48", "-e", f"trace={CALLS}", "-o", str(self.log), "-p", str(self.pid)],
                stdin=subprocess.DEVNULL, stdout=messages, stderr=messages)
        self._wait_until_attached()
        return self

    def _wait_until_attached(self):
        """strace says "attached" when it has all threads that there are."""
        deadline = time.monotonic() + ATTACH_SECONDS
        while not self._all_threads_traced():
            if self.strace.poll() is not None or time.monotonic() > deadline:
                messages = Path(self.directory.name, "messages").read_text(errors="replace")
                raise RuntimeError(f"strace could not attach: {messages}")
            time.sleep(0.01)

    def _all_threads_traced(self):
        for status in Path(f"/proc/{self.pid}/task").glob("*/status"):
            try:
                tracer = re.search(r"TracerPid:\s*(\d+)", status.read_text())[1]
            except FileNotFoundError:  # the thread ended
                continue
            if tracer == "0":
                return False
        return True

    def __exit__(self, *_):
        self.strace.send_signal(signal.SIGINT)
        try:
            self.strace.wait(ATTACH_SECONDS)
        finally:
            self.strace.kill()
            self.strace.wait()
        self.calls = parse(self.log.read_text(errors="replace"))
        self.directory.cleanup()
