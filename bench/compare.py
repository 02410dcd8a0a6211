#!/usr/bin/env python3
"""Holds the server against nginx and against the primitives it is made of, in one run.

Starts a server on a fresh directory and nginx with static files, both on loopback, and measures in
interleaved rounds, so that a noisy neighbour hits both sides of a ratio. Prints the ratios with
their targets and writes them with the machine's description to bench/results/. What each figure
means is in bench/README.md. Needs nginx in PATH; nothing beside Python's own library.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20
CREDENTIALS = {"HOLDFAST_ROOT_ACCESS_KEY": "benchmark", "HOLDFAST_ROOT_SECRET_KEY": "benchmark-secret"}

NGINX = """
worker_processes {workers}; pid {directory}/nginx.pid; error_log {directory}/nginx.log; daemon off;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000;
    client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2;
    fastcgi_temp_path {directory}/t3; uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
    server {{ listen 127.0.0.1:{port}; root {directory}/www; }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def status_bytes(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


class Nginx:
    def __init__(self, directory):
        self.port = free_port()
        www = directory / "www"
        www.mkdir()
        (www / "file4k").write_bytes(os.urandom(4096))
        for path in (directory.parent, directory, www):
            path.chmod(0o755)
        configuration = directory / "nginx.conf"
        configuration.write_text(
            NGINX.format(workers=os.cpu_count(), directory=directory, port=self.port))
        self.process = subprocess.Popen(["nginx", "-c", str(configuration)],
                                        stderr=subprocess.DEVNULL)
        wait_for(lambda: fetch(self.port, "/file4k") is not None, "nginx")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Server:
    """A holdfast process on a directory that is new."""

    def __init__(self, binary, directory, more_settings=()):
        self.port, self.admin_port = free_port(), free_port()
        self.log = open(directory.with_suffix(".log"), "w")
        settings = {"server.port": self.port, "admin.port": self.admin_port,
                    "storage.directory": directory, **dict(more_settings)}
        command = [binary, "serve"]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        started = time.monotonic()
        self.process = subprocess.Popen(command, env={**os.environ, **CREDENTIALS},
                                        stdout=self.log, stderr=self.log)
        wait_for(lambda: fetch(self.admin_port, "/health/ready") is not None, "the server",
                 self.process)
        self.ready_ms = (time.monotonic() - started) * 1000

    def metrics(self):
        values = {}
        for line in fetch(self.admin_port, "/metrics").decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name and not name.startswith("#"):
                values[name] = float(value)
        return values

    def resident(self):
        return status_bytes(self.process.pid, "VmRSS:")

    def peak(self):
        return status_bytes(self.process.pid, "VmHWM:")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()


def fetch(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read()
    except OSError:  # not listening yet, or 503
        return None


def wait_for(ready, name, process=None, seconds=20):
    deadline = time.monotonic() + seconds
    while not ready():
        if process is not None and process.poll() is not None:
            sys.exit(f"{name} ended with code {process.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"{name} did not start")
        time.sleep(0.002)


class Bench:
    """Runs the two programs and hands back their JSON."""

    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.directory = directory
        self.server = None

    def _run(self, command):
        output = self.directory / "figures.json"
        output.unlink(missing_ok=True)
        done = subprocess.run([*command, "--json", output], env={**os.environ, **CREDENTIALS},
                              capture_output=True, text=True)
        if not output.exists():
            sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
        return json.loads(output.read_text())

    def load(self, command, *options, port=None, pid=None):
        seconds = self.arguments.seconds
        figures = self._run([self.arguments.bench, command, "--endpoint",
                             f"http://127.0.0.1:{port or self.server.port}",
                             "--pid", str(pid or self.server.process.pid),
                             "--duration", f"{int(seconds * 1000)}ms", *options])["runs"][0]
        if figures["error_count"]:
            print(f"  {command}: errors {figures['errors']}", file=sys.stderr)
        return figures

    def micro(self, *names):
        return self._run([self.arguments.micro, *names, "--milliseconds",
                          str(int(self.arguments.seconds * 500)), "--directory", self.directory])


class Memory:
    """Keeps the machine's memory full of page cache, as on any machine that has run for a while.

    The host of a virtual machine may take free memory back; a page written for the first time after
    that costs more processor time than everything else a server does with it, and whoever is
    measured first pays for it.
    """

    def __init__(self, directory):
        self.directory = directory
        self.files = 0

    def fill(self):
        spare = 512 * MIB
        while (free := int(read_first("/proc/meminfo", "MemFree").split()[0]) * 1024) > 2 * spare:
            self.files += 1
            hole = self.directory / f"fill-{self.files}"
            with open(hole, "wb") as file:
                file.truncate(free - spare)
            with open(hole, "rb", buffering=0) as file:
                while file.read(4 * MIB):
                    pass


class Figures:
    """Samples by name; a figure is the median of its samples."""

    def __init__(self):
        self.samples = {}

    def add(self, name, value):
        self.samples.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.samples[name])


# name, unit, what it must be ("" when it only explains another one)
TARGETS = [
    ("get_4k_to_nginx", "ratio of operations per second", ">= 0.5"),
    ("get_4k_cpu_to_nginx", "ratio of server CPU per operation", ""),
    ("get_4k_per_second", "operations per second", ""),
    ("nginx_4k_per_second", "operations per second", ""),
    ("get_4k_cpu_us", "server CPU us per operation", ""),
    ("nginx_4k_cpu_us", "server CPU us per operation", ""),
    ("put_4k_to_row_commit", "ratio of operations per second", ">= 0.5"),
    ("put_4k_per_second", "operations per second", ""),
    ("row_commit_per_second", "commits per second", ""),
    ("put_4k_syncs_per_operation", "commit groups per commit", "<= 0.25"),
    ("put_4k_cpu_us", "server CPU us per operation", ""),
    ("multipart_signed_to_primitives", "ratio of CPU per GiB", "<= 1.3"),
    ("multipart_signed_cpu_s_per_gib", "server CPU s per GiB", ""),
    ("multipart_signed_mb_per_second", "MB/s", ""),
    ("primitives_signed_cpu_s_per_gib", "CPU s per GiB", ""),
    ("multipart_trailer_to_primitives", "ratio of CPU per GiB", "<= 1.3"),
    ("multipart_trailer_cpu_s_per_gib", "server CPU s per GiB", ""),
    ("multipart_trailer_mb_per_second", "MB/s", ""),
    ("primitives_trailer_cpu_s_per_gib", "CPU s per GiB", ""),
    ("segment_append_cpu_s_per_gib", "CPU s per GiB, writing alone", ""),
    ("get_64m_to_decrypt_send", "ratio of bytes per second, one connection", ">= 0.6"),
    ("get_64m_mb_per_second", "MB/s", ""),
    ("decrypt_send_mb_per_second", "MB/s", ""),
    ("idle_resident_mib", "MiB", "<= 40"),
    ("ready_ms", "ms from the start on an empty directory", "<= 300"),
    ("upload_5g_peak_mib", "MiB", "<= 200"),
    ("download_5g_peak_mib", "MiB", "<= 200"),
]


def holds(value, target):
    if not target:
        return ""
    relation, bound = target.split()
    return "yes" if (value >= float(bound) if relation == ">=" else value <= float(bound)) else "NO"


def measure_get(bench, nginx, figures):
    theirs = bench.load("get", "--plain", "--path", "/file4k", "--connections", "64",
                        port=nginx.port, pid=nginx.process.pid)
    ours = bench.load("get", "--size", "4KiB", "--connections", "64", "--objects", "2000")
    figures.add("nginx_4k_per_second", theirs["operations_per_second"])
    figures.add("get_4k_per_second", ours["operations_per_second"])
    figures.add("get_4k_to_nginx",
                ours["operations_per_second"] / theirs["operations_per_second"])
    figures.add("nginx_4k_cpu_us", theirs["server"]["cpu_us_per_operation"])
    figures.add("get_4k_cpu_us", ours["server"]["cpu_us_per_operation"])
    figures.add("get_4k_cpu_to_nginx", ours["server"]["cpu_us_per_operation"]
                / theirs["server"]["cpu_us_per_operation"])


def measure_put(bench, figures, number):
    alone = bench.micro("row_commit")["row_commit"]["commit with 4 KiB"]
    before = bench.server.metrics()
    ours = bench.load("put", "--size", "4KiB", "--connections", "64", "--objects", "10000000",
                      "--prefix", f"put-{number}")
    after = bench.server.metrics()
    difference = {name: after[name] - before.get(name, 0) for name in after}
    figures.add("row_commit_per_second", alone["operations_per_second"])
    figures.add("put_4k_per_second", ours["operations_per_second"])
    figures.add("put_4k_to_row_commit",
                ours["operations_per_second"] / alone["operations_per_second"])
    figures.add("put_4k_syncs_per_operation", difference["holdfast_commit_groups_total"]
                / difference["holdfast_commits_total"])
    figures.add("put_4k_cpu_us", ours["server"]["cpu_us_per_operation"])


def measure_multipart(bench, memory, figures, number):
    micro = bench.micro("hashes", "frames", "socket_copy", "segment_append")
    cost = {name: figure["cpu_seconds_per_gib"]
            for group in micro.values() for name, figure in group.items()}
    base = cost["md5"] + cost["crc64nvme"] + cost["seal"] + cost["receive"]
    figures.add("segment_append_cpu_s_per_gib", cost["append 8 MiB"])
    for payload, primitives in (("signed", base + cost["sha256"]), ("trailer", base)):
        memory.fill()
        ours = bench.load("multipart", "--size", "64MiB", "--part-size", "8MiB",
                          "--connections", "8", "--payload", payload, "--objects", "64",
                          "--prefix", f"upload-{number}")
        per_gib = ours["server"]["cpu_seconds_per_gib"]
        figures.add(f"primitives_{payload}_cpu_s_per_gib", primitives)
        figures.add(f"multipart_{payload}_cpu_s_per_gib", per_gib)
        figures.add(f"multipart_{payload}_mb_per_second", ours["bytes_per_second"] / 1e6)
        figures.add(f"multipart_{payload}_to_primitives", per_gib / primitives)


def measure_large_get(bench, figures):
    alone = bench.micro("decrypt_send")["decrypt_send"]["open and send"]
    ours = bench.load("get", "--size", "64MiB", "--connections", "1", "--objects", "4")
    figures.add("decrypt_send_mb_per_second", alone["bytes_per_second"] / 1e6)
    figures.add("get_64m_mb_per_second", ours["bytes_per_second"] / 1e6)
    figures.add("get_64m_to_decrypt_send", ours["bytes_per_second"] / alone["bytes_per_second"])


def measure_memory(bench, figures, directory):
    """A server of its own for each, because the peak is that of the process's life."""
    data = directory / "memory"
    server = bench.server = Server(bench.arguments.server, data)
    figures.add("ready_ms", server.ready_ms)
    time.sleep(1)
    figures.add("idle_resident_mib", server.resident() / MIB)
    if bench.arguments.large:
        bench.load("multipart", "--size", "5GiB", "--part-size", "64MiB", "--connections", "1",
                   "--requests", "1", "--objects", "1", "--payload", "trailer")
        figures.add("upload_5g_peak_mib", server.peak() / MIB)
        server.stop()
        server = bench.server = Server(bench.arguments.server, data)
        bench.load("get", "--size", "5GiB", "--connections", "1", "--requests", "1",
                   "--objects", "1", "--no-prepare", "--verify")
        figures.add("download_5g_peak_mib", server.peak() / MIB)
    server.stop()
    shutil.rmtree(data)


def read_first(path, prefix):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(prefix):
            return line.split(":", 1)[1].strip()
    return "unknown"


def machine(directory):
    file_system = subprocess.run(["stat", "-f", "-c", "%T", directory], capture_output=True,
                                 text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True).stdout.strip()
    memory_kib = int(read_first("/proc/meminfo", "MemTotal").split()[0])
    return {"cpu": read_first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory_gib": round(memory_kib / MIB, 1), "kernel": platform.release(),
            "file_system": file_system, "load_average": os.getloadavg()[0], "commit": commit}


def report(figures, described, arguments):
    lines = ["| figure | median | lowest | highest | unit | target | met |",
             "|---|---|---|---|---|---|---|"]
    for name, unit, target in TARGETS:
        if name not in figures.samples:
            continue
        samples = figures.samples[name]
        lines.append(f"| {name} | {figures.median(name):.2f} | {min(samples):.2f} | "
                     f"{max(samples):.2f} | {unit} | {target} | "
                     f"{holds(figures.median(name), target)} |")
    facts = ", ".join(f"{name} {value}" for name, value in described.items())
    return (f"# Measured {arguments.date}\n\n{facts}; {arguments.rounds} rounds of "
            f"{arguments.seconds:g} s a figure\n\n" + "\n".join(lines) + "\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    build = ROOT / "build" / "release"
    parser.add_argument("--server", default=build / "holdfast", type=pathlib.Path)
    parser.add_argument("--bench", default=build / "holdfast-bench", type=pathlib.Path)
    parser.add_argument("--micro", default=build / "holdfast-micro", type=pathlib.Path)
    parser.add_argument("--directory", default=None, help="on the disk to measure")
    parser.add_argument("--output", default=ROOT / "bench" / "results", type=pathlib.Path)
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--seconds", default=4, type=float)
    parser.add_argument("--large", action="store_true", help="also move 5 GiB up and down")
    arguments = parser.parse_args()
    arguments.date = datetime.datetime.now().strftime("%Y-%m-%d-%H%M")
    return arguments


def measure(arguments, directory):
    figures = Figures()
    bench = Bench(arguments, directory)
    for directory_name in ("nginx", "server", "memory-filling"):
        (directory / directory_name).mkdir()
    memory = Memory(directory / "memory-filling")
    measure_memory(bench, figures, directory)
    nginx = Nginx(directory / "nginx")
    bench.server = Server(arguments.server, directory / "server" / "data")
    try:
        for number in range(arguments.rounds):
            print(f"round {number + 1} of {arguments.rounds}", flush=True)
            memory.fill()
            measure_get(bench, nginx, figures)
            memory.fill()
            measure_put(bench, figures, number)
            measure_multipart(bench, memory, figures, number)
            memory.fill()
            measure_large_get(bench, figures)
    finally:
        bench.server.stop()
        nginx.stop()
    return figures


def main():
    arguments = parse_arguments()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-compare-", dir=arguments.directory))
    try:
        described = machine(directory)
        figures = measure(arguments, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    text = report(figures, described, arguments)
    print(text)
    arguments.output.mkdir(parents=True, exist_ok=True)
    stem = arguments.output / arguments.date
    stem.with_suffix(".md").write_text(text)
    stem.with_suffix(".json").write_text(
        json.dumps({"machine": described, "samples": figures.samples}, indent=1) + "\n")


if __name__ == "__main__":
    main()
