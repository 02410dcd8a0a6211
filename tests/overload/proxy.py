"""A TCP proxy that delays what passes and resets some connections in the middle."""

import queue
import random
import socket
import struct
import threading
import time

PIECES_ON_THE_WAY_MAX = 64


class Proxy:
    """Listens on a free port of 127.0.0.1; `resets` of the pieces that pass end their connection, all are
    `delay` seconds on the way."""

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
        """What comes is sent on `delay` later, without holding up what follows."""
        line = queue.Queue(maxsize=PIECES_ON_THE_WAY_MAX)
        threading.Thread(target=self._send_when_due, args=(line, source, sink), daemon=True).start()
        try:
            while True:
                piece = source.recv(1 << 16)
                line.put((time.monotonic() + self.delay, piece))
                if not piece:
                    return
        except OSError:
            line.put((0, None))

    def _send_when_due(self, line, source, sink):
        try:
            while True:
                due, piece = line.get()
                if piece is None:
                    self._reset(source, sink)
                    return
                time.sleep(max(0, due - time.monotonic()))
                if self.draw.random() < self.resets:
                    self.cut += 1
                    # Half of it arrives, then a reset on both sides.
                    sink.sendall(piece[: len(piece) // 2])
                    break
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(piece)
        except OSError:
            pass
        self._reset(source, sink)
        while line.get()[1]:  # until the reader has met the reset
            pass

    def _reset(self, *ends):
        for end in ends:
            try:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # it was reset from the other side
            end.close()
