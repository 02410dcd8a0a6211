"""A TCP proxy that delays what passes and resets some connections in the middle."""

import random
import socket
import struct
import threading
import time


class Proxy:
    """Listens on a free port of 127.0.0.1; `resets` of the pieces that pass end their connection."""

    def __init__(self, target, resets, delay, seed):
        self.target, self.resets, self.delay = target, resets, delay
        self.draw = random.Random(seed)
        self.cut = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while True:
                piece = source.recv(1 << 16)
                if self.draw.random() < self.resets:
                    self.cut += 1
                    # Half of it arrives, then a reset on both sides.
                    sink.sendall(piece[: len(piece) // 2])
                    for end in (source, sink):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        end.close()
                    return
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                time.sleep(self.delay)
                sink.sendall(piece)
        except OSError:
            for end in (source, sink):
                end.close()
