"""News: which rows were written, as the change log tells on SQLite and NOTIFY on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from rowcast.database import Database
from rowcast.database.postgres import Postgres
from rowcast.live.signals.change_log import ChangeLogReader
from rowcast.live.signals.postgres import PostgresSignal
from rowcast.tables.row_change import RowChange
from rowcast.tables.table import Table
from tests.conftest import Outside
from tests.live.source import until
from tests.programs import SqliteProgram


@asynccontextmanager
async def news(
    database: Database, outside: Outside, table: Table
) -> AsyncIterator[Callable[[], Awaitable[list[RowChange] | None]]]:
    """Tell which rows of ``table`` were written since it was asked for the last time."""
    if isinstance(outside, SqliteProgram):
        connection, log = outside.connection, ChangeLogReader(table)
        log.since(connection)

        async def since() -> list[RowChange] | None:
            changes = log.since(connection)
            assert changes is not None
            return changes

        yield since
        return
    server = database.kind
    assert isinstance(server, Postgres)
    heard: list[list[RowChange] | None] = []
    tokens: list[str] = []
    signal = PostgresSignal(
        server.connect, server.notify, lambda _table, changes: heard.append(changes), tokens.append, [table]
    )
    await signal.start()

    async def heard_since() -> list[RowChange] | None:
        await server.notify("answered abcdefghijklmnop")  # what was said before it is heard before it
        await until(lambda: tokens)
        await asyncio.sleep(0)  # it is passed on in the next round of the loop
        tokens.clear()
        rows = None if None in heard else [touch for changes in heard for touch in changes or ()]
        heard.clear()
        return rows

    try:
        yield heard_since
    finally:
        await signal.stop()
