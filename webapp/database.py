"""The database: one engine, read and write transactions, migrations. The one place that knows it is SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

T = TypeVar("T")

BUSY_TIMEOUT = 2.0  # seconds that SQLite itself waits for another writer
BUSY_TRIES = 3
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


class Unusable(Exception):
    """The file cannot be opened, or its tables are of another version; the text says what to do."""


class Database:
    """Read and write transactions on the database at ``url`` (an SQLAlchemy URL of an SQLite file)."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.file = Path(self.url.database or "")
        self._engine = create_async_engine(self.url)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        event.listen(self._engine.sync_engine, "connect", _prepare)
        event.listen(self._engine.sync_engine, "begin", _begin)

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
        for attempt in range(1, BUSY_TRIES + 1):
            try:
                async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
                    return await unit(session)
            except OperationalError as error:
                code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
                if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                    raise Unwritable from error
                if code not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
                if attempt == BUSY_TRIES:
                    raise Busy from error
                await asyncio.sleep(0.02 * attempt)
        raise AssertionError("unreachable")

    async def is_current(self) -> bool:
        """Whether the tables are of the version that this program needs; raises SQLAlchemyError without a database."""
        async with self.read() as connection:
            present = await connection.run_sync(_version)
        return present == _newest()

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest version of its tables, creating the file when there is none."""
    with _connect(url) as connection:
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def prepare(url: str) -> None:
    """Set up a new, empty database; raises Unusable when an older one waits for ``rowcast migrate``."""
    with _connect(url) as connection:
        present = _version(connection)
        empty = not inspect(connection).get_table_names()
    if empty:
        migrate(url)
    elif present != (newest := _newest()):
        raise Unusable(f"The database is at version {present}, this program needs {newest}: run rowcast migrate.")


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    engine = create_engine(make_url(url).set(drivername="sqlite"))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        raise Unusable(f"{engine.url.database} cannot be used: {error.orig}. Check ROWCAST_DATABASE.") from error
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _prepare(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late for reads and too weak for writes: we send it (see _begin).
    connection.isolation_level = None
    # Other programs can write what is not UTF-8, and one such row must not take the page from everybody.
    getattr(connection, "driver_connection", connection).text_factory = _decode
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _begin(connection: Connection) -> None:
    # busy_timeout does not cover a read transaction that turns into a write, so a write says so at its start.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
