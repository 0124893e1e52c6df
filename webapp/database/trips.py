"""SQLite's connections, each in its own thread: a statement takes one trip there, and brings its rows along.

aiosqlite makes four: to open a cursor, to run the statement, to fetch the rows, to close the cursor. Each costs more
than to read a page.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import aiosqlite

FIRST = 128  # rows that come with the statement: more than a page has; the rest is fetched as it is asked for


class Cursor(aiosqlite.Cursor):
    """A cursor that is opened when it is used, and closed when it has no more rows."""

    _first: list[Any]
    _is_done = True

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, None)  # type: ignore[arg-type]  # it is made in the thread

    async def __aenter__(self) -> Cursor:
        """Open nothing yet."""
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Cursor:
        """Run ``sql``, and fetch the first rows."""
        await self._execute(self._run, sql, parameters or ())  # type: ignore[no-untyped-call]
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Cursor:
        """Run ``sql`` for each of ``parameters``; it has no rows."""
        await self._execute(self._run_many, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        size = size or FIRST
        found, self._first = self._first[:size], self._first[size:]
        if len(found) < size and not self._is_done:
            found += await super().fetchmany(size - len(found))
        return found

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        found, self._first = self._first, []
        return found if self._is_done else [*found, *await super().fetchall()]

    async def close(self) -> None:
        """Close what is open."""
        if not self._is_done:
            await super().close()

    def _run_many(self, sql: str, parameters: Any) -> None:
        self._cursor = self._conn._conn.cursor()
        self._cursor.executemany(sql, parameters)
        self._cursor.close()

    def _run(self, sql: str, parameters: Any) -> None:
        self._cursor = self._conn._conn.cursor()
        self._cursor.execute(sql, parameters)
        self._first = self._cursor.fetchmany(FIRST)
        self._is_done = len(self._first) < FIRST
        if self._is_done:
            self._cursor.close()


class Connection(aiosqlite.Connection):
    """A connection whose cursors are ours; it rolls back only what has begun."""

    def cursor(self) -> Cursor:  # type: ignore[override]
        """Return a cursor, for ``async with``."""
        return Cursor(self)

    async def rollback(self) -> None:
        """Roll back, if there is a transaction."""
        if self.in_transaction:
            await super().rollback()


def connect(database: str, **options: Any) -> Connection:
    """Return a connection to the file ``database``, to be awaited."""
    connection = Connection(lambda: sqlite3.connect(database, **options), FIRST)
    connection._thread.daemon = True  # as SQLAlchemy does: a program that crashed need not wait for it
    return connection
