"""InterWorkerRelay: passes a browser's answer to a stream's greeting on to the worker that holds the stream.

By datagram sockets between the workers of one machine: the answer may reach any of them.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

SUFFIX = ".socket"
LONGEST = 1024  # bytes of a message; a token has 16


class InterWorkerRelay:
    """``tell`` takes a token to all other workers, where ``heard`` is called with it; what cannot go is dropped.

    Each worker has a datagram socket in ``folder``, which only they can open.
    """

    def __init__(self, folder: Path, heard: Callable[[str], object]) -> None:
        self._folder = folder
        self._heard = heard
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(_path(self._folder, os.getpid())))
        asyncio.get_running_loop().add_reader(self._socket, self._hear)

    def tell(self, token: str) -> None:
        """Tell the others; never waits."""
        if self._socket is None or len(message := token.encode()) > LONGEST:
            return
        own = _path(self._folder, os.getpid())
        for path in self._folder.glob(f"*{SUFFIX}"):
            if path != own:
                # One that is dead or that has no time: the browser's log lacks a line, and nothing else.
                with suppress(OSError):
                    self._socket.sendto(message, str(path))

    def stop(self) -> None:
        """Listen no longer."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _hear(self) -> None:
        if self._socket is not None:
            with suppress(BlockingIOError):
                self._heard(self._socket.recv(LONGEST).decode())


def gone(folder: Path, process: int) -> None:
    """Forget a worker that has ended."""
    _path(folder, process).unlink(missing_ok=True)


def _path(folder: Path, process: int) -> Path:
    return folder / f"{process}{SUFFIX}"
