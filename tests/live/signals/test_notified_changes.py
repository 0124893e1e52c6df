"""What NOTIFY on PostgreSQL tells of the rows that were touched, whoever writes, and when that may be any row."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from rowcast.database import Database
from rowcast.database.postgres import CHANNEL, Postgres
from rowcast.live.signals import postgres
from rowcast.live.signals.change_log import MOST
from rowcast.live.signals.notified_changes import parse_changes
from rowcast.live.signals.postgres import PostgresSignal
from rowcast.schema import migrate
from rowcast.tables.row_change import RowChange
from rowcast.users import USERS
from tests.conftest import make_user
from tests.live.source import until
from tests.postgres import Databases
from tests.programs import PostgresProgram, program

pytestmark = pytest.mark.only("postgresql")

INSERT = "INSERT INTO users (username, email) VALUES ('Cy', 'c@b.c')"
UPDATE = "UPDATE users SET role = 'administrator' WHERE id = 1"
DELETE = "DELETE FROM users WHERE id = 2"
TOKEN = "abcdefghijklmnop"
BOTH, ADA, BOB = [("ada", "ada"), ("bob", "bob")], ("ada", "ada"), ("bob", None)
Heard = list[tuple[str | None, list[RowChange] | None]]
Told = list[tuple[Any, Any]] | None
News = Callable[[], Awaitable[list[Told]]]


@pytest.fixture
def server(database: Database) -> Postgres:
    assert isinstance(database.kind, Postgres)
    return database.kind


@pytest.fixture
def other(outside: PostgresProgram) -> PostgresProgram:
    """Another program, which has added Ada and Bob."""
    outside.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@b.c'), ('Bob', 'b@b.c')")
    return outside


@pytest.fixture
async def news(server: Postgres, other: PostgresProgram) -> AsyncIterator[News]:
    """What has been told of the users since it was asked for the last time: keys of names, before and after."""
    heard: Heard = []
    tokens: list[str] = []
    signal = PostgresSignal(
        server.connect, server.notify, lambda table, rows: heard.append((table, rows)), tokens.append, [USERS]
    )
    await signal.start()

    async def ask() -> list[Told]:
        tokens.clear()
        await server.notify(f"answered {TOKEN}")  # what was said before it is heard before it
        await until(lambda: tokens)
        await asyncio.sleep(0)  # it is passed on in the next round of the loop
        found = [names(changes) for table, changes in heard if table in (None, "users")]
        heard.clear()
        return found

    yield ask
    await signal.stop()


def names(changes: list[RowChange] | None) -> Told:
    if changes is None:
        return None
    sides = [(touch.before, touch.after) for touch in changes]
    return sorted(
        ((before and before["username_key"], after and after["username_key"]) for before, after in sides), key=repr
    )


def together(news: list[Told]) -> list[tuple[Any, Any]]:
    return [touch for changes in news for touch in changes or ()]


async def test_a_row_is_told_as_it_was_and_as_it_became(
    server: Postgres, database: Database, other: PostgresProgram
) -> None:
    heard: Heard = []
    signal = PostgresSignal(
        server.connect, server.notify, lambda table, rows: heard.append((table, rows)), lambda token: None, [USERS]
    )
    await signal.start()
    row = await make_user(database, "Éve \u2028\U0001f389 \"'\\", role="administrator", email="eve@example.org")
    await until(lambda: heard)
    ((table, changes),) = heard
    assert table == "users"
    ((before, after),) = [(touch.before, touch.after) for touch in changes or []]
    assert before is None
    assert after is not None
    ((id, key, changed),) = other.execute("SELECT id, username_key, changed FROM users WHERE id > 2")
    assert after == {
        "id": row.values["id"],
        "username_key": key,
        "email_key": "eve@example.org",
        "role": "administrator",
        "status": "active",
        "changed": changed,
    }
    assert id == row.values["id"]
    assert isinstance(changed, datetime)
    assert after.keys() == set(USERS.query_columns)
    await signal.stop()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (INSERT, [(None, "cy")]),
        (UPDATE, [ADA]),
        ("UPDATE users SET username = 'Cy' WHERE id = 1", [("ada", "cy")]),
        ("UPDATE users SET status = 'closed'", BOTH),
        (DELETE, [BOB]),
        ("DELETE FROM users", [("ada", None), BOB]),
        ("UPDATE users SET id = DEFAULT WHERE id = 1", [("ada", None), (None, "ada")]),
        ("UPDATE users SET created = changed, version = 9 WHERE id = 1", [ADA]),
        ("INSERT INTO users (username, username_key, email, email_key) VALUES ('A', 'ada', 'x', 'x'),"
         " ('B', 'b', 'y', 'y') ON CONFLICT (username_key) DO UPDATE SET status = 'closed'", [ADA, (None, "b")]),
        ("INSERT INTO users (username, username_key, email, email_key) VALUES ('A', 'ada', 'x', 'x')"
         " ON CONFLICT DO NOTHING", []),
        ("MERGE INTO users USING (VALUES ('ada'), ('bob'), ('cy')) AS v (name) ON username_key = v.name"
         " WHEN MATCHED AND id = 1 THEN UPDATE SET status = 'closed' WHEN MATCHED THEN DELETE"
         " WHEN NOT MATCHED THEN INSERT (username, email) VALUES (v.name, v.name)", [(None, "cy"), ADA, BOB]),
        ("WITH gone AS (DELETE FROM users WHERE id = 2) UPDATE users SET role = 'administrator' WHERE id = 1",
         [ADA, BOB]),
        ("COPY users (username, email) FROM PROGRAM 'echo Cy,c@b.c' WITH (FORMAT csv)", [(None, "cy")]),
        ("UPDATE users SET role = 'member' WHERE id = 3", []),
    ],
)  # fmt: skip
async def test_whatever_a_program_does_to_a_row_is_told(
    sql: str, expected: list[tuple[Any, Any]], news: News, other: PostgresProgram
) -> None:
    other.execute(sql)
    found = await news()
    assert None not in found
    assert sorted(together(found), key=repr) == sorted(expected, key=repr)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("TRUNCATE users", id="emptied"),
        pytest.param("INSERT INTO users (username, email) SELECT i, i FROM generate_series(1, 21) AS i", id="too many"),
        pytest.param("UPDATE users SET username_key = repeat('x', 10000) || id, version = 2", id="too long"),
        pytest.param("UPDATE users SET username_key = repeat('ß', 4000) || id, version = 2", id="too many bytes"),
    ],
)  # fmt: skip
async def test_what_cannot_be_told_may_be_any_row(sql: str, news: News, other: PostgresProgram) -> None:
    other.execute(sql)
    assert await news() == [None]


async def test_as_many_rows_as_are_judged_are_told(news: News, other: PostgresProgram) -> None:
    other.execute("INSERT INTO users (username, email) SELECT i, i FROM generate_series(1, 18) AS i")
    assert await news() == [sorted([(None, str(n)) for n in range(1, 19)], key=repr)]
    other.execute(f"UPDATE users SET status = 'closed' WHERE id <= {18 + 2}")
    ((*changes,),) = [changes or [] for changes in await news()]
    assert len(changes) == 20


async def test_one_transaction_says_no_more_than_is_judged(
    news: News, other: PostgresProgram, server: Postgres
) -> None:
    said: list[str] = []
    connection = await server.connect()
    ((channel,),) = other.execute("SELECT name FROM touched_channel")
    for name in (channel, CHANNEL):
        await connection.add_listener(name, lambda *heard: said.append(heard[-1]))
    other.execute_many(*[("UPDATE users SET version = version + 1, email_key = ? WHERE id = 1", (str(n),))
                         for n in range(50)])  # fmt: skip
    assert await news() == [None]
    await until(lambda: f"answered {TOKEN}" in said)
    assert said.count("users") == 1
    assert len(said) == 20 + 1 + 1
    other.execute(UPDATE)
    assert await news() == [[ADA]], "the next transaction counts anew"
    await connection.close()


async def test_what_was_taken_back_is_not_told(news: News, other: PostgresProgram) -> None:
    other.execute("BEGIN")
    other.execute(DELETE)
    other.execute("ROLLBACK")
    other.execute("BEGIN")
    other.execute("SAVEPOINT s")
    other.execute(DELETE)
    other.execute("ROLLBACK TO s")
    other.execute(UPDATE)
    other.execute("COMMIT")
    assert await news() == [[ADA]]


async def test_a_transaction_that_commits_long_after_others_is_told_then(news: News, other: PostgresProgram,
                                                                         database: Database) -> None:  # fmt: skip
    other.execute("BEGIN")
    other.execute(DELETE)
    for number in range(200):
        await make_user(database, f"User {number}")
    assert BOB not in together(await news())
    other.execute("COMMIT")
    assert await news() == [[BOB]]


async def test_who_may_write_and_nothing_else_is_told_of_as_well(news: News, other: PostgresProgram) -> None:
    other.execute("DROP ROLE IF EXISTS rowcast_writer")
    other.execute("CREATE ROLE rowcast_writer")
    other.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON users TO rowcast_writer")
    other.execute("SET ROLE rowcast_writer")
    try:
        # What it makes to be found first is not taken for what the trigger means.
        other.execute("CREATE TEMP TABLE touched_channel AS SELECT 'mine' AS name")
        other.execute("SET search_path = pg_temp, public")
        for sql in (INSERT, UPDATE, DELETE):
            other.execute(sql)
        for refused in (
            "SELECT * FROM public.touched_channel",
            "CREATE TRIGGER t AFTER INSERT ON touched_channel EXECUTE FUNCTION public.users_touched()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                other.execute(refused)
    finally:
        other.execute("RESET ROLE")
        other.execute("DROP OWNED BY rowcast_writer")
        other.execute("DROP ROLE rowcast_writer")
    found = await news()
    assert None not in found
    assert sorted(together(found), key=repr) == [ADA, BOB, (None, "cy")]


async def test_nothing_that_a_row_holds_is_said_where_anybody_may_listen(
    news: News, other: PostgresProgram, server: Postgres
) -> None:
    said: list[str] = []
    connection = await server.connect()
    await connection.add_listener(CHANNEL, lambda *heard: said.append(heard[-1]))
    for sql in (INSERT, UPDATE, DELETE, "TRUNCATE users"):
        other.execute(sql)
    await news()
    await until(lambda: f"answered {TOKEN}" in said)
    assert said == ["users", f"answered {TOKEN}"]
    ((channel,),) = other.execute("SELECT name FROM touched_channel")
    assert re.fullmatch("rowcast_[0-9a-f]{32}", channel)
    await connection.close()


async def test_without_a_name_for_the_channel_any_row_may_have_been_touched(
    news: News, other: PostgresProgram, server: Postgres
) -> None:
    other.execute("TRUNCATE touched_channel")
    other.execute(UPDATE)
    assert await news() == [None]
    signal_heard: Heard = []
    late = PostgresSignal(
        server.connect, server.notify, lambda table, rows: signal_heard.append((table, rows)), lambda t: None, [USERS]
    )
    await late.start()
    other.execute(DELETE)
    await until(lambda: signal_heard)
    assert signal_heard == [("users", None)]
    await late.stop()


async def test_after_a_restore_that_brought_another_channel_it_is_heard_there(
    news: News, other: PostgresProgram, monkeypatch: pytest.MonkeyPatch, server: Postgres
) -> None:
    monkeypatch.setattr(postgres, "KEEP_ALIVE", 0.05)
    heard: Heard = []
    signal = PostgresSignal(
        server.connect, server.notify, lambda table, rows: heard.append((table, rows)), lambda token: None, [USERS]
    )
    await signal.start()
    other.execute("UPDATE touched_channel SET name = 'another'")
    await until(lambda: heard)
    assert heard == [(None, None)], "what was said there meanwhile was not heard"
    heard.clear()
    other.execute(UPDATE)
    await until(lambda: heard)
    assert names(heard[0][1]) == [ADA]
    await signal.stop()


async def test_text_that_is_ordered_in_another_way_than_pythons_may_be_any_row(cluster: Databases) -> None:
    cluster.execute("CREATE DATABASE in_polish TEMPLATE template0 ENCODING 'LATIN2' LOCALE 'C'")
    try:
        migrate(cluster.url("in_polish"))
        made = Postgres(make_url(cluster.url("in_polish")))
        heard: Heard = []
        signal = PostgresSignal(
            made.connect, made.notify, lambda table, rows: heard.append((table, rows)), lambda token: None, [USERS]
        )
        await signal.start()
        with program(cluster.url("in_polish")) as other:
            other.execute("INSERT INTO users (username, email) VALUES ('Łucja', 'l@b.c')")
        await until(lambda: heard)
        assert heard == [("users", None)]
        await signal.stop()
        await made.close()
    finally:
        cluster.drop("in_polish")


async def test_of_commits_that_are_heard_at_once_not_more_are_told_than_are_judged(
    server: Postgres, other: PostgresProgram
) -> None:
    heard: Heard = []
    signal = PostgresSignal(
        server.connect, server.notify, lambda table, rows: heard.append((table, rows)), lambda token: None, [USERS]
    )
    await signal.start()
    for _ in range(100):
        other.execute(UPDATE)  # with nothing awaited, so that many are heard together
    await until(lambda: ("users", None) in heard)
    assert all(rows is None or len(rows) <= MOST for _, rows in heard)
    await signal.stop()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="no JSON"),
        pytest.param("7", id="no rows"),
        pytest.param("[" * 7000, id="too deep"),
        pytest.param("[[null]]", id="one side"),
        pytest.param('[[null, {"id": 1, "username_key": "ada"}]]', id="not all that decides"),
        pytest.param('[[null, ["id"]]]', id="no names"),
        *(
            pytest.param(
                '[[null, {"id": 1, "username_key": "a", "email_key": "b", "role": "c", "status": "d",'
                f' "changed": {moment}}}]]',
                id=f"changed {moment}",
            )
            for moment in ('"infinity"', '"0044-03-15T12:00:00 BC"', '"10000-01-01T00:00:00"', "null", "7")
        ),
    ],
)
def test_what_is_not_understood_may_be_any_row(text: str) -> None:
    assert parse_changes(USERS, text) is None


async def test_whatever_is_sorted_is_sorted_by_code_point(other: PostgresProgram) -> None:
    found = other.execute(
        "SELECT attname, collname FROM pg_attribute LEFT JOIN pg_collation AS c ON c.oid = attcollation"
        " WHERE attrelid = 'users'::regclass AND attname = ANY(?)",
        list(USERS.query_columns),
    )
    assert {name: collation for name, collation in found if name not in ("id", *USERS.moments)} == dict.fromkeys(
        ("username_key", "email_key", "role", "status"), "C"
    )
    assert len(found) == len(USERS.query_columns)


def test_the_migration_tells_all_that_decides() -> None:
    versions = Path(postgres.__file__).parents[2] / "migrations/versions"
    text = (versions / "0004_touched_on_postgresql.py").read_text()
    assert f"COLUMNS = {USERS.query_columns}".replace("'", '"') in text
