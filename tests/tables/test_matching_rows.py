"""Hits: however they are found, they are those that a plain scan finds; and nobody counts a large table."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sqlalchemy import text

from rowcast.database import Database
from rowcast.tables import matching_rows, row_writes, where_clause
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from rowcast.tables.text_normalization import fold
from rowcast.users import USERS
from tests.conftest import Outside, make_user
from tests.tables.reading import read_page

NAMES = [
    "Ada Lovelace", "ada l", "Äda Lövelace", 'say "ada"', "100% ada", "a_da", "\\ada", "漢字かな交じり", "İstanbul",
    "\U0001f389\U0001f389\U0001f389", "o'neill", "AND OR NOT", "ada*", "ada:1", "e\u0301clair", "(ada)", "-ada",
    "a a a",
]  # fmt: skip


async def read(database: Database, listing: Listing) -> Page:
    async with database.read() as connection:
        return await read_page(connection, USERS, listing)


async def fill(database: Database, count: int) -> None:
    """Add users: "User 000" and so on, every third an administrator."""

    def unit(connection: Any) -> None:
        for number in range(count):
            role = "member" if number % 3 else "administrator"
            fields = {"username": f"User {number:03}", "email": f"u{number}@example.org", "role": role}
            row_writes.create(connection, USERS, fields | {"status": "active"}, by="tests")

    await database.write(unit)


async def test_a_search_finds_what_holds_the_text_whatever_its_length_and_characters(database: Database) -> None:
    names = {(await make_user(database, name, email=f"u{n}@b.cd")).key: fold(name) for n, name in enumerate(NAMES)}
    pieces = {fold(name)[a:b] for name in NAMES for a, b in itertools.combinations(range(len(fold(name)) + 1), 2)}
    found_by_index = 0
    for piece in sorted(piece for piece in pieces if piece == piece.strip()):
        page = await read(database, Listing(q=piece))
        emails = {id for n, id in enumerate(names) if piece in f"u{n}@b.cd"}
        assert {row.key for row in page.rows} == {id for id, name in names.items() if piece in name} | emails, piece
        found_by_index += len(piece) >= where_clause.SHORTEST
    assert found_by_index > 100, "or this proves nothing"


async def test_the_index_is_asked(
    database: Database, dialect: str, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_rows, "FEW", 0)  # or the statement holds what the index has found
    if dialect == "postgresql":
        outside.execute("TRUNCATE users")  # it goes by how large the file is, and rows of other tests may be in it
    await make_user(database, "Ada")
    async with database.read() as connection:
        if dialect == "sqlite":
            found = await connection.run_sync(matching_rows.find, USERS, Listing(q="ada"))
            query = matching_rows.rows(connection.dialect, USERS, Listing(q="ada"), found, 0, 50).compile(
                connection.engine.sync_engine
            )
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", tuple(query.params.values()))
            assert "users_search VIRTUAL TABLE INDEX" in str(plan.all())
        else:
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = await connection.execute(text("EXPLAIN SELECT id FROM users WHERE username_key LIKE '%ada%'"))
            assert "users_search" in str(plan.all())


async def test_the_index_follows_every_writer(database: Database, outside: Outside) -> None:
    async def found(text: str) -> int:
        return (await read(database, Listing(q=text))).total

    ada = await make_user(database, "Ada Lovelace", email="a@b.cd")
    assert await found("lovel") == 1
    await database.write(
        lambda connection: row_writes.edit(connection, USERS, ada.key, {"username": "Ada King"}, version=1, by="tests")
    )
    assert (await found("lovel"), await found("a king")) == (0, 1)
    outside.execute("UPDATE users SET username = 'COUNTESS' WHERE id = ?", ada.values["id"])
    assert (await found("a king"), await found("countess")) == (0, 1)
    outside.execute("INSERT INTO users (username, email) VALUES ('Charles', 'c@b.cd')")
    assert await found("charles") == 1
    outside.execute("DELETE FROM users WHERE username = 'Charles'")
    await database.write(lambda connection: row_writes.delete(connection, USERS, ada.key, version=None, by="tests"))
    assert (await found("charles"), await found("countess"), await found("b.cd")) == (0, 0, 0)


@pytest.mark.only("sqlite")
async def test_a_row_that_went_without_a_trigger_is_not_found_in_its_place(
    database: Database, outside: Outside
) -> None:
    ada = await make_user(database, "Ada Lovelace")
    outside.execute(
        "INSERT OR REPLACE INTO users (id, username, email) VALUES (?, 'Bob', 'bob@b.cd')", ada.values["id"]
    )
    assert (await read(database, Listing(q="lovelace"))).total == 0
    assert (await read(database, Listing(q="bob"))).total == 1


async def test_rows_are_the_same_whether_they_are_few_or_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database, 260)
    sorts = ("", "-username", "role", "-changed")
    asked = [
        Listing(q=q, filters=filters, sort=sort, page=page, size=25)
        for q in ("", "u", "user 1", "example")
        for filters in ((), (("role", "administrator"),), (("role", "member"), ("status", "active")))
        for sort, page in itertools.product(sorts, (1, 2))
    ]
    few = [[row.key for row in (await read(database, listing)).rows] for listing in asked]
    monkeypatch.setattr(matching_rows, "COUNTED", 50)
    many = [await read(database, listing) for listing in asked]
    assert sum(page.is_more for page in many) > len(asked) / 2, "or this proves nothing"
    assert [[row.key for row in page.rows] for page in many] == few


@pytest.mark.parametrize(
    ("rows", "query", "page", "told"),
    [
        pytest.param(100, {}, 1, (100, False, 4, 25), id="all are counted"),
        pytest.param(101, {}, 1, (100, True, 4, 25), id="one more than is counted"),
        pytest.param(101, {}, 4, (100, True, 5, 25), id="the last page that is counted is not the last"),
        pytest.param(130, {}, 5, (125, True, 6, 25), id="beyond what is counted"),
        pytest.param(130, {}, 6, (130, False, 6, 5), id="the end, where the total is known"),
        pytest.param(125, {}, 5, (125, False, 5, 25), id="an end that is a full page"),
        pytest.param(130, {}, 99, (130, False, 6, 5), id="past the end"),
        pytest.param(130, {"q": "user"}, 4, (100, True, 4, 25), id="a search ends where the counting does"),
        pytest.param(130, {"q": "user"}, 5, (100, True, 4, 25), id="a search has no pages beyond"),
        pytest.param(99, {"q": "user"}, 5, (99, False, 4, 24), id="a search that is counted"),
    ],
)
async def test_a_total_is_told_as_far_as_it_is_counted(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    query: dict[str, Any],
    page: int,
    told: tuple[int, bool, int, int],
) -> None:
    monkeypatch.setattr(matching_rows, "COUNTED", 100)
    await fill(database, rows)
    found = await read(database, Listing(**query, page=page, size=25))
    assert (found.total, found.is_more, found.pages, len(found.rows)) == told


async def test_that_there_is_more_now_is_another_revision(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching_rows, "COUNTED", 100)
    await fill(database, 125)
    last = Listing(page=5, size=25)
    before = await read(database, last)
    await make_user(database, "Zoe")
    after = await read(database, last)
    assert (before.rows, before.total, before.is_more) == (after.rows, after.total, False)
    assert after.is_more
    assert before.revision("") != after.revision("")
