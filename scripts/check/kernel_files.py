#!/usr/bin/env python3
"""Only base/posix_vfs.cpp asks the kernel for files; everybody else goes through base::Vfs.

Otherwise a simulated or failing disk would not be seen by that code, and its crash tests would prove
nothing. Looks for the headers of the file API, for its functions called with a leading `::`, and for
the standard library's ways to the same.
"""

from pathlib import Path

from source import ROOMS, includes, run, tokens, tracked

HEADERS = {"fcntl.h", "dirent.h", "unistd.h", "cstdio", "stdio.h", "fstream", "filesystem", "sys/stat.h",
           "sys/file.h", "sys/mman.h", "sys/statvfs.h", "sys/sendfile.h"}
FUNCTIONS = {
    "access", "chmod", "chown", "close", "copy_file_range", "creat", "fallocate", "fchmod", "fclose",
    "fdatasync", "fflush", "fgets", "flock", "fopen", "fputs", "fread", "fseek", "fstat", "fsync",
    "ftruncate", "fwrite", "link", "lseek", "lstat", "mkdir", "mkdtemp", "mkstemp", "mmap", "msync", "open",
    "openat", "opendir", "posix_fallocate", "pread", "preadv", "preadv2", "pwrite", "pwritev", "pwritev2",
    "read", "readdir", "readlink", "remove", "rename", "renameat", "rmdir", "sendfile", "stat", "statvfs",
    "symlink", "sync_file_range", "syncfs", "truncate", "umask", "unlink", "unlinkat", "write"}
STANDARD = {"filesystem", "fstream", "ifstream", "ofstream", "FILE", "fopen", "fclose", "fflush", "fgets",
            "fputs", "fread", "fseek", "fwrite", "rename", "tmpfile"}

# The server has sockets and standard streams; files it must leave to base::Vfs as well.
SERVER = {"unistd.h", "cstdio", "close", "fputs", "fflush", "FILE", "read", "write"}
# file -> what it may use, each with its reason
ALLOWED = {
    "base/posix_vfs.cpp": HEADERS | FUNCTIONS | STANDARD,  # this is the one place
    # The log must work before any disk does, and when the data disk is full or broken.
    "base/log_writer.h": {"cstdio", "FILE", "fclose"},
    "base/log_writer.cpp": {"FILE", "fopen", "fwrite", "fflush", "fclose"},
    "base/log.cpp": {"unistd.h"},  # isatty
    "base/io_priority.cpp": {"unistd.h"},  # syscall, for what the C library has no function
    "base/last_words.cpp": {"unistd.h", "write"},  # the last words on standard error
    "base/assert.cpp": {"cstdio"},  # snprintf
    # getpid, to kill itself; test builds only: the mark of a failpoint that was hit
    "base/failpoint.cpp": {"unistd.h", "fstream", "ofstream"},
    "storage/local/rocksdb_log.cpp": {"cstdio"},  # vsnprintf
    "server/http/listener.cpp": {"fcntl.h", "open"},  # the spare descriptor: /dev/null
}


def uses(text):
    """(line, name) of every use of the file API."""
    found = [(line, name) for line, name, quoted in includes(text) if not quoted and name in HEADERS]
    stream = tokens(text)
    for at in range(1, len(stream) - 1):
        before, word = stream[at - 1], stream[at]
        if before.text != "::":
            continue
        scope = stream[at - 2].text if at > 1 else ""
        is_global = not (scope[:1].isalnum() or scope[:1] in ("_", ">")) or scope == "return"
        if is_global and word.text in FUNCTIONS and stream[at + 1].text == "(":
            found.append((word.line, word.text))
        elif scope == "std" and word.text in STANDARD:
            found.append((word.line, word.text))
    return sorted(found)


def check(root):
    complaints = []
    for name in tracked(root, ".h", ".cpp"):
        if not name.startswith(tuple(room + "/" for room in ROOMS)):
            continue
        allowed = ALLOWED.get(name, set()) | (SERVER if name.startswith("server/") else set())
        for line, what in uses((Path(root) / name).read_text()):
            if what not in allowed:
                complaints.append(f"{name}:{line}: {what} belongs into base/posix_vfs.cpp")
    return complaints


if __name__ == "__main__":
    run(check)
