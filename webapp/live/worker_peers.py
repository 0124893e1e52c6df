"""WorkerPeers: what the workers of one machine share: a place in a file for each, and a socket for each.

Made before they are forked, and without a name: what cleans folders cannot take it from them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import struct
import tempfile
import time
from collections.abc import Iterator

SIZE = 256 * 1024  # bytes that each may keep
HEAD = struct.Struct(">I16s")  # their number, and what tells that all are of one write
TRIES = 100  # a place that is being looked at seems to be taken for a moment


class NoPlace(Exception):
    """There are more workers than places."""


class WorkerPeers:
    """So many ``places``: one for each worker, and one more for each that is replaced before it ends.

    Who holds a place has a lock in the file, which the system lets go when the process ends, however it does.
    """

    def __init__(self, places: int) -> None:
        self.place = -1  # ours, once we have joined
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the server runs
        self._sockets = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(places)]
        for pair in self._sockets:
            for end in pair:
                end.setblocking(False)

    @property
    def others(self) -> list[int]:
        """The places of the others, whoever holds them."""
        return [place for place in range(len(self._sockets)) if place != self.place]

    def join(self) -> None:
        """Take a free place, with what was kept there; raises NoPlace."""
        for _ in range(TRIES):
            for place in range(len(self._sockets)):
                if self._lock(place, fcntl.LOCK_EX):
                    self.place = place
                    return
            time.sleep(0.01)
        raise NoPlace

    def is_held(self, place: int) -> bool:
        """Whether a process has ``place``."""
        if place == self.place:
            return True
        if free := self._lock(place, fcntl.LOCK_SH):
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        return not free

    def keep(self, data: bytes) -> None:
        """Keep ``data`` at our place; raises OSError when there is no room for it."""
        if len(data) > SIZE - HEAD.size:
            raise OSError(f"{len(data)} bytes are more than fit")
        head = HEAD.pack(len(data), _digest(data))
        os.pwrite(self._file.fileno(), head + data, self.place * SIZE)

    def kept(self, place: int) -> bytes | None:
        """Return what is kept at ``place``; None when there is nothing, or when it is just being written."""
        found = os.pread(self._file.fileno(), SIZE, place * SIZE)
        if len(found) < HEAD.size:
            return None
        length, digest = HEAD.unpack_from(found)
        data = found[HEAD.size : HEAD.size + length]
        return data if data and _digest(data) == digest else None

    @property
    def inbox(self) -> socket.socket:
        """Where we hear what others say."""
        return self._sockets[self.place][0]

    @property
    def outboxes(self) -> Iterator[socket.socket]:
        """Where the others hear what we say."""
        return (self._sockets[place][1] for place in self.others)

    def close(self) -> None:
        """Close all, in this process."""
        self._file.close()
        for pair in self._sockets:
            for end in pair:
                end.close()

    def _lock(self, place: int, kind: int) -> bool:
        try:
            fcntl.lockf(self._file, kind | fcntl.LOCK_NB, 1, place)
        except OSError:
            return False
        return True


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
