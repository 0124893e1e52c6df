"""Reads all rows of one listing, however many, of one moment and a batch at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from rowcast.tables.listing import Listing
from rowcast.tables.matching_rows import every_row, find
from rowcast.tables.table import Table

ROWS = 100  # at a time: whoever else is served waits no longer than for these


async def read_all(connection: AsyncConnection, table: Table, listing: Listing) -> AsyncGenerator[list[Any]]:
    """Yield all rows of ``listing`` in its order, page and size ignored, as tuples of ``table.attributes``.

    ``connection`` is in a read transaction, which must last as long as this does.
    """
    hits = await connection.run_sync(find, table, listing)
    query = every_row(connection.dialect, table, listing, hits)
    async with connection.stream(query, execution_options={"yield_per": ROWS}) as found:
        async for rows in found.partitions():
            yield list(rows)
