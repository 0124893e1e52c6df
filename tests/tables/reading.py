"""Reads in a transaction that a test has open already."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from rowcast.tables.history import changes_of
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row, page_of, row_of
from rowcast.tables.table import Table


async def read_page(connection: AsyncConnection, table: Table, listing: Listing) -> Page:
    """Return the page of ``listing``."""
    return await connection.run_sync(page_of, table, listing)


async def read_row(connection: AsyncConnection, table: Table, key: Key) -> Row | None:
    """Return one row; None when there is none with this key."""
    return await connection.run_sync(row_of, table, key)


async def read_changes(connection: AsyncConnection, table: Table, key: Key, limit: int = 20) -> list[Any]:
    """Return the newest changes of one row, newest first."""
    return await connection.run_sync(changes_of, table, key, limit)
