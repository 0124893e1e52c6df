"""AppContext: the database, hub and caches of one app, as the routes are given them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from rowcast.database import Database
from rowcast.database.fair_semaphore import FairSemaphore
from rowcast.live.hub import Hub
from rowcast.live.signals import Signal
from rowcast.routes.answers.body_cache import BodyCache
from rowcast.showing.table_renderer import RendererCache
from rowcast.tables.key import Key
from rowcast.tables.page import Row, row_of
from rowcast.tables.page_cache import PageCache
from rowcast.tables.row_writes import RowNotFound
from rowcast.tables.table import Table

T = TypeVar("T")


@dataclass(frozen=True)
class AppContext:
    """The database and its pages, the hub, the signal and the renderers of one app."""

    database: Database
    pages: PageCache
    hub: Hub
    signal: Signal
    renderers: RendererCache
    bodies: BodyCache = field(default_factory=BodyCache)
    exporting: Counter[str] = field(default_factory=Counter)  # exports that are under way, by client
    export_turns: FairSemaphore = field(default_factory=lambda: FairSemaphore(2, 1))  # of those that read

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run ``unit`` in one write transaction; the open pages hear of it as soon as it is committed."""
        result = await self.database.write(unit)
        self.signal.committed()
        return result

    async def find(self, table: Table, key: Key) -> Row:
        """Return the row ``key`` of ``table``; raises RowNotFound."""
        row = await self.database.query(lambda connection: row_of(connection, table, key))
        if row is None:
            raise RowNotFound
        return row
