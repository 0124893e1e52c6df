"""A TCP proxy that cuts connections, at once or after so many more bytes of an answer, refuses new ones, or stalls.

Playwright's own "offline" leaves streams that are open alone.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STREAM = b"GET /users/stream?"


class Line:
    """One connection, forwarded both ways by a thread each."""

    def __init__(self, near: socket.socket, far: socket.socket, flows: threading.Event) -> None:
        self.left: int | None = None  # bytes that still get through to the browser (None: all)
        self.is_stream = False
        self._ends = near, far
        self._flows = flows
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def cut(self) -> None:
        """End both ways."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        near, far = self._ends
        back = threading.Thread(target=self._forward, args=(far, near, True))
        back.start()
        self._forward(near, far, False)
        back.join()
        near.close()  # only now, when no thread can write to what else gets its number
        far.close()

    def _forward(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                if not is_answer:
                    self.is_stream = STREAM in data
                    target.sendall(data)
                elif self.left is None:
                    target.sendall(data)
                else:
                    target.sendall(data[: self.left])
                    self.left -= len(data)
                    if self.left <= 0:
                        break
        self.cut()


class Cutter:
    """Forwards from ``port`` to ``target``, both of this machine; ``counts`` the streams that it disturbed."""

    def __init__(self, target: int) -> None:
        self.counts: Counter[str] = Counter()
        self._target = target
        self._refuses = False
        self._flows = threading.Event()
        self._flows.set()
        self._lines: list[Line] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def cut(self, after: int = 0) -> None:
        """Cut all connections there are, each after so many more bytes to the browser; those that wait, at once."""
        for line in self._alive():
            self.counts["cut at a byte" if after else "cut"] += line.is_stream and line.left is None
            if after and line.left is None:
                line.left = after
            else:
                line.cut()

    def refuse(self) -> None:
        """Cut all connections there are, and refuse others until healed."""
        self._refuses = True
        self.cut()

    def stall(self) -> None:
        """Forward nothing more until healed; nobody is told."""
        self.counts["stalled"] += sum(line.is_stream for line in self._alive())
        self._flows.clear()

    def heal(self) -> None:
        """Forward again, whoever asks; cut those that waited to be cut."""
        self._refuses = False
        self._flows.set()
        for line in self._alive():
            if line.left is not None:
                line.cut()

    def close(self) -> None:
        """Cut all, and listen no longer."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        self._flows.set()
        for line in self._lines:
            line.cut()
            line.thread.join()

    def _alive(self) -> list[Line]:
        return [line for line in self._lines if line.thread.is_alive()]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    if self._refuses:
                        self.counts["refused"] += 1
                        raise ConnectionRefusedError
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()  # refused, or the server is down
                    continue
                self._lines = [*self._alive(), Line(near, far, self._flows)]


@contextmanager
def cutting(target: int) -> Iterator[Cutter]:
    """Run a cutter before ``target``."""
    cutter = Cutter(target)
    try:
        yield cutter
    finally:
        cutter.close()
