"""Other programs: what they write past Rowcast is kept as ours is, or kept out; no row of theirs takes a page down."""

from __future__ import annotations

import sqlite3

import asyncpg
import pytest

from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from rowcast.tables.row_writes import VersionConflict
from rowcast.users import USERS
from tests.conftest import Outside, make_user
from tests.programs import REFUSED
from tests.tables.reading import read_page


async def rows(database: Database) -> Page:
    async with database.read() as connection:
        return await read_page(connection, USERS, Listing())


async def test_an_edit_by_another_program_counts_the_version_up(database: Database, outside: Outside) -> None:
    row = await make_user(database, "Ada")
    outside.execute("UPDATE users SET username = 'EVE' WHERE id = ?", row.values["id"])
    (changed,) = (await rows(database)).rows
    assert changed.values["version"] == 2
    assert changed.values["changed"] >= row.values["changed"]
    assert changed.fingerprint != row.fingerprint
    with pytest.raises(VersionConflict):
        await database.write(
            lambda connection: row_writes.edit(connection, USERS, row.key, {"status": "closed"}, version=1, by="tests")
        )
    async with database.read() as connection:
        assert (await read_page(connection, USERS, Listing(q="eve"))).total == 1
        assert (await read_page(connection, USERS, Listing(q="ada"))).total == 1, "the e-mail address is Ada's still"


async def test_an_edit_of_ours_counts_the_version_up_once(database: Database) -> None:
    row = await make_user(database, "Ada")
    edited = await database.write(
        lambda connection: row_writes.edit(connection, USERS, row.key, {"status": "closed"}, version=1, by="tests")
    )
    assert edited.values["version"] == 2


async def test_what_another_program_leaves_out_is_filled_in(database: Database, outside: Outside) -> None:
    outside.execute("INSERT INTO users (username, email) VALUES ('ADA', 'Ada@Example.org')")
    (row,) = (await rows(database)).rows
    assert (row.values["role"], row.values["status"]) == ("member", "active")
    with pytest.raises(row_writes.ValueTaken) as taken:
        await make_user(database, "ada", email="ada@example.org")
    assert list(taken.value.errors) == ["username", "email"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param("'', 'a@b.c', 'member', 'active'", id="no name"),
        pytest.param(f"'{'x' * 65}', 'a@b.c', 'member', 'active'", id="a name that is too long"),
        pytest.param("NULL, 'a@b.c', 'member', 'active'", id="null"),
        pytest.param("'Bob', 'a@b.c', 'emperor', 'active'", id="a role that is none"),
        pytest.param("'Bob', 'a@b.c', 'member', 'Active'", id="a status that is none"),
        pytest.param("'ADA', 'a@b.c', 'member', 'active'", id="a name that is taken"),
        pytest.param("'Bob', 'ADA@example.org', 'member', 'active'", id="an address that is taken"),
    ],
)
async def test_what_no_page_could_show_is_kept_out(database: Database, outside: Outside, values: str) -> None:
    await make_user(database, "Ada")
    with pytest.raises(REFUSED):
        outside.execute(f"INSERT INTO users (username, email, role, status) VALUES ({values})")


@pytest.mark.only("sqlite")
async def test_bytes_are_kept_out(outside: Outside) -> None:
    with pytest.raises(REFUSED):
        outside.execute("INSERT INTO users (username, email) VALUES (x'41', 'a@b.c')")


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("policy", ["", "OR ABORT", "OR IGNORE", "OR REPLACE", "OR FAIL", "OR ROLLBACK"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT {} INTO users (username, email) VALUES (' ADA', 'a@b.c')",
        "INSERT {} INTO users (username, email) VALUES ('Cy', 'ADA@example.org')",
        "UPDATE {} users SET username = 'ada ' WHERE username = 'Bob'",
        "UPDATE {} users SET email = 'Ada@example.org' WHERE username = 'Bob'",
    ],
)
async def test_no_conflict_policy_lets_two_users_have_one_name_or_removes_one(
    database: Database, outside: Outside, policy: str, statement: str
) -> None:
    await make_user(database, "Ada")
    await make_user(database, "Bob")
    before = (await rows(database)).rows
    with pytest.raises(sqlite3.IntegrityError, match="another user has this name or e-mail address"):
        outside.execute(statement.format(policy))
    assert (await rows(database)).rows == before


@pytest.mark.only("postgresql")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO users (username, email) VALUES (' ADA', 'a@b.c')",
        "INSERT INTO users (username, email) VALUES ('Cy', 'ADA@example.org')",
        "UPDATE users SET username = 'ada ' WHERE username = 'Bob'",
        "UPDATE users SET email = 'Ada@example.org' WHERE username = 'Bob'",
        "INSERT INTO users (id, username, email) VALUES (77, 'Cy', 'cy@example.org')",
        "UPDATE users SET id = 77 WHERE username = 'Bob'",
        "UPDATE users SET changed = 'infinity', version = 7",
        "UPDATE users SET created = '4713-01-01 BC', version = 7",
    ],
)
async def test_postgresql_keeps_out_what_would_be_two_of_one_or_cannot_be_shown(
    database: Database, outside: Outside, statement: str
) -> None:
    await make_user(database, "Ada")
    await make_user(database, "Bob")
    before = (await rows(database)).rows
    with pytest.raises((*REFUSED, asyncpg.GeneratedAlwaysError)):
        outside.execute(statement)
    assert (await rows(database)).rows == before


@pytest.mark.only("postgresql")
async def test_an_upsert_by_another_program_is_an_edit(database: Database, outside: Outside) -> None:
    row = await make_user(database, "Ada")
    outside.execute(
        "INSERT INTO users (username, email) VALUES ('ADA', 'x@example.org')"
        " ON CONFLICT (username_key) DO UPDATE SET status = 'closed'"
    )
    (edited,) = (await rows(database)).rows
    assert (edited.key, edited.values["version"], edited.values["status"]) == (row.key, 2, "closed")


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("column", ["created", "changed"])
@pytest.mark.parametrize(
    "value",
    ["12:00", 2460000.5, 0, "now", "", "yesterday", "2026-01-01", "2026-01-01 10:00", "2026-01-01T10:00:00Z",
     "2026-01-01 24:00", "2026-02-31", "2026-01-01 10:00:00.5", "2026-01-01 10:00:00+02:00", "-4713-11-24 12:00:00"],
)  # fmt: skip
async def test_a_time_by_another_program_is_refused_or_can_be_shown(
    database: Database, outside: Outside, column: str, value: object
) -> None:
    row = await make_user(database, "Ada")
    try:
        outside.execute(f"UPDATE users SET {column} = ?, version = 7 WHERE id = ?", value, row.values["id"])
    except sqlite3.Error:
        return
    assert (await rows(database)).rows[0].values[column].tzinfo


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("name", ["cast(x'41ff42' AS text)", "'a' || char(0) || 'b'", "'a' || char(13, 10) || 'b'"])
async def test_a_row_of_odd_bytes_does_not_take_the_page_from_everybody(
    database: Database, outside: Outside, name: str
) -> None:
    await make_user(database, "Ada")
    outside.execute(f"UPDATE users SET username = {name}")
    assert (await rows(database)).rows[0].values["username"]
