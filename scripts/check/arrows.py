#!/usr/bin/env python3
"""Who may include whom: every #include of a project file must follow the arrows below.

The same arrows are the link lines of CMakeLists.txt; the two must say the same, so that neither a new
link nor a new include can widen the house without a change here.
"""

import re
from pathlib import Path

from source import ROOT, includes, run, tracked  # noqa: F401 (ROOT: for the tests)

# room -> the rooms it may include besides itself
ARROWS = {
    "base": set(),
    "model": {"base"},
    "config": {"base"},
    "auth": {"model", "base"},
    "storage": {"model", "base"},
    "storage/checksum": {"model", "base"},
    "storage/crypto": {"model", "base"},
    "storage/memory": {"storage", "model", "base"},
    "storage/local": {"storage", "model", "base"},
    "storage/catalog": {"storage", "storage/crypto", "storage/checksum", "model", "base"},
    "storage/workers": {"storage/catalog", "storage", "storage/crypto", "storage/checksum", "model",
                        "base"},
    "server/http": {"base"},
    "server/s3": {"server/http", "auth", "storage/catalog", "storage", "storage/crypto",
                  "storage/checksum", "model", "base"},
    "server/admin": {"server/http", "auth", "storage/catalog", "storage", "storage/crypto",
                     "storage/checksum", "model", "base"},
}
ARROWS["server"] = set(ARROWS)
ANYTHING = ("tests", "bench")  # they include everything, nothing includes them
GENERATED = re.compile(r"\.pb\.h$")


def room_of(path):
    """The room of a file or include, by the longest room name that is a folder of it."""
    names = [name for name in (*ARROWS, *ANYTHING) if path.startswith(name + "/")]
    return max(names, key=len, default="")


def links(cmake):
    """room -> rooms reachable over the link lines of hf_room and hf_program."""
    direct, by_target = {}, {}
    for path, body in re.findall(r"^hf_room\(\s*(\S+)([^)]*)\)", cmake, re.MULTILINE):
        direct[path] = body.split()
        by_target["hf_" + path.replace("/", "_")] = path
    for _, path, body in re.findall(r"^hf_program\(\s*(\S+)\s+(\S+)([^)]*)\)", cmake, re.MULTILINE):
        direct[path] = direct.get(path, []) + body.split()

    def reach(path, seen):
        for target in direct.get(path, []):
            room = by_target.get(target)
            if room and room not in seen:
                seen.add(room)
                reach(room, seen)
        return seen

    return {path: reach(path, set()) - {path} for path in direct}


def check_links(root):
    complaints = []
    reachable = links((Path(root) / "CMakeLists.txt").read_text())
    for room in sorted(set(ARROWS) | set(reachable)):
        if room not in ARROWS or room not in reachable:
            complaints.append(f"CMakeLists.txt: the room {room} is known on one side only")
            continue
        for other in sorted(reachable[room] - ARROWS[room]):
            complaints.append(f"CMakeLists.txt: {room} links {other}, which is no arrow")
        for other in sorted(ARROWS[room] - reachable[room]):
            complaints.append(f"CMakeLists.txt: {room} may include {other} but does not link it")
    return complaints


def check_file(root, name, text):
    complaints, room = [], room_of(name)
    for line, target, quoted in includes(text):
        where = f"{name}:{line}"
        if not quoted:
            if (Path(root) / target).is_file():
                complaints.append(f"{where}: <{target}> is a project file; write it in quotes")
            continue
        if not (Path(root) / target).is_file() and not GENERATED.search(target):
            complaints.append(f'{where}: "{target}" is not a path from the root')
            continue
        other = room_of(target)
        if room in ANYTHING or other == room:
            continue
        if other not in ARROWS.get(room, ()):
            complaints.append(f'{where}: {room or "(no room)"} may not include "{target}"')
    return complaints


def check(root):
    complaints = check_links(root)
    for name in tracked(root, ".h", ".cpp"):
        complaints += check_file(root, name, (Path(root) / name).read_text())
    return complaints


if __name__ == "__main__":
    run(check)
