"""Readers by the thousand: each follows a stream over a connection of its own, and comes back whenever it ends."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter

PATIENCE = 30.0  # seconds that a machine that does other things as well may take for anything


class Reader(asyncio.Protocol):
    """One reader of ``query``. ``last_id`` is where it is; ``events`` are kept only if it ``keeps`` them."""

    def __init__(
        self,
        port: int,
        query: str = "",
        have: str = "",
        *,
        buffer: int = 0,
        keeps: bool = False,
        source: str = "127.0.0.1",
    ) -> None:
        self.port, self.query, self.last_id = port, query, have
        self.backoff = 0.05, 0.25  # seconds between an end and the next connection
        self.statuses: Counter[int] = Counter()
        self.greetings = self.beats = self.clean_ends = self.cuts = 0
        self.moved_at = 0.0  # when it was greeted, or was last told something new
        self.events: list[bytes] = []
        self._buffer, self._keeps, self._source = buffer, keeps, source
        self._transport: asyncio.Transport | None = None
        self._ended = asyncio.Event()
        self._status = 0
        self._is_greeted = False
        self._rest = b""  # of the response
        self._body = b""  # of an event

    @property
    def is_open(self) -> bool:
        """Whether its stream has greeted it and not ended."""
        return self._is_greeted and not self._ended.is_set()

    async def follow(self) -> None:
        """Follow the stream, again and again."""
        while True:
            try:
                await self.open()
                await self._ended.wait()
            except OSError:
                pass  # nobody listens: come back, as a browser would
            finally:
                self.cut()
            await asyncio.sleep(random.uniform(*self.backoff))

    async def open(self, *, reading: bool = True) -> None:
        """Connect and ask for the stream, from ``last_id`` on; with ``reading`` false, never read what comes."""
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        if self._buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        connection.setblocking(False)
        connection.bind((self._source, 0))
        try:
            await loop.sock_connect(connection, ("127.0.0.1", self.port))
            await loop.create_connection(lambda: self, sock=connection)
            if not reading:
                self.stall()
        except BaseException:
            connection.close()
            raise

    def stall(self) -> None:
        """Read no more, and leave the connection open."""
        assert self._transport is not None
        self._transport.pause_reading()

    def cut(self) -> None:
        """Cut the connection, if there is one."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._status, self._is_greeted, self._rest, self._body = transport, 0, False, b"", b""
        self._ended.clear()
        have = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        path = f"/users/stream?{self.query}"
        transport.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{have}\r\n".encode("latin-1")
        )

    def data_received(self, data: bytes) -> None:
        """Take the head, then chunk after chunk."""
        self._rest += data
        if not self._status and b"\r\n\r\n" in self._rest:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            self._status = int(head.split(maxsplit=2)[1])
            self.statuses[self._status] += 1
            if self._status != 200:
                self.cut()
        if self._status == 200:
            self._take_chunks()

    def connection_lost(self, _error: Exception | None) -> None:
        """Hear that the connection is gone."""
        self.cuts += 1
        self._transport = None
        self._ended.set()

    def _take_chunks(self) -> None:
        rest, at = self._rest, 0
        while (end := rest.find(b"\r\n", at)) >= 0 and len(rest) >= end + (length := int(rest[at:end], 16)) + 4:
            at = end + length + 4
            if not length:
                self.clean_ends += 1
                self.cut()
                break
            *events, self._body = (self._body + rest[end + 2 : at - 2]).split(b"\n\n")
            for event in events:
                self._hear(event)
        self._rest = rest[at:]

    def _hear(self, event: bytes) -> None:
        is_greeting = b'hx-target="#log"' in event and b"hx-post" in event
        self.greetings += is_greeting
        self._is_greeted |= is_greeting
        self.beats += b'hx-target="#beat"' in event and not is_greeting
        ids = [line[4:].decode() for line in event.split(b"\n") if line.startswith(b"id: ")]
        if is_greeting or ids[-1:] != [self.last_id]:
            self.moved_at = asyncio.get_running_loop().time()
        if ids:
            self.last_id = ids[-1]
        if self._keeps:
            self.events.append(event + b"\n\n")
