#!/usr/bin/env python3
"""What must not grow with the number of objects: the time of a list page and of a start after a kill.

Fills one bucket step by step, and at each step measures pages of 100 keys, then kills the server
(SIGKILL) under load and takes the time until it serves again. Prints a table and writes it with the
machine's description to bench/results/.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from compare import CREDENTIALS, MIB, ROOT, Server, machine

STEPS = [1_000, 1_000_000, 10_000_000]
SIZE = "64"  # inline: the number of rows counts here, not their bytes


def run_load(arguments, server, directory, command, prefix, *options):
    output = directory / "figures.json"
    output.unlink(missing_ok=True)
    done = subprocess.run(
        [arguments.bench, command, "--endpoint", f"http://127.0.0.1:{server.port}", "--prefix", prefix,
         "--pid", str(server.process.pid), "--json", output, *options],
        env={**os.environ, **CREDENTIALS}, capture_output=True, text=True)
    if not output.exists():
        sys.exit(f"{command}:\n{done.stdout}{done.stderr}")
    figures = json.loads(output.read_text())["runs"][0]
    if figures["error_count"]:
        sys.exit(f"{command}: errors {figures['errors']}")
    return figures


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_settled(server, seconds_max=600):
    """What came in faster than it could be compacted is still being compacted; a page should not be
    measured against that."""
    deadline = time.monotonic() + seconds_max
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        before = cpu_seconds(server.process.pid)
        time.sleep(1)
        quiet = quiet + 1 if cpu_seconds(server.process.pid) - before < 0.05 else 0


def kill_under_load(arguments, server):
    """The end comes in the middle of writes, so that there is a log to replay."""
    load = subprocess.Popen(
        [arguments.bench, "put", "--endpoint", f"http://127.0.0.1:{server.port}", "--prefix", "late",
         "--size", SIZE, "--connections", "64", "--objects", "100000000", "--duration", "60s"],
        env={**os.environ, **CREDENTIALS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(arguments.seconds)
    server.process.kill()
    server.process.wait()
    server.log.close()
    load.kill()
    load.wait()


def measure(arguments, directory):
    rows, data, there = [], directory / "data", 0
    server = Server(arguments.server, data)
    for objects in arguments.objects:
        started = time.monotonic()
        added, prefix = objects - there, f"scale-{objects}"
        run_load(arguments, server, directory, "put", prefix, "--size", SIZE, "--connections", "64",
                 "--requests", str(added), "--objects", str(added))
        filled = time.monotonic() - started
        wait_until_settled(server)
        listed = run_load(arguments, server, directory, "list", prefix, "--connections", "1", "--no-prepare",
                          "--size", SIZE, "--page-keys", "100", "--objects", str(added), "--duration", f"{arguments.seconds}s")
        listed = listed["operations"]["list"]["latency_us"]
        resident = server.resident() / MIB
        kill_under_load(arguments, server)
        server = Server(arguments.server, data)
        rows.append({"objects": objects, "puts_per_second": added / filled,
                     "list_page_p50_us": listed["p50"],
                     "list_page_p99_us": listed["p99"],
                     "resident_mib": resident, "ready_after_kill_ms": server.ready_ms})
        there = objects
        print(json.dumps(rows[-1]), flush=True)
    server.stop()
    return rows


def table(rows, digits=0):
    """The rows as Markdown; their names are those of the first one."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(f"{row[name]:.{digits}f}" for name in names) + " |" for row in rows]
    return "\n".join(lines)


def make_parser(description):
    """With what every benchmark of a server of its own takes."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    build = ROOT / "build" / "release"
    parser.add_argument("--server", default=build / "holdfast", type=pathlib.Path)
    parser.add_argument("--bench", default=build / "holdfast-bench", type=pathlib.Path)
    parser.add_argument("--directory", default=None, help="on the disk to measure")
    parser.add_argument("--output", default=ROOT / "bench" / "results", type=pathlib.Path)
    parser.add_argument("--seconds", default=5, type=int)
    return parser


def measure_and_write(name, arguments, measure, report):
    """Measures in a directory that goes afterwards; prints the report and writes it beside the rows."""
    arguments.date = datetime.datetime.now().strftime("%Y-%m-%d-%H%M")
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"holdfast-{name}-", dir=arguments.directory))
    try:
        described = machine(directory)
        rows = measure(arguments, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    facts = ", ".join(f"{fact} {value}" for fact, value in described.items())
    text = report(rows, facts, arguments)
    print(text)
    stem = arguments.output / f"{arguments.date}-{name}"
    stem.with_suffix(".md").write_text(text)
    stem.with_suffix(".json").write_text(json.dumps({"machine": described, "rows": rows}, indent=1) + "\n")


def report(rows, facts, arguments):
    ratio = rows[-1]["list_page_p50_us"] / rows[0]["list_page_p50_us"]
    return (f"# Scale, measured {arguments.date}\n\n{facts}\n\n{table(rows)}\n\n"
            f"list page p50, last step to first: {ratio:.2f} (target <= 1.5)\n")


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--objects", default=STEPS, type=lambda text: [int(n) for n in text.split(",")])
    measure_and_write("scale", parser.parse_args(), measure, report)


if __name__ == "__main__":
    main()
