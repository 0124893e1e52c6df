"""The PostgreSQL signal: hears every commit, whichever program made it, and comes back when it was cut off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from rowcast.database import Database, Unreachable, Unusable
from rowcast.database.postgres import Postgres
from rowcast.live.signals import postgres
from rowcast.live.signals.postgres import PostgresSignal
from rowcast.tables.row_change import RowChange
from rowcast.users import USERS
from tests.conftest import Outside
from tests.live.source import until

pytestmark = pytest.mark.only("postgresql")

INSERT = "INSERT INTO users (username, email) VALUES (?, ?)"
TOKEN = "abcdefghijklmnop"
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


class Heard:
    """What a signal says."""

    def __init__(self) -> None:
        self.tables: list[str | None] = []
        self.changes: list[list[RowChange] | None] = []
        self.tokens: list[str] = []

    def invalidate(self, table: str | None, changes: list[RowChange] | None) -> None:
        self.tables.append(table)
        self.changes.append(changes)


@pytest.fixture
def server(database: Database) -> Postgres:
    assert isinstance(database.kind, Postgres)
    return database.kind


@pytest.fixture
def heard() -> Heard:
    return Heard()


def signal_for(server: Postgres, heard: Heard, **other: Any) -> PostgresSignal:
    parts = {"connect": server.connect, "notify": server.notify, **other}
    return PostgresSignal(parts["connect"], parts["notify"], heard.invalidate, heard.tokens.append, [USERS])


@pytest.fixture
async def signal(server: Postgres, heard: Heard) -> AsyncIterator[PostgresSignal]:
    made = signal_for(server, heard)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.usefixtures("signal")
async def test_a_commit_by_another_program_is_heard_by_the_tables_name(outside: Outside, heard: Heard) -> None:
    for statement, *values in (
        (INSERT, "Ada", "a@b.c"),
        ("UPDATE users SET role = 'administrator'",),
        ("DELETE FROM users",),
        ("COPY users (username, email) FROM PROGRAM 'echo Bob,b@b.c' WITH (FORMAT csv)",),
        ("TRUNCATE users",),
    ):
        heard.tables.clear()
        outside.execute(statement, *values)
        await until(lambda: heard.tables)
        assert heard.tables == ["users"]


@pytest.mark.usefixtures("signal")
async def test_a_transaction_is_heard_once_when_it_is_committed(outside: Outside, heard: Heard) -> None:
    outside.execute("BEGIN")
    outside.execute(INSERT, "Ada", "a@b.c")
    outside.execute("ROLLBACK")
    outside.execute_many(*((INSERT, (f"user {n}", f"{n}@b.c")) for n in range(50)))
    await until(lambda: heard.tables)
    await asyncio.sleep(0.05)
    assert heard.tables == ["users"]


async def test_what_is_committed_here_is_heard_once(signal: PostgresSignal, outside: Outside, heard: Heard) -> None:
    outside.execute(INSERT, "Ada", "a@b.c")
    signal.committed()
    await until(lambda: heard.tables)
    await asyncio.sleep(0.05)
    assert heard.tables == ["users"], "each feed reads its page once, not twice"


async def test_a_listener_that_is_cut_off_comes_back_and_counts_all_as_changed(
    signal: PostgresSignal, outside: Outside, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ((pid,),) = outside.execute(LISTENERS)
    outside.execute("SELECT pg_terminate_backend(?)", pid)
    await until(lambda: signal._lost.is_set())
    signal.committed()
    assert heard.tables == [None], "who commits meanwhile tells its own pages"
    heard.tables.clear()
    await until(lambda: heard.tables == [None])
    outside.execute(INSERT, "Ada", "a@b.c")
    await until(lambda: heard.tables == [None, "users"])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_a_connection_that_says_nothing_is_given_up(
    signal: PostgresSignal, heard: Heard, monkeypatch: pytest.MonkeyPatch, outside: Outside
) -> None:
    monkeypatch.setattr(postgres, "KEEP_ALIVE", 0.05)
    first: Any = signal._connection
    fetchval = type(first).fetchval

    async def silent(self: asyncpg.Connection, query: str, **patience: float) -> object:
        if patience:  # it is asked whether it lives
            raise TimeoutError
        return await fetchval(self, query)

    monkeypatch.setattr(type(first), "fetchval", silent)
    signal._hear_end(first)  # at once, and not in the ten seconds that the first rest would take
    await until(lambda: heard.tables.count(None) > 2)
    monkeypatch.undo()
    await until(lambda: not signal._lost.is_set())
    heard.tables.clear()
    outside.execute(INSERT, "Ada", "a@b.c")
    await until(lambda: "users" in heard.tables)


async def test_an_answer_that_reached_one_process_is_heard_by_all(
    server: Postgres, signal: PostgresSignal, heard: Heard
) -> None:
    other = Heard()
    another = signal_for(server, other)
    await another.start()
    assert await signal.tell(TOKEN)
    await until(lambda: heard.tokens and other.tokens)
    assert heard.tokens == other.tokens == [TOKEN]
    await another.stop()


@pytest.mark.usefixtures("signal")
async def test_what_is_no_token_is_not_passed_on(server: Postgres, heard: Heard) -> None:
    for junk in ("short", TOKEN + "x", f"{TOKEN[:-1]}'", "", f"{TOKEN} {TOKEN}"):
        await server.notify(f"answered {junk}")
    await server.notify(f"nonsense {TOKEN}")
    await server.notify(f"answered {TOKEN}")
    await until(lambda: heard.tokens)
    assert heard.tokens == [TOKEN]


async def test_a_token_that_cannot_be_told_is_no_error(server: Postgres, heard: Heard) -> None:
    async def lost(_payload: str) -> None:
        raise Unreachable

    assert not await signal_for(server, heard, notify=lost).tell(TOKEN)


async def test_a_start_behind_a_pooler_is_refused_with_the_remedy(
    server: Postgres, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unheard(_payload: str) -> None:
        """As where LISTEN went to a connection that somebody else has now."""

    monkeypatch.setattr(postgres, "PROOF", 0.05)
    with pytest.raises(Unusable, match="ROWCAST_LISTEN"):
        await signal_for(server, heard, notify=unheard).start()


async def test_an_address_where_nobody_listens_is_refused_with_its_name(server: Postgres, heard: Heard) -> None:
    with pytest.raises(Unusable, match="ROWCAST_LISTEN"):
        await signal_for(server, heard, connect=lambda: server.connect("postgresql+asyncpg:///x?host=/nowhere")).start()


async def test_an_address_that_refuses_to_listen_is_refused_in_words(server: Postgres, heard: Heard) -> None:
    async def refusing() -> asyncpg.Connection:
        connection = await server.connect()
        with pytest.raises(asyncpg.DivisionByZeroError):  # after which it takes no statement
            await connection.execute("BEGIN; SELECT 1 / 0")
        return connection

    with pytest.raises(Unusable, match="ROWCAST_LISTEN"):
        await signal_for(server, heard, connect=refusing).start()


async def test_after_the_end_nothing_is_heard(server: Postgres, outside: Outside, heard: Heard) -> None:
    made = signal_for(server, heard)
    await made.start()
    await made.stop()
    outside.execute(INSERT, "Ada", "a@b.c")
    await asyncio.sleep(0.1)
    assert heard.tables == []
    assert outside.execute(LISTENERS) == []
