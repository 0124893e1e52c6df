"""What the log of an SQLite table tells of the rows that were touched, and when it is not believed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rowcast.database import Database
from rowcast.database.sqlite import decode
from rowcast.live.signals.change_log import ChangeLogReader
from rowcast.live.signals.sqlite import SqliteSignal
from rowcast.tables.row_change import RowChange
from rowcast.users import USERS
from tests.conftest import NewDatabase, make_user
from tests.live.source import until
from tests.programs import REFUSED, SqliteProgram

pytestmark = pytest.mark.only("sqlite")

INSERT = "INSERT INTO users (username, email) VALUES (?, ?)"
WHOLE = "INSERT OR REPLACE INTO users (username, username_key, email, email_key) VALUES (?, lower(?), ?, lower(?))"
Names = list[tuple[Any, Any]]


@pytest.fixture
def other(outside: SqliteProgram) -> SqliteProgram:
    """Another program, which has added Ada and Bob."""
    outside.execute(INSERT, "Ada", "a@b.c")
    outside.execute(INSERT, "Bob", "b@b.c")
    return outside


@pytest.fixture
def watching(database: Database) -> Iterator[sqlite3.Connection]:
    """A connection that only reads."""
    with closing(sqlite3.connect(database.file, isolation_level=None)) as connection:
        connection.text_factory = decode
        yield connection


@pytest.fixture
def log(other: SqliteProgram, watching: sqlite3.Connection) -> ChangeLogReader:
    """A log that has been looked at once."""
    made = ChangeLogReader(USERS)
    assert made.since(watching) is None, "at first, any row may have been touched"
    assert made.since(watching) == []
    return made


def names(changes: list[RowChange] | None) -> Names:
    """Return the keys of the names, before and after."""
    assert changes is not None
    sides = [(touch.before, touch.after) for touch in changes]
    return [(before and before["username_key"], after and after["username_key"]) for before, after in sides]


async def test_a_row_is_told_as_it_was_and_as_it_became(
    log: ChangeLogReader, watching: sqlite3.Connection, database: Database
) -> None:
    row = await make_user(database, "Eve", role="administrator")
    (touch,) = log.since(watching) or []
    assert touch.before is None
    assert touch.after is not None
    assert touch.after.keys() == set(USERS.query_columns)
    assert (touch.after["id"], touch.after["role"], touch.after["username_key"]) == (
        row.values["id"],
        "administrator",
        "eve",
    )
    assert log.since(watching) == []


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("INSERT INTO users (username, email) VALUES ('Cy', 'c@b.c')", [(None, None), (None, "cy")]),
        ("UPDATE users SET role = 'administrator' WHERE id = 1", [("ada", "ada"), ("ada", "ada")]),
        ("UPDATE users SET username = 'Cy' WHERE id = 1", [("ada", "ada"), ("ada", "cy")]),
        ("DELETE FROM users WHERE id = 2", [("bob", None)]),
        ("DELETE FROM users", [("ada", None), ("bob", None)]),
        ("UPDATE users SET id = 7 WHERE id = 1", [("ada", "ada"), ("ada", "ada")]),
        ("UPDATE users SET created = changed, version = 9 WHERE id = 1", [("ada", "ada")]),
        (WHOLE.replace("?", "'Ada'", 2).replace("?", "'x@b.c'"), [("ada", None), (None, "ada")]),
        (WHOLE.replace("?", "'Eve'", 2).replace("?", "'b@b.c'"), [("bob", None), (None, "eve")]),
        ("INSERT OR REPLACE INTO users (id, username, email) VALUES (2, 'Cy', 'c@b.c')",
         [("bob", None), (None, None), (None, "cy")]),
        ("UPDATE OR REPLACE users SET id = 2 WHERE id = 1", [("bob", None), ("ada", "ada"), ("ada", "ada")]),
        ("UPDATE OR REPLACE users SET rowid = 2 WHERE id = 1", [("bob", None), ("ada", "ada"), ("ada", "ada")]),
        ("UPDATE OR REPLACE users SET username_key = 'bob', version = 9 WHERE id = 1", [("bob", None), ("ada", "bob")]),
    ],
)  # fmt: skip
def test_whatever_a_program_does_to_a_row_is_told(
    sql: str, told: Names, log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram
) -> None:
    other.execute(sql)
    assert sorted(map(repr, names(log.since(watching)))) == sorted(map(repr, told))


@pytest.mark.parametrize("value", [b"\0\1", b"\xff", "a\0b", 3.5, None], ids=repr)
def test_whatever_a_program_stores_the_log_takes_it(
    value: object, log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram
) -> None:
    other.execute("UPDATE users SET username_key = ?, version = version + 1 WHERE id = 1", value)
    ((before, after),) = names(log.since(watching))
    assert (before, after) == ("ada", str(value) if isinstance(value, float) else value)


def test_what_is_refused_or_taken_back_is_not_told(
    log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram
) -> None:
    with pytest.raises(REFUSED):
        other.execute(INSERT, "Ada", "x@b.c")
    other.execute("BEGIN")
    other.execute("DELETE FROM users")
    other.execute("ROLLBACK")
    assert log.since(watching) == []


@pytest.mark.parametrize(
    "doubt",
    [
        pytest.param(["UPDATE users SET version = version + 1 WHERE id = 1"] * 300, id="more than are kept"),
        pytest.param(["DELETE FROM users_touched"], id="emptied"),
        pytest.param(["DELETE FROM users_touched", "DELETE FROM sqlite_sequence"], id="begun anew"),
        pytest.param(["UPDATE users_touched SET mark = 1"], id="another entry of this number"),
        pytest.param(["CREATE TABLE t (x)"], id="another schema"),
        pytest.param(["DROP TRIGGER users_touched_update"], id="a trigger less"),
        pytest.param(["DROP TABLE users_touched"], id="no log"),
    ],
)
def test_in_doubt_any_row_may_have_been_touched(
    doubt: list[str], log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram
) -> None:
    other.execute_many(*((sql, ()) for sql in doubt))
    assert log.since(watching) is None


def test_after_a_doubt_it_reads_on(log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram) -> None:
    other.execute("DELETE FROM users_touched")
    assert log.since(watching) is None
    assert log.since(watching) is None, "there is nothing yet to read on from"
    other.execute("DELETE FROM users WHERE id = 1")
    assert log.since(watching) is None
    other.execute("DELETE FROM users WHERE id = 2")
    assert names(log.since(watching)) == [("bob", None)]


def test_while_a_trigger_is_missing_nothing_is_believed(
    log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram
) -> None:
    ((made,),) = other.execute("SELECT sql FROM sqlite_master WHERE name = 'users_touched_update'")
    other.execute("DROP TRIGGER users_touched_update")
    for _ in range(3):
        other.execute("UPDATE users SET status = 'closed', version = version + 1 WHERE id = 1")
        assert log.since(watching) is None
    other.execute(made)
    assert log.since(watching) is None
    other.execute("DELETE FROM users WHERE id = 2")
    assert names(log.since(watching)) == [("bob", None)]


def test_a_log_that_no_trigger_writes_is_never_believed(watching: sqlite3.Connection, other: SqliteProgram) -> None:
    for (name,) in other.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'users_touched%'"
    ):
        other.execute(f"DROP TRIGGER {name}")
    assert other.execute("SELECT * FROM users_touched"), "this proves nothing unless there is something to read on from"
    log = ChangeLogReader(USERS)
    assert [log.since(watching) for _ in range(3)] == [None] * 3


def test_a_backup_that_is_restored_may_have_touched_any_row(
    log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "backup.db")) as backup:
        other.connection.backup(backup)
        for id in (1, 2):
            other.execute("UPDATE users SET status = 'closed', version = version + 1 WHERE id = ?", id)
        assert names(log.since(watching)) == [("ada", "ada"), ("bob", "bob")]
        backup.backup(other.connection)
    for id in (2, 1):  # as many entries as there were, so that the last has the number that was seen last
        other.execute("UPDATE users SET role = 'administrator', version = version + 1 WHERE id = ?", id)
    assert log.since(watching) is None


def test_the_log_is_kept_short(log: ChangeLogReader, watching: sqlite3.Connection, other: SqliteProgram) -> None:
    other.execute_many(*(("UPDATE users SET version = version + 1", ()) for _ in range(500)))
    ((kept,),) = other.execute("SELECT count(*) FROM users_touched")
    assert 100 <= kept <= 150


async def test_the_signal_tells_what_another_program_touched_and_nothing_for_a_commit_that_touched_no_row(
    other: SqliteProgram, database: Database, new_database: NewDatabase
) -> None:
    heard: list[tuple[str, list[RowChange] | None]] = []
    bare = replace(USERS, name="bare", change_log="")
    signal = SqliteSignal(database.file, lambda table, changes: heard.append((table, changes)), [USERS, bare])
    await signal.start()
    other.execute("DELETE FROM users WHERE id = 2")
    await until(lambda: len(heard) == 2)
    assert [(table, changes and names(changes)) for table, changes in heard] == [
        ("users", [("bob", None)]),
        ("bare", None),
    ]
    heard.clear()
    other.execute("CREATE TEMP TABLE t (x)")
    other.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'changes'")
    other.execute("INSERT INTO changes (at, by, verb, table_name, row_key) VALUES ('2026-01-01', '', '', '', '1')")
    signal.committed()
    assert heard == [("bare", None)], "who has no log may have been touched"
    await signal.stop()
