"""Connections: many, idle, slow, hostile, and a great coming and going (durability 4, 5.5)."""

import socket
import struct
import threading
import time
import unittest

from support import MIB, Overload, harness, raise_descriptor_limit, receive_all, receive_answer, skip

IN_TIME = 60  # for what ends


class Idle(Overload):
    # Opening them takes what it takes: none may be closed for being idle before the last one is there.
    SETTINGS = ("limits.connections_per_address_max=20000", "limits.header_timeout=1h", "limits.idle_timeout=1h")
    CONNECTIONS = 10_000
    GROWTH_MAX = 160 * MIB

    def test_ten_thousand_idle_connections_cost_little(self):
        if not raise_descriptor_limit(self.CONNECTIONS + 200):
            skip(self, "the limit of open files is too low")
        before = self.resident()
        held = []
        self.addCleanup(lambda: [connection.close() for connection in held])
        for number in range(self.CONNECTIONS):
            connection = self.connect()
            held.append(connection)
            if number % 10 == 0:  # some were used before they became idle
                connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                self.assertEqual(receive_answer(connection)[0], 403)
        growth = self.resident() - before
        print(f"{self.CONNECTIONS} idle connections: {growth / MIB:.1f} MiB")
        self.assertEqual(self.metric("holdfast_http_connections_open") >= self.CONNECTIONS, True)
        self.assertLess(growth, self.GROWTH_MAX)
        self.s3.put_object(Bucket="load", Key="meanwhile", Body=b"x")
        # Each of them still works.
        for connection in held[:: self.CONNECTIONS // 100]:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(receive_answer(connection)[0], 403)


class Limits(Overload):
    SETTINGS = ("limits.connections_per_address_max=50", "limits.connections_max=60")

    def test_connections_over_the_limit_are_told_503(self):
        # The client of the set-up may hold one, too. An answer shows that one was admitted before the next.
        held = []
        self.addCleanup(lambda: [connection.close() for connection in held])
        for _ in range(49):
            connection = self.connect()
            held.append(connection)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual(receive_answer(connection)[0], 403)
        connection = self.connect()
        held.append(connection)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertIn(receive_answer(connection)[0], (403, 503))
        for _ in range(20):
            with self.connect() as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                answer = receive_all(connection)
                self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
                self.assertIn(b"SlowDown", answer)
                self.assertIn(b"Retry-After", answer)
        # Whoever comes next has a place when those are gone.
        for connection in held:
            connection.close()
        deadline = time.monotonic() + IN_TIME
        while self.metric("holdfast_http_connections_open") > len(held) / 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertLessEqual(self.metric("holdfast_http_connections_open"), len(held) / 2)


class Slow(Overload):
    SETTINGS = ("limits.header_timeout=5s", "limits.idle_timeout=10s", "limits.connections_per_address_max=2000")

    def test_slow_headers_are_closed_and_hold_nobody_up(self):
        held = [self.connect(timeout=60) for _ in range(300)]
        stop = threading.Event()

        def drip():
            while not stop.wait(0.1):
                for connection in held:
                    try:
                        connection.send(b"X-Slow: y\r\n")
                    except OSError:
                        pass  # closed: what the test waits for

        for connection in held:
            connection.send(b"GET / HTTP/1.1\r\nHost: h\r\n")
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            s3 = harness.client(self.server.endpoint)  # that of the set-up may be closed just now
            for number in range(20):
                s3.put_object(Bucket="load", Key=f"quick-{number}", Body=b"x")
            for connection in held:
                answer = receive_all(connection)  # returns only when the server closed
                self.assertFalse(answer.startswith(b"HTTP/1.1 2"))
        finally:
            stop.set()
            thread.join()
        self.assertGreaterEqual(self.metric("holdfast_http_timeouts_total"), 300)


class Bombs(Overload):
    SETTINGS = ("limits.connections_per_address_max=2000",)

    def test_header_bombs_are_refused_with_bounded_memory(self):
        lines = b"".join(b"X-%d: y\r\n" % number for number in range(5000))
        bombs = [b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + b"y" * MIB + b"\r\n\r\n",
                 b"GET /" + b"a" * MIB + b" HTTP/1.1\r\nHost: h\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 200 + b"\r\n",
                 b"\r\n" * 100_000, b"G" * MIB]
        before = self.resident()
        statuses = set()

        def throw(bomb):
            with self.connect() as connection:
                try:
                    connection.sendall(bomb)
                except OSError:
                    pass  # refused before all of it was sent
                answer = receive_all(connection)
                statuses.add(answer.split(b" ", 2)[1] if answer else b"closed")

        for _ in range(20):
            threads = [threading.Thread(target=throw, args=(bomb,)) for bomb in bombs]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertLessEqual(statuses, {b"400", b"414", b"431", b"closed"})
        self.assertIn(b"400", statuses)
        self.assertIn(b"414", statuses)
        self.assertLess(self.resident() - before, 64 * MIB)


class Churn(Overload):
    SETTINGS = ("limits.connections_per_address_max=5000",)
    CONNECTIONS = 20_000

    def test_coming_and_going_leaves_nothing_behind(self):
        descriptors, before = self.descriptors(), self.resident()

        def come_and_go(count):
            for number in range(count):
                connection = self.connect()
                if number % 4 == 1:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    receive_all(connection)
                elif number % 4 == 2:
                    connection.sendall(b"PUT /load/k HTTP/1.1\r\nHost: h\r\nContent-Le")
                elif number % 4 == 3:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    # A reset instead of an end.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

        threads = [threading.Thread(target=come_and_go, args=(self.CONNECTIONS // 8,)) for _ in range(8)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{self.CONNECTIONS / (time.monotonic() - began):.0f} connections a second came and went")
        self.s3.head_bucket(Bucket="load")
        # The last ones may just be ending.
        deadline = time.monotonic() + IN_TIME
        while self.descriptors() > descriptors + 8 and time.monotonic() < deadline:
            self.s3.head_bucket(Bucket="load")
        self.assertLessEqual(self.descriptors(), descriptors + 8)
        self.assertLess(self.resident() - before, 64 * MIB)


if __name__ == "__main__":
    unittest.main()
