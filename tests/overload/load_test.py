"""More clients than there are places: refused ones are told so, nothing acknowledged is lost, and the
memory stays within its limit (durability 4, 5.5)."""

import random
import threading
import time
import unittest

from support import MIB, Overload, harness, receive_answer

SECONDS = 10


class Capacity(Overload):
    SETTINGS = ("limits.running_requests_max=16", "limits.queued_requests_max=16",
                "limits.queue_timeout=200ms", "mem.limit=256MiB", "limits.connections_per_address_max=2000")
    CLIENTS = 128

    def worker(self, number, until, acked, statuses):
        draw = random.Random(number)
        connection = self.connect()
        version = 0
        while time.monotonic() < until:
            version += 1
            key = f"{number}-{draw.randrange(8)}"
            body = harness.payload(draw.choice((100, 20_000, 300_000)), f"{number}-{version}")
            try:
                connection.sendall(self.request("PUT", f"/load/{key}", body=body).bytes())
                status, _ = receive_answer(connection)
            except OSError:
                status = 0
            statuses.append(status)
            if status == 200:
                acked[key] = {body}
            elif status == 0:
                acked.setdefault(key, {None}).add(body)  # in doubt
                connection.close()
                connection = self.connect()
        connection.close()

    def test_four_times_the_capacity_loses_nothing_acknowledged(self):
        until = time.monotonic() + SECONDS
        acked = [{} for _ in range(self.CLIENTS)]
        statuses = [[] for _ in range(self.CLIENTS)]
        threads = [threading.Thread(target=self.worker, args=(n, until, acked[n], statuses[n]))
                   for n in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        largest = 0
        while any(thread.is_alive() for thread in threads):
            largest = max(largest, self.resident())
            time.sleep(0.05)
        for thread in threads:
            thread.join()
        every = [status for one in statuses for status in one]
        print(f"{len(every)} requests: {every.count(200)} done, {every.count(503)} told to slow down, "
              f"{largest / MIB:.0f} MiB resident")
        self.assertLessEqual(set(every), {200, 503, 0})
        self.assertGreater(every.count(200), 100)
        self.assertGreater(every.count(503), 0, "the server was not overloaded")
        self.assertLess(largest, 256 * MIB)
        for one in acked:
            for key, bodies in one.items():
                answer = self.request("GET", f"/load/{key}").send()
                found = answer.body if answer.status == 200 else None
                self.assertIn(found, bodies, key)


if __name__ == "__main__":
    unittest.main()
