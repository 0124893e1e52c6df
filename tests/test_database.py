"""The database: transactions that give way or wait their turn, and files that are set up or refused."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from rowcast import database as database_module
from rowcast.database import Busy, Database, sqlite
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from rowcast.users import USERS
from tests.conftest import Outside, make_user
from tests.programs import LOCKED
from tests.tables.reading import read_page


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for other programs no longer than a test can."""
    monkeypatch.setattr(sqlite, "PRAGMAS", [*sqlite.PRAGMAS, "PRAGMA busy_timeout = 10"])
    monkeypatch.setattr(database_module, "WRITE_TIMEOUT", 0.1)


async def rows(database: Database) -> Page:
    async with database.read() as connection:
        return await read_page(connection, USERS, Listing())


async def pragma(database: Database, name: str) -> Any:
    async with database.read() as connection:
        return (await connection.execute(text(f"PRAGMA {name}"))).scalar()


@pytest.mark.only("sqlite")
async def test_connections_are_set_up(database: Database) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [await pragma(database, name) for name in names] == ["wal", 1, 1, 1000]


@pytest.mark.usefixtures("impatient")
async def test_a_write_that_meets_another_programs_gives_up_in_time_and_readers_do_not_notice(
    database: Database, outside: Outside
) -> None:
    await make_user(database, "Ada")
    outside.hold()
    began = time.monotonic()
    with pytest.raises(Busy):
        await database.write(lambda connection: connection.execute(text("UPDATE users SET role = role")))
    assert time.monotonic() - began > 0.09, "SQLite's one try is much shorter: it was not tried again"
    assert (await rows(database)).total == 1
    outside.release()
    await make_user(database, "Bob")


async def test_readers_do_not_wait_behind_many_writers_that_wait(database: Database, outside: Outside) -> None:
    outside.hold()
    writers = [asyncio.create_task(make_user(database, f"user {number}")) for number in range(30)]
    await asyncio.sleep(0.1)
    try:
        async with asyncio.timeout(0.5):
            assert (await rows(database)).total == 0
    finally:
        outside.release()
        await asyncio.gather(*writers)
    assert (await rows(database)).total == 30


@pytest.mark.only("sqlite")
async def test_the_connection_that_was_used_last_is_the_next(database: Database) -> None:
    def used(connection: Connection) -> Any:
        time.sleep(0.05)
        return connection.connection.driver_connection

    found = await asyncio.gather(*(database.query(used) for _ in range(3)))
    assert len(set(found)) == 3, "this proves nothing unless there are several"
    wrote = await database.write(used)
    assert await database.query(used) is wrote


async def test_a_unit_that_was_refused_runs_again_when_the_file_is_free(database: Database, outside: Outside) -> None:
    await make_user(database, "Ada")
    outside.hold()
    writer = asyncio.create_task(make_user(database, "Bob"))
    await asyncio.sleep(0.05)
    outside.release()
    assert (await writer).values["username"] == "Bob"
    assert (await rows(database)).total == 2


async def test_writers_at_once_all_get_their_turn(database: Database) -> None:
    await asyncio.gather(*(make_user(database, f"user {number}") for number in range(20)))
    assert (await rows(database)).total == 20


async def test_what_is_read_in_one_transaction_is_of_one_moment(database: Database) -> None:
    async with database.read() as connection:
        before = await read_page(connection, USERS, Listing())
        await make_user(database, "Ada")
        assert (await read_page(connection, USERS, Listing())).total == before.total == 0


async def test_a_writer_that_is_cut_off_in_the_middle_keeps_no_lock(
    database: Database, dialect: str, outside: Outside
) -> None:
    began, loop = asyncio.Event(), asyncio.get_running_loop()

    def unit(connection: Connection) -> None:
        connection.execute(text("UPDATE users SET role = role"))
        loop.call_soon_threadsafe(began.set)
        if dialect == "sqlite":
            time.sleep(0.05)
        else:
            connection.execute(text("SELECT pg_sleep(0.05)"))

    writer = asyncio.create_task(database.write(unit))
    await began.wait()
    with pytest.raises(LOCKED):
        outside.hold(0)
    writer.cancel()  # as Quart does when the tab is closed
    with pytest.raises(asyncio.CancelledError):
        await writer
    await asyncio.sleep(0.2)
    outside.hold()


@pytest.mark.only("sqlite")
async def test_a_search_that_takes_long_does_not_keep_the_server_from_its_end(database: Database) -> None:
    endless = text("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    search = asyncio.create_task(database.query(lambda connection: connection.execute(endless).scalar()))
    await asyncio.sleep(0.1)
    assert not search.done(), "this proves nothing unless it goes on"
    async with asyncio.timeout(1):
        await database.close()
    with pytest.raises(OperationalError, match="interrupted"):
        await search


@pytest.mark.only("sqlite")
async def test_whoever_copies_the_file_of_a_server_that_ended_has_everything(database: Database) -> None:
    await make_user(database, "Ada")
    log = database.file.with_name(f"{database.file.name}-wal")
    assert log.stat().st_size, "this proves nothing unless there is a log"
    await database.close()
    assert not log.exists()
