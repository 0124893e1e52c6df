"""PostgreSQL: readers and writers side by side; a writer that lost a race runs again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import URL, Connection, NullPool, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from webapp.database.errors import Busy, Unreachable, Unusable, Unwritable

T = TypeVar("T")

CHANNEL = "rowcast"
# Two pools, so that no reader waits behind writers that wait for a row. With the listener, 16 of the 100 connections
# that PostgreSQL allows by default.
READING, WRITING = 10, 5
PATIENCE = 5.0  # seconds that a connection may take to be made, or to become free
ANSWER = 20.0  # seconds after which a server that says nothing is taken for lost
RACES = 5  # that a writer may lose for a unique value; who loses more has another error
LOCK = 7_692_278  # any number, but the same in all programs: "ROWCAST" on a telephone

# https://www.postgresql.org/docs/current/errcodes-appendix.html
SERIALIZATION, DEADLOCK, UNIQUE, LOCKED = "40001", "40P01", "23505", "55P03"
FULL = {"53100", "58030", "25006"}  # disk full, disk broken, read-only (a standby)
GONE = {"57P01", "57P02", "57P03", "53300"}  # shut down, crashed, starting, too many connections
FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)
OURS = ("prepared_statement_cache_size", "prepared_statement_name_func")  # of SQLAlchemy, not of the driver


class Postgres:
    """Transactions on the database at ``url``, and connections beside them for LISTEN."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._readers = _engine(url, READING)
        self._writers = _engine(url, WRITING)
        # One snapshot for all that is read, so that rows and total are of one moment.
        self._reading = self._readers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # Each statement sees what is committed: an edit locks its row first, and then no other can come between.
        self._writing = self._writers.execution_options(isolation_level="READ COMMITTED")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open one read transaction."""
        try:
            async with _connected(self._reading) as connection, connection.begin():
                yield connection
        except NoConnection as error:
            raise Unreachable(_reason(error)) from error
        except (DBAPIError, TimeoutError) as error:
            if _is_lost(error):
                raise Unreachable(_reason(error)) from error
            raise

    async def write(self, unit: Callable[[AsyncSession], Awaitable[T]], deadline: float) -> T:
        """Run ``unit`` in one write transaction, again until ``deadline`` while other writers are in its way."""
        races = 0
        while True:
            try:
                return await self._try(unit, deadline)
            except NoConnection as error:
                raise Busy from error
            except (DBAPIError, TimeoutError) as error:
                if _is_lost(error):
                    raise Unreachable(_reason(error)) from error
                state = _state(error)
                if state in FULL:
                    raise Unwritable from error
                # Who lost a race for a name finds it taken the next time.
                races += state == UNIQUE
                if state not in (SERIALIZATION, DEADLOCK, UNIQUE, LOCKED) or races > RACES:
                    raise
                if state == LOCKED or asyncio.get_running_loop().time() >= deadline:
                    raise Busy from error
            await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311  so that two that collide do not do so again

    async def notify(self, payload: str) -> None:
        """Say ``payload`` to all that listen, this process included."""

        async def unit(session: AsyncSession) -> None:
            await session.execute(
                text("SELECT pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload}
            )

        await self.write(unit, asyncio.get_running_loop().time() + PATIENCE)

    async def connect(self, address: str = "") -> asyncpg.Connection:
        """Return a connection that belongs to no pool, to ``address`` when that is more direct than ours."""
        url = make_url(address) if address else self.url
        options = url.get_dialect()().create_connect_args(url)[1]
        try:
            return await asyncpg.connect(
                **{name: value for name, value in options.items() if name not in OURS}, timeout=PATIENCE
            )
        except FAILURES as error:
            raise Unreachable(_reason(error)) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._readers.dispose()
        await self._writers.dispose()

    async def _try(self, unit: Callable[[AsyncSession], Awaitable[T]], deadline: float) -> T:
        async with (
            _connected(self._writing) as connection,
            AsyncSession(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            left = max(1, round((deadline - asyncio.get_running_loop().time()) * 1000))
            await session.execute(text(f"SET LOCAL lock_timeout = {left}"))
            return await unit(session)


def exclusively(url: URL, work: Callable[[Connection], None]) -> None:
    """Run ``work`` in one transaction under an advisory lock."""
    # In a thread: whoever calls may have an event loop that runs.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _exclusively(url, work)).result()


async def _exclusively(url: URL, work: Callable[[Connection], None]) -> None:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": PATIENCE})
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(work)
    except FAILURES as error:
        raise Unusable(f"{url!r} cannot be used: {_reason(error)}. Check ROWCAST_DATABASE.") from error
    finally:
        await engine.dispose()


def _engine(url: URL, size: int) -> AsyncEngine:
    options = {"timeout": PATIENCE, "command_timeout": ANSWER}
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=PATIENCE, connect_args=options)
    event.listen(engine.sync_engine, "checkout", _check)
    return engine


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        connection = await engine.connect()
    except FAILURES as error:
        raise Unreachable(_reason(error)) from error
    try:
        yield connection
    finally:
        await connection.close()


def _check(connection: Any, _record: Any, _proxy: Any) -> None:
    # After a restart of the server those in the pool are dead; their sockets say so, without a round trip to ask.
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _state(error: Exception) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error)  # without the statement


def _is_lost(error: DBAPIError | TimeoutError) -> bool:
    if isinstance(error, TimeoutError):
        return True
    return error.connection_invalidated or _state(error) in GONE or _state(error).startswith("08")
