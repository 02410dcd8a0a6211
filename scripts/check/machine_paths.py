#!/usr/bin/env python3
"""Nothing in the tree may name the machine or the network it was written on.

Absolute paths of homes, work folders and temporary files, and hosts other than the documented ones:
a reader has neither, and a test that uses them fails elsewhere.
"""

import re
from pathlib import Path

from source import run, tracked

PATH = re.compile(r"(?<![\w.~*$}/\\-])/(home|root|work|workspace|tmp|Users)"
                  r"(?=/[\w.]|[\"'`\s)]|$)")
HOST = re.compile(r"\bhttps?://((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9]+)")
HOSTS = re.compile(
    r"^(127\.0\.0\.1|0\.0\.0\.0"
    r"|([\w-]+\.)*example(\.(com|org|net))?|([\w-]+\.)*(test|invalid)"  # reserved for examples
    r"|s3\.amazonaws\.com|acs\.amazonaws\.com|docs\.aws\.amazon\.com"  # words of the S3 protocol
    r"|www\.w3\.org|www\.apache\.org|www\.rfc-editor\.org)$")
# file -> paths it may name, each with its reason
ALLOWED = {
    "docker/Dockerfile": {"/root", "/tmp", "/work"},  # paths inside the image
    "docker/compose.yaml": {"/tmp"},  # inside the container
    "scripts/check/machine_paths.py": {"/home", "/root", "/work", "/tmp"},
    "scripts/check/machine_paths_test.py": {"/home", "/root", "/work", "/tmp"},
}


def findings(text, allowed=frozenset()):
    """(line, what) of every path or host that has no place in the tree."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for match in PATH.finditer(line):
            if match[0] not in allowed:
                found.append((number, f"the machine's path {match[0]}"))
        for match in HOST.finditer(line):
            if not HOSTS.match(match[1].lower()):
                found.append((number, f"the host {match[1]}"))
    return found


def check(root):
    complaints = []
    for name in tracked(root):
        try:
            text = (Path(root) / name).read_text()
        except UnicodeDecodeError:
            continue
        for line, what in findings(text, ALLOWED.get(name, frozenset())):
            complaints.append(f"{name}:{line}: names {what}")
    return complaints


if __name__ == "__main__":
    run(check)
