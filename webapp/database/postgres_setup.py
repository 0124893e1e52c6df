"""PostgreSQL databases before they are used: looked into, when they may be anybody's, without a trace, and set up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from rowcast.database.errors import Unusable
from rowcast.database.postgres_errors import FAILURES, reason
from rowcast.database.postgres_pool import PATIENCE, UNPREPARED

T = TypeVar("T")

LOCK = 7_692_278  # any number, but the same in all programs: "ROWCAST" on a telephone


def exclusively(url: URL, work: Callable[[Connection], T]) -> T:
    """Return what ``work`` does in one transaction under an advisory lock."""
    return _run(_once(url, work, f"SELECT pg_advisory_xact_lock({LOCK})"))


def inspect(url: URL, work: Callable[[Connection], T]) -> T:
    """Return what ``work`` finds in one transaction that can write nothing."""
    return _run(_once(url, work, "SET TRANSACTION READ ONLY"))


def address(url: URL) -> str:
    """Return the address of a database as it may be told to anybody: without any password."""
    place = {name: value for name, value in url.query.items() if name in ("host", "port")}
    return URL.create("postgresql", url.username, None, url.host, url.port, url.database, place).render_as_string()


def _run(work: Coroutine[Any, Any, T]) -> T:
    # In a thread: whoever calls may have an event loop that runs.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _once(url: URL, work: Callable[[Connection], T], begin: str) -> T:
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"timeout": PATIENCE} | UNPREPARED)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(begin))
            return await connection.run_sync(work)
    except FAILURES as error:
        raise Unusable(f"{address(url)} cannot be used: {reason(error)}. Check ROWCAST_DATABASE.") from error
    finally:
        await engine.dispose()
