"""Connection pools to PostgreSQL that survive its restarts and go through a pooler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rowcast.database.errors import Unreachable
from rowcast.database.postgres_errors import FAILURES, reason

PATIENCE = 5.0  # seconds that a connection may take to be made, or to become free
ANSWER = 20.0  # seconds after which a server that says nothing is taken for lost
# How to search depends on the text: the plan for any text is 10 to 50 times slower (a million rows, "example", "zu").
PREPARED = {"server_settings": {"plan_cache_mode": "force_custom_plan"}}
# A pooler gives each transaction another connection of the server's: what was prepared on one is unknown to the next.
# What is not prepared is planned for its text anyway.
UNPREPARED = {
    "statement_cache_size": 0,
    "prepared_statement_cache_size": 0,
    "prepared_statement_name_func": lambda: "",
}


def pool(url: URL, size: int, is_pooler: bool) -> AsyncEngine:
    """Return an engine with at most ``size`` connections."""
    options: dict[str, Any] = {"timeout": PATIENCE, "command_timeout": ANSWER}
    options |= UNPREPARED if is_pooler else PREPARED
    engine = create_async_engine(url, pool_size=size, max_overflow=0, pool_timeout=PATIENCE, connect_args=options)
    event.listen(engine.sync_engine, "checkout", _check)
    return engine


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Take a connection, and give it back; raises Unreachable."""
    try:
        connection = await engine.connect()
    except FAILURES as error:
        raise Unreachable(reason(error)) from error
    try:
        yield connection
    finally:
        await connection.close()


def _check(connection: Any, _record: Any, _proxy: Any) -> None:
    # After a restart of the server those in the pool are dead; their sockets say so, without a round trip to ask.
    if connection.driver_connection.is_closed():
        raise DisconnectionError
