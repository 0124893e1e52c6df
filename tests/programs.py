"""Another program with the database open, which writes past Rowcast; it waits for each statement to be done."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")

PATIENCE = 30.0  # seconds that a statement may take
REFUSED = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError, asyncpg.CharacterNotInRepertoireError)
LOCKED = (sqlite3.OperationalError, asyncpg.LockNotAvailableError)


@contextmanager
def program(url: str) -> Iterator[SqliteProgram | PostgresProgram]:
    """Open the database at ``url`` in another program."""
    opened = SqliteProgram(Path(url.partition(":///")[2])) if url.startswith("sqlite") else PostgresProgram(url)
    try:
        yield opened
    finally:
        opened.close()


class SqliteProgram:
    """Another program with an SQLite file."""

    def __init__(self, file: Path) -> None:
        self.connection = sqlite3.connect(file, timeout=10, isolation_level=None)
        self.connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")  # whatever was stored
        self.connection.execute("PRAGMA synchronous = OFF")  # the tests do not wait for the disk

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement with ``?`` for each of ``values``; return the rows."""
        return self.connection.execute(sql, values).fetchall()

    def execute_many(self, *statements: tuple[str, Sequence[Any]]) -> None:
        """Run statements in one transaction."""
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                self.connection.execute(sql, values)

    def hold(self, patience: float = 10) -> None:
        """Let nobody else write until ``release``; raises one of LOCKED when it takes longer to get there."""
        self.connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
        self.connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        """Let others write again."""
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


class PostgresProgram:
    """Another program with a PostgreSQL database. It has an event loop of its own, so that it can wait in any."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        try:
            self._connection = self._wait(asyncpg.connect(url.replace("+asyncpg", "")))
        except BaseException:
            self._end()
            raise

    def execute(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement with ``?`` for each of ``values``; return the rows."""
        return [tuple(row) for row in self._wait(self._connection.fetch(numbered(sql), *values))]

    def execute_many(self, *statements: tuple[str, Sequence[Any]]) -> None:
        """Run statements in one transaction."""
        self._wait(self._execute_many(statements))

    def hold(self, patience: float = 10) -> None:
        """Let nobody else write users until ``release``; raises one of LOCKED when it takes longer to get there."""
        self.execute(f"SET lock_timeout = {max(1, patience * 1000):.0f}")
        self.execute("BEGIN")
        try:
            self.execute("LOCK TABLE users IN EXCLUSIVE MODE")
        except asyncpg.LockNotAvailableError:
            self.execute("ROLLBACK")
            raise

    def release(self) -> None:
        """Let others write again."""
        self.execute("COMMIT")

    def close(self) -> None:
        """Disconnect."""
        try:
            self._wait(self._connection.close(timeout=5))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._loop.call_soon_threadsafe(self._connection.terminate)  # it ended before
        self._end()

    async def _execute_many(self, statements: tuple[tuple[str, Sequence[Any]], ...]) -> None:
        async with self._connection.transaction():
            for sql, values in statements:
                await self._connection.execute(numbered(sql), *values)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def numbered(sql: str) -> str:
    """Return ``sql`` with ``$1``, ``$2``, ... for its question marks."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
