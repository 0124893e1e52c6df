"""SQLite transactions: one file, many readers, one writer at a time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from rowcast.database.data_version import DataVersionWatcher
from rowcast.database.errors import Busy, Unwritable
from rowcast.database.sqlite_errors import FULL, LOCKED, code_of, translate
from rowcast.database.sqlite_file import SqliteFile

T = TypeVar("T")

READERS = 12  # threads; those that wait for a disk must not keep the others
BUSY_TIMEOUT = 1.0  # seconds that SQLite itself waits for another program's write, at one try
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000:.0f}",
)
WRITES = {"begin": "BEGIN IMMEDIATE"}


class Sqlite:
    """Transactions on the file that ``url`` names."""

    def __init__(self, url: URL) -> None:
        self._file = SqliteFile(Path(url.database or ""))
        self.file = self._file.path
        url = self._file.url(url)
        # The driver of asyncio goes to a thread and back four times for each statement: that is for what is read bit by
        # bit. All else goes there once for a whole transaction.
        self._streaming = create_async_engine(url)
        # The connection that was used last is the next: one that just wrote need not read again what it has written.
        pool: dict[str, Any] = {"pool_size": READERS + 1, "max_overflow": 0, "pool_use_lifo": True}
        self._engine = create_engine(url.set(drivername="sqlite"), **pool)
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")
        self._watch = DataVersionWatcher(self._file)
        # SQLite has one writer at a time. Those that wait do so here, in turn, and hold no connection meanwhile.
        self._turn = asyncio.Lock()
        self._writing = self._engine.execution_options(**WRITES)
        self._opened: set[sqlite3.Connection] = set()
        event.listen(self._engine, "connect", lambda connection, _: self._opened.add(connection))
        event.listen(self._engine, "close", self._close_connection)
        for engine in (self._streaming.sync_engine, self._engine):
            event.listen(engine, "connect", prepare_connection)
            event.listen(engine, "begin", begin)

    def version(self) -> object | None:
        """Return what differs from before any commit; None when it cannot be told."""
        return self._watch.look()

    async def query(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one read transaction, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, work)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open one read transaction."""
        self._file.check()
        try:
            async with self._streaming.connect() as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            translate(error)

    async def write(self, unit: Callable[[Connection], T], deadline: float) -> T:
        """Run ``unit`` in one write transaction, again until ``deadline`` while another program holds the file."""
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._turn.acquire()
            except TimeoutError:
                raise Busy from None
            try:
                return await asyncio.get_running_loop().run_in_executor(self._writer, self._write, unit)
            except DatabaseError as error:
                if code_of(error) in FULL:
                    raise Unwritable from error
                if code_of(error) not in LOCKED:
                    translate(error)
                if asyncio.get_running_loop().time() >= deadline:
                    raise Busy from error
            finally:
                self._turn.release()

    async def disconnect(self) -> None:
        """Close the connections that nobody uses."""
        self._watch.close()
        self._engine.dispose()
        await self._streaming.dispose()

    async def close(self) -> None:
        """Close all connections, and open no other."""
        for threads in (self._readers, self._writer):
            threads.shutdown(wait=False, cancel_futures=True)
        for connection in list(self._opened):
            with suppress(sqlite3.ProgrammingError):  # a thread may be closing it
                connection.interrupt()  # a search of a million rows can take longer than the end may
        for threads in (self._readers, self._writer):
            await asyncio.to_thread(threads.shutdown)
        await self.disconnect()

    def _close_connection(self, connection: sqlite3.Connection, _record: Any) -> None:
        self._opened.discard(connection)
        # The last to close moves the log into the file, but not while it remembers that it was interrupted.
        connection.execute("SELECT 1")

    def _write(self, unit: Callable[[Connection], T]) -> T:
        self._file.check()
        with self._writing.begin() as connection:
            found = unit(connection)
            self._file.check()  # it may have waited for its turn
            return found

    def _query(self, work: Callable[[Connection], T]) -> T:
        self._file.check()
        try:
            with self._engine.connect() as connection, connection.begin():
                return work(connection)
        except DatabaseError as error:
            translate(error)


def prepare_connection(connection: Any, _record: Any) -> None:
    """Set up a new connection."""
    # The driver's own BEGIN comes too late for reads and too weak for writes: we send it (see begin).
    connection.isolation_level = None
    # Other programs can write what is not UTF-8, and one such row must not take the page from everybody.
    getattr(connection, "driver_connection", connection).text_factory = decode
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def decode(raw: bytes) -> str:
    """Return text as other programs stored it; U+FFFD stands for what is no UTF-8."""
    return raw.decode("utf-8", "replace")


def begin(connection: Connection) -> None:
    """Begin a transaction."""
    # busy_timeout does not cover a read transaction that turns into a write, so a write says so at its start.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
