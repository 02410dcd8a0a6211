#!/usr/bin/env python3
"""What ten thousand idle connections cost: memory, and how much later a GET of 4 KiB is answered.

Interleaved rounds on one server: the same load of GETs with nobody else connected, then with all the
idle connections. Prints the ratios of the latencies with their target and writes them with the
machine's description to bench/results/.
"""

import contextlib
import json
import resource
import socket
import statistics
import sys

from compare import MIB, Server
from scale import make_parser, measure_and_write, run_load, table

SETTINGS = {"limits.connections_per_address_max": 20_000, "limits.idle_timeout": "10m"}


def connect(port, count):
    """Idle connections; one in ten was used before."""
    held = contextlib.ExitStack()
    for number in range(count):
        connection = held.enter_context(socket.create_connection(("127.0.0.1", port)))
        if number % 10 == 0:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            if not connection.recv(1 << 16).startswith(b"HTTP/1.1 403"):
                sys.exit("a connection was refused")
    return held


def measure(arguments, directory):
    server = Server(arguments.server, directory / "data", SETTINGS)
    run_load(arguments, server, directory, "put", "idle", "--size", "4KiB", "--requests", "2000", "--objects", "2000")

    def latency():
        figures = run_load(arguments, server, directory, "get", "idle", "--size", "4KiB", "--objects", "2000",
                           "--no-prepare", "--connections", str(arguments.connections),
                           "--duration", f"{arguments.seconds}s")
        return figures["operations"]["get"]["latency_us"]

    rows = []
    try:
        for _ in range(arguments.rounds):
            quiet, resident = latency(), server.resident()
            with connect(server.port, arguments.idle):
                grown = server.resident() - resident
                crowded = latency()
                if server.metrics()["holdfast_http_connections_open"] < arguments.idle:
                    sys.exit("idle connections were closed")
            rows.append({"resident_mib": grown / MIB, "quiet_p50_us": quiet["p50"], "quiet_p99_us": quiet["p99"],
                         "idle_p50_us": crowded["p50"], "idle_p99_us": crowded["p99"],
                         "p99_ratio": crowded["p99"] / quiet["p99"]})
            print(json.dumps(rows[-1]), flush=True)
    finally:
        server.stop()
    return rows


def report(rows, facts, arguments):
    ratio = statistics.median(row["p99_ratio"] for row in rows)
    grown = max(row["resident_mib"] for row in rows)
    return (f"# {arguments.idle} idle connections, measured {arguments.date}\n\n{facts}; GET of 4 KiB over "
            f"{arguments.connections} connections\n\n{table(rows, 2)}\n\n"
            f"p99 with them to p99 without, median: {ratio:.2f} (target <= 1.5); memory: {grown:.0f} MiB "
            f"(target <= 160)\n")


def main():
    parser = make_parser(__doc__)
    parser.add_argument("--idle", default=10_000, type=int)
    parser.add_argument("--connections", default=8, type=int, help="with requests")
    parser.add_argument("--rounds", default=5, type=int)
    files_max = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, files_max))
    measure_and_write("idle", parser.parse_args(), measure, report)


if __name__ == "__main__":
    main()
