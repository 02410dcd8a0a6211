"""More clients than there are places: refused ones are told so, nothing acknowledged is lost, and the
memory stays within its limit (durability 4, 5.5)."""

import random
import threading
import time
import unittest

from support import MIB, Overload, harness, receive_answer

SECONDS, SECONDS_MAX = 10, 120
DONE_MIN = 100
PLACES = 16


class Capacity(Overload):
    SETTINGS = (f"limits.running_requests_max={PLACES}", "limits.queued_requests_max=16",
                "limits.queue_timeout=200ms", "limits.body_rate_window=1h", "mem.limit=256MiB",
                "limits.connections_per_address_max=2000")
    CLIENTS = 128

    def hold_places(self):
        """Requests that wait for their bodies."""
        held = []
        for number in range(PLACES):
            request = self.request("PUT", f"/load/held-{number}", body=b"held")
            connection = self.connect(timeout=SECONDS_MAX)
            self.addCleanup(connection.close)
            connection.sendall(request.signed().head_bytes())
            held.append(connection)
        return held

    def give_up_places(self, held):
        """The statuses of those requests."""
        for connection in held:
            try:
                connection.sendall(b"held")
            except OSError:
                pass  # it found no place itself: the answer may be there
        return [receive_answer(connection)[0] for connection in held]

    def worker(self, number, until, acked, statuses):
        draw = random.Random(number)
        connection = self.connect()
        version = 0
        while not until():
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
        began = time.monotonic()
        acked = [{} for _ in range(self.CLIENTS)]
        statuses = [[] for _ in range(self.CLIENTS)]

        def times(status):
            return sum(one.count(status) for one in statuses)

        def until():
            seconds = time.monotonic() - began
            return seconds > SECONDS_MAX or (seconds > SECONDS and times(200) > DONE_MIN)

        # However fast the server is, it is overloaded while those have all places.
        held = self.hold_places()
        threads = [threading.Thread(target=self.worker, args=(n, until, acked[n], statuses[n]))
                   for n in range(self.CLIENTS)]
        for thread in threads:
            thread.start()
        largest, of_held = 0, None
        while any(thread.is_alive() for thread in threads):
            largest = max(largest, self.resident())
            if of_held is None and times(503) > 0:
                of_held = self.give_up_places(held)
            time.sleep(0.05)
        for thread in threads:
            thread.join()
        for number, status in enumerate(of_held or []):
            statuses.append([status])
            acked.append({f"held-{number}": {b"held"} if status == 200 else {b"held", None}})
        every = [status for one in statuses for status in one]
        print(f"{len(every)} requests: {every.count(200)} done, {every.count(503)} told to slow down, "
              f"{largest / MIB:.0f} MiB resident")
        self.assertLessEqual(set(every), {200, 503, 0})
        self.assertGreater(every.count(200), DONE_MIN)
        self.assertGreater(every.count(503), 0, "the server was not overloaded")
        self.assertLess(largest, 256 * MIB)
        for one in acked:
            for key, bodies in one.items():
                answer = self.request("GET", f"/load/{key}").send()
                found = answer.body if answer.status == 200 else None
                self.assertIn(found, bodies, key)


if __name__ == "__main__":
    unittest.main()
