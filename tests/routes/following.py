"""Following a stream through the test client: the reader's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from quart.typing import TestClientProtocol as Client

from tests.model import Decoder, Event, parts

PATIENCE = 5.0  # seconds


class Stream:
    """The reader's end of a stream."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._decoder = Decoder()
        self._events: list[Event] = []

    async def next(self) -> Event:
        """Return the next event."""
        while not self._events:
            data = await asyncio.wait_for(self.connection.receive(), PATIENCE)
            assert data, "the stream has ended"
            self._events = self._decoder.feed(data)
        return self._events.pop(0)

    async def until(self, revision: str) -> Event:
        """Return the next event that leads to ``revision``."""
        return (await self.all_until(revision))[-1]

    async def all_until(self, revision: str) -> list[Event]:
        """Return all events until one leads to ``revision``."""
        events = [await self.next()]
        while events[-1].id != revision:
            events.append(await self.next())
        return events


@asynccontextmanager
async def following(client: Client, query: str = "", ending: str = "", **headers: str) -> AsyncIterator[Stream]:
    """Follow a stream, and leave it."""
    async with client.request(f"/users/stream{ending}{query}", headers=headers) as connection:
        yield Stream(connection)
        await connection.disconnect()


def targets(event: Event) -> list[str]:
    return [part.target for part in parts(event.data)]
