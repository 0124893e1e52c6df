"""Page: rows and total of one moment, the last page for one past the end, and a revision that is the content's."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from rowcast.config import Settings
from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from rowcast.users import USERS
from tests.conftest import make_user
from tests.live.pages import page as made_page
from tests.tables.reading import read_page, read_row

FILL = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
    INSERT INTO users (username, email)
    SELECT 'user ' || substr(CAST(1000 + i AS TEXT), 2), 'u' || i || '@example.org' FROM n
"""


async def fill(database: Database, count: int) -> None:
    def unit(connection: object) -> None:
        connection.execute(text(FILL), {"count": count})  # type: ignore[attr-defined]

    await database.write(unit)


async def read(database: Database, **asked: object) -> Page:
    async with database.read() as connection:
        return await read_page(connection, USERS, Listing(**asked))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "number", "first", "rows"),
    [(1, 1, 1, 25), (3, 3, 51, 10), (4, 3, 51, 10), (999_999_999, 3, 51, 10)],
)
async def test_a_page_past_the_end_shows_the_last_page(
    database: Database, asked: int, number: int, first: int, rows: int
) -> None:
    await fill(database, 60)
    page = await read(database, page=asked, size=25)
    assert (page.number, page.first, len(page.rows)) == (number, first, rows)
    assert (page.total, page.pages) == (60, 3)
    assert page.rows[0].values["username"] == f"user {first:03}"


async def test_an_empty_table_has_one_empty_page(database: Database) -> None:
    page = await read(database, page=7)
    assert (page.rows, page.total, page.number, page.pages) == ((), 0, 1, 1)


async def test_equal_content_has_one_revision_also_after_a_restart(database: Database, settings: Settings) -> None:
    await fill(database, 3)
    again = Database(settings.database)
    try:
        assert (await read(database)).revision("x") == (await read(again)).revision("x")
    finally:
        await again.close()


@pytest.mark.parametrize("field", ["username", "email", "role", "status"])
async def test_every_column_is_part_of_the_revision(database: Database, field: str) -> None:
    row = await make_user(database)
    before = (await read(database)).revision("x")
    value = {"username": "ada", "email": "ada@example.net", "role": "administrator", "status": "closed"}[field]
    await database.write(
        lambda connection: row_writes.edit(connection, USERS, row.key, {field: value}, version=None, by="tests")
    )
    assert (await read(database)).revision("x") != before


def test_whatever_a_reader_would_see_differ_is_part_of_the_revision() -> None:
    pages = [
        made_page({1: 0, 2: 0}),
        made_page({2: 0, 1: 0}),
        made_page({1: 0, 2: 1}),
        made_page({1: 0}),
        made_page({1: 0, 2: 0}, total=3),
        made_page({12: 0}),
        made_page({}),
    ]
    assert len({page.revision(seed) for page in pages for seed in ("users/en", "users/de")}) == 2 * len(pages)


@pytest.mark.parametrize(
    ("number", "total", "links"),
    [
        (1, 10, [1]),
        (1, 500, [1, 2, 3, None, 10]),
        (5, 500, [1, None, 3, 4, 5, 6, 7, None, 10]),
        (4, 250, [1, 2, 3, 4, 5]),
        (10, 500, [1, None, 8, 9, 10]),
    ],
)
def test_the_pager_offers_the_ends_and_what_is_near(number: int, total: int, links: list[int | None]) -> None:
    assert made_page({1: 0}, total, number=number).links == links


async def test_rows_and_total_are_of_one_moment(database: Database, settings: Settings) -> None:
    await fill(database, 3)
    async with database.read() as connection:
        await connection.execute(text("SELECT 1 FROM users"))
        await make_user(database, "Ada")
        page = await read_page(connection, USERS, Listing())
    assert (len(page.rows), page.total) == (3, 3)
    assert (await read(database)).total == 4, "this proves nothing unless the table did change"


async def test_a_row_that_is_not_there_is_none(database: Database) -> None:
    async with database.read() as connection:
        assert await read_row(connection, USERS, Key((1,))) is None
