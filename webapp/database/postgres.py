"""PostgreSQL transactions: readers and writers side by side; a writer that lost a race runs again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
from sqlalchemy import URL, Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection

from rowcast.database.errors import Busy, Unreachable, Unwritable
from rowcast.database.postgres_errors import (
    DEADLOCK,
    FAILURES,
    FULL,
    LOCKED,
    SERIALIZATION,
    UNIQUE,
    is_outdated,
    reason,
    state,
    translate,
)
from rowcast.database.postgres_pool import PATIENCE, connected, pool

T = TypeVar("T")

CHANNEL = "rowcast"
# Two pools, so that no reader waits behind writers that wait for a row. With the listener, 16 of the 100 connections
# that PostgreSQL allows by default.
READING, WRITING = 10, 5
RACES = 5  # that a writer may lose for a unique value; who loses more has another error

WAIT = text("SELECT set_config('lock_timeout', :left, true)")  # milliseconds, in this transaction
OURS = ("prepared_statement_cache_size", "prepared_statement_name_func")  # of SQLAlchemy, not of the driver


class Postgres:
    """Transactions on the database at ``url``, which ``is_pooler`` or not, and connections beside them for LISTEN."""

    def __init__(self, url: URL, *, is_pooler: bool = False) -> None:
        self.url = url
        self._readers = pool(url, READING, is_pooler)
        self._writers = pool(url, WRITING, is_pooler)
        # One snapshot for all that is read, so that rows and total are of one moment.
        self._reading = self._readers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # Each statement sees what is committed: an edit locks its row first, and then no other can come between.
        self._writing = self._writers.execution_options(isolation_level="READ COMMITTED")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open one read transaction."""
        try:
            async with connected(self._reading) as connection, connection.begin():
                yield connection
        except NoConnection as error:
            raise Unreachable(reason(error)) from error
        except (DBAPIError, TimeoutError) as error:
            translate(error)

    def version(self) -> object | None:
        """Return None: to ask is a way to the server and back, as to read is."""
        return None

    async def query(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one read transaction."""
        try:
            return await self._query(work)
        except Busy as busy:
            if not is_outdated(busy.__cause__):
                raise
        return await self._query(work)

    async def write(self, unit: Callable[[Connection], T], deadline: float) -> T:
        """Run ``unit`` in one write transaction, again until ``deadline`` while other writers are in its way."""
        races = 0
        while True:
            try:
                return await self._try(unit, deadline)
            except NoConnection as error:
                raise Busy from error
            except (DBAPIError, TimeoutError) as error:
                code = state(error)
                if code in FULL:
                    raise Unwritable from error
                # Who lost a race for a name finds it taken the next time.
                races += code == UNIQUE or is_outdated(error)
                is_race = code in (SERIALIZATION, DEADLOCK, UNIQUE, LOCKED) or is_outdated(error)
                if not is_race or races > RACES:
                    translate(error)
                if code == LOCKED or asyncio.get_running_loop().time() >= deadline:
                    raise Busy from error
            await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311  so that two that collide do not do so again

    async def notify(self, payload: str) -> None:
        """Say ``payload`` to all that listen, this process included."""

        def unit(connection: Connection) -> None:
            connection.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload})

        await self.write(unit, asyncio.get_running_loop().time() + PATIENCE)

    async def connect(self, address: str = "") -> asyncpg.Connection:
        """Return a connection that belongs to no pool, to ``address`` when that is more direct than ours."""
        url = make_url(address) if address else self.url
        options = url.get_dialect()().create_connect_args(url)[1]
        try:
            return await asyncpg.connect(
                **{name: value for name, value in options.items() if name not in OURS},
                timeout=PATIENCE,
                command_timeout=PATIENCE,
                statement_cache_size=0,  # whoever listens asks nothing twice
            )
        except FAILURES as error:
            raise Unreachable(reason(error)) from error

    async def disconnect(self) -> None:
        """Close the connections that nobody uses."""
        await self._readers.dispose()
        await self._writers.dispose()

    async def close(self) -> None:
        """Close all connections."""
        await self.disconnect()

    async def _query(self, work: Callable[[Connection], T]) -> T:
        async with self.read() as connection:
            return await connection.run_sync(work)

    async def _try(self, unit: Callable[[Connection], T], deadline: float) -> T:
        async with connected(self._writing) as connection, connection.begin():
            left = max(1, round((deadline - asyncio.get_running_loop().time()) * 1000))
            await connection.execute(WAIT, {"left": str(left)})
            return await connection.run_sync(unit)
