"""The database: read and write transactions. This package is the one place that knows SQLite from PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from rowcast.database import postgres, postgres_setup, sqlite, sqlite_setup
from rowcast.database.errors import Busy, Unreachable, Unusable, Unwritable

__all__ = ["Busy", "Database", "Unreachable", "Unusable", "Unwritable", "address", "exclusively", "inspect"]

T = TypeVar("T")

WRITE_TIMEOUT = 5.0  # seconds after which no further try is made


class Database:
    """Read and write transactions on the database at ``url`` (an SQLAlchemy URL of SQLite or PostgreSQL).

    ``is_pooler``: what answers there is no PostgreSQL, but gives each transaction a connection to one.
    """

    def __init__(self, url: str, *, is_pooler: bool = False) -> None:
        self.url = make_url(url)
        self.kind: sqlite.Sqlite | postgres.Postgres
        self.kind = sqlite.Sqlite(self.url) if _is_sqlite(url) else postgres.Postgres(self.url, is_pooler=is_pooler)
        self._writes: set[asyncio.Task[Any]] = set()

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.url.database or "")

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open one read transaction: everything read in it is of one moment. Raises Unreachable."""
        return self.kind.read()

    def version(self) -> object | None:
        """Return what differs from before any commit of any program; None when that cannot be told, or not at once."""
        return self.kind.version()

    async def query(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one read transaction; for what is read at once, and often. Raises Unreachable.

        On SQLite ``work`` runs in a thread.
        """
        return await self.kind.query(work)

    async def inspect(self, work: Callable[[Connection], T]) -> T | None:
        """Return what ``work`` finds in a database that may be anybody's, without a trace there; None without a file.

        Raises Unusable and Unreachable.
        """
        if isinstance(self.kind, postgres.Postgres):
            return await self.kind.query(work)
        return await asyncio.to_thread(sqlite_setup.inspect, self.url, work)

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run ``unit`` in one write transaction and commit it.

        The whole unit runs again when another writer was in its way, so it must not have other effects.
        Raises Busy when that does not help, Unwritable when the disk takes no more, and Unreachable.
        """
        # In a task of its own: whoever asked may be cancelled (a closed tab is enough), but a transaction that is cut
        # off in the middle keeps its locks until the garbage is collected.
        deadline = asyncio.get_running_loop().time() + WRITE_TIMEOUT
        task = asyncio.create_task(self.kind.write(unit, deadline))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def disconnect(self) -> None:
        """Close the connections that nobody uses; whoever asks for more opens others."""
        await self.kind.disconnect()

    async def close(self) -> None:
        """Close all connections, once the writes that were asked for have ended."""
        await asyncio.gather(*self._writes, return_exceptions=True)  # the connection of one that runs would stay open
        await self.kind.close()


def exclusively(url: str, work: Callable[[Connection], T]) -> T:
    """Return what ``work`` does in one transaction; of several programs that start at once, one has it at a time.

    Creates the file of an SQLite database. Raises Unusable when the database cannot be had.
    """
    run = sqlite_setup.exclusively if _is_sqlite(url) else postgres_setup.exclusively
    return run(make_url(url), work)


def inspect(url: str, work: Callable[[Connection], T]) -> T | None:
    """Return what ``work`` finds in a database that may be anybody's, without a trace there; None without a file.

    Raises Unusable when the database cannot be had.
    """
    return sqlite_setup.inspect(make_url(url), work) if _is_sqlite(url) else postgres_setup.inspect(make_url(url), work)


def address(url: str | URL) -> str:
    """Return how a database is called in messages: never with a password."""
    return make_url(url).database or "" if _is_sqlite(url) else postgres_setup.address(make_url(url))


def _is_sqlite(url: str | URL) -> bool:
    return make_url(url).get_backend_name() == "sqlite"
