"""Services: what the routes are given to work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from webapp.database import Database
from webapp.live.hub import Hub
from webapp.live.peers import Peers
from webapp.rendering import Renderers
from webapp.tables.page import Row, read_row
from webapp.tables.table import Table
from webapp.tables.writing import Missing

T = TypeVar("T")


class Signal(Protocol):
    """How this process hears that a table changed."""

    async def start(self) -> None:
        """Begin to listen."""

    def committed(self) -> None:
        """Hear that this process has committed."""

    async def stop(self) -> None:
        """Listen no longer."""


@dataclass(frozen=True)
class Services:
    """The database, the hub, the signal and the renderers of one app; its peers, unless it is the only worker."""

    database: Database
    hub: Hub
    signal: Signal
    renderers: Renderers
    peers: Peers | None

    async def write(self, unit: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run ``unit`` in one write transaction; the open pages hear of it as soon as it is committed."""
        result = await self.database.write(unit)
        self.signal.committed()
        return result

    async def find(self, table: Table, id: int) -> Row:
        """Return the row ``id`` of ``table``; raises Missing."""
        async with self.database.read() as connection:
            row = await read_row(connection, table, id)
        if row is None:
            raise Missing
        return row
