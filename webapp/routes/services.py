"""Services: what the routes are given to work with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection

from webapp.database import Database
from webapp.live.hub import Hub
from webapp.live.signals import Signal
from webapp.rendering import Renderers
from webapp.routes.bodies import Bodies
from webapp.tables.page import Row, row_of
from webapp.tables.pages import Pages
from webapp.tables.table import Table
from webapp.tables.writing import Missing

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """The database and its pages, the hub, the signal and the renderers of one app."""

    database: Database
    pages: Pages
    hub: Hub
    signal: Signal
    renderers: Renderers
    bodies: Bodies = field(default_factory=Bodies)
    exporting: Counter[str] = field(default_factory=Counter)  # exports that are under way, by table

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run ``unit`` in one write transaction; the open pages hear of it as soon as it is committed."""
        result = await self.database.write(unit)
        self.signal.committed()
        return result

    async def find(self, table: Table, id: int) -> Row:
        """Return the row ``id`` of ``table``; raises Missing."""
        row = await self.database.query(lambda connection: row_of(connection, table, id))
        if row is None:
            raise Missing
        return row
