"""The database: one engine, read and write transactions. The one place that knows it is SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

T = TypeVar("T")

BUSY_TIMEOUT = 1.0  # seconds that SQLite itself waits for another program's write, at one try
WRITE_TIMEOUT = 5.0  # seconds after which no further try is made
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}",
)


class Busy(Exception):
    """Another program held the database for longer than we wait; nothing was written."""


class Unwritable(Exception):
    """The disk is full or broken; nothing was written."""


class Database:
    """Read and write transactions on the database at ``url`` (an SQLAlchemy URL of an SQLite file)."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.file = Path(self.url.database or "")
        self._engine = create_async_engine(self.url)
        # SQLite has one writer at a time. Those that wait do so here, in turn, and hold no connection meanwhile.
        self._turn = asyncio.Lock()
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        event.listen(self._engine.sync_engine, "connect", prepare_connection)
        event.listen(self._engine.sync_engine, "begin", begin)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open one read transaction: everything read in it is of one moment."""
        async with self._engine.connect() as connection, connection.begin():
            yield connection

    async def write(self, unit: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run ``unit`` in one write transaction and commit it.

        The whole unit runs again when another program holds the database, so it must not have other effects.
        Raises Busy when that does not help, and Unwritable when the disk takes no more.
        """
        # In a task of its own: whoever asked may be cancelled (a closed tab is enough), but a transaction that is cut
        # off in the middle keeps its lock until the garbage is collected.
        return await asyncio.shield(asyncio.create_task(self._write(unit)))

    async def _write(self, unit: Callable[[AsyncSession], Awaitable[T]]) -> T:
        deadline = asyncio.get_running_loop().time() + WRITE_TIMEOUT
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._turn.acquire()
            except TimeoutError:
                raise Busy from None
            try:
                async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
                    return await unit(session)
            except OperationalError as error:
                code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
                if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                    raise Unwritable from error
                if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                if asyncio.get_running_loop().time() >= deadline:
                    raise Busy from error
            finally:
                self._turn.release()

    async def close(self) -> None:
        """Close all connections, once the writes that were asked for have ended."""
        async with self._turn:  # the connection of one that still runs would be left open
            await self._engine.dispose()


def prepare_connection(connection: Any, _record: Any) -> None:
    """Set up a new connection of the driver."""
    # The driver's own BEGIN comes too late for reads and too weak for writes: we send it (see begin).
    connection.isolation_level = None
    # Other programs can write what is not UTF-8, and one such row must not take the page from everybody.
    getattr(connection, "driver_connection", connection).text_factory = _decode
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def begin(connection: Connection) -> None:
    """Begin a transaction: to read, or as the connection's options say."""
    # busy_timeout does not cover a read transaction that turns into a write, so a write says so at its start.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
