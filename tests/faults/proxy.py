"""A TCP proxy that can stop forwarding in both directions without closing anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Half(asyncio.Protocol):
    """One side of a forwarded connection: what it hears, the other side says."""

    def __init__(self, proxy: Proxy, other: Half | None = None) -> None:
        self.proxy, self.other = proxy, other
        self.is_frozen = False
        self.transport: asyncio.Transport | None = None
        self._early = b""  # what came before the other side was there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect the other side, if this is the first."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.proxy.halves.add(self)
        if self.other is None:
            self.other = Half(self.proxy, self)
            task = asyncio.ensure_future(self.proxy.connect(self.other))
            task.add_done_callback(self._connected)
        else:
            transport.write(self.other._early)

    def _connected(self, task: asyncio.Future[None]) -> None:
        if self.transport is not None and (task.cancelled() or task.exception()):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Forward."""
        assert self.other is not None
        if self.other.transport is None:
            self._early += data
        elif not self.is_frozen:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Read no faster than the other side takes it."""
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self.other and self.other.transport and not self.is_frozen:
            self.other.transport.resume_reading()

    def freeze(self) -> None:
        """Take nothing more, so that what is sent here fills the sockets and stays there."""
        self.is_frozen = True
        if self.transport is not None:
            self.transport.pause_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """End the other side too, unless frozen: then it does not hear of it."""
        self.proxy.halves.discard(self)
        if self.other and self.other.transport and not self.is_frozen:
            self.other.transport.abort()


class Proxy:
    """Forwards from ``port`` to ``target``; what is frozen stays so, and what connects later is forwarded."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.halves: set[Half] = set()
        self._target = target

    def freeze(self) -> int:
        """Forward nothing more on any connection there is; return how many there are."""
        for half in self.halves:
            half.freeze()
        return len(self.halves) // 2

    async def connect(self, half: Half) -> None:
        """Connect the far side of a connection."""
        await asyncio.get_running_loop().create_connection(lambda: half, "127.0.0.1", self._target)


@asynccontextmanager
async def proxying(target: int) -> AsyncIterator[Proxy]:
    """Run a proxy before ``target``, a port of this machine."""
    proxy = Proxy(target)
    listening = await asyncio.get_running_loop().create_server(lambda: Half(proxy), "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        for half in tuple(proxy.halves):
            if half.transport is not None:
                half.transport.abort()
        await asyncio.sleep(0.01)  # the loop closes what was cut
