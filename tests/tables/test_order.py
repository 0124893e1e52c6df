"""The same rows in the same order on both databases: NULL, case, accents, ties, and what a search finds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.database import Database
from rowcast.i18n import Message
from rowcast.tables import row_writes
from rowcast.tables.listing import Listing
from rowcast.tables.model import VersionedModel
from rowcast.tables.table import Column, Table
from rowcast.users import USERS
from tests.postgres import Databases
from tests.tables.reading import read_page

NAMES = [
    "Ada", "ada b", "ADA C", "Äda", "A\u0308db", "àda", "zebra", "Zebra 2", "_under", "a_b", "100%", "100 %", "a\\b",
    "/slash", "a/b", "İstanbul", "Istanbul 2", "ıstanbul 3", "istanbul 4", "Straße", "STRASSE 2", "漢字", "かな",
    "ａｂ", "\U0001f389 party", "\U0001f469\u200d\U0001f680", "\uffee", "\U00010000", "힣", "o'neill", "O’Neill",
    "e\u0301clair", "éclair 2", "נעמה", "Σίσυφος", "-dash", "a-b", "a b", "ﬁsh", "fish 2",
]  # fmt: skip
SEARCHES = [
    "", "ada", "Ä", "%", "_", "\\", "/", "i", "İ", "ı", "ss", "ß", "漢", "\U0001f389", "'", "ς", "fi", "e\u0301",
    "nobody",
]  # fmt: skip
SORTS = [f"{sign}{column.name}" for column in USERS.columns for sign in ("", "-") if column.name != "changed"]


@pytest.fixture
def urls(migrated: Path, migrated_postgres: str, cluster: Databases, tmp_path: Path) -> list[str]:
    """Both databases, empty."""
    file = shutil.copy(migrated, tmp_path / "x.db")
    return [f"sqlite+aiosqlite:///{file}", cluster.url(cluster.create(migrated_postgres))]


async def test_the_same_rows_are_listed_in_the_same_order(urls: list[str]) -> None:
    sqlite, postgresql = [await listed(url) for url in urls]
    assert sqlite.keys() == postgresql.keys()
    for asked, ids in sqlite.items():
        assert ids == postgresql[asked], asked
    # This proves nothing unless the searches find some and not all, and unless there are ties.
    assert {0, 1, len(NAMES)} <= {len(ids) for ids in sqlite.values()}
    assert len({tuple(sqlite[sort, ""]) for sort in SORTS}) == len(SORTS)


async def listed(url: str) -> dict[tuple[str, str], list[int]]:
    """Add the users; return the ids by sort and search."""
    database = Database(url)
    for number, name in enumerate(NAMES):
        fields = {
            "username": name,
            "email": f"{'aZé'[number % 3]}{number}@example.org",
            "role": ("member", "administrator")[number % 2],
            "status": ("active", "closed")[number % 4 // 2],
        }
        await database.write(lambda connection, fields=fields: row_writes.create(connection, USERS, fields, by="tests"))  # type: ignore[misc]
    found = {}
    async with database.read() as connection:
        for sort in SORTS:
            for search in SEARCHES:
                page = await read_page(connection, USERS, Listing(q=search, sort=sort, size=100))
                found[sort, search] = [row.values["id"] for row in page.rows]
    await database.close()
    return found


class Note(VersionedModel):
    """A row with a column that may hold nothing."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str | None]


NOTES = Table(
    name="notes",
    row="note",
    title=Message("Notes"),
    model=Note,
    draft=BaseModel,
    sort="word",
    columns=(Column(name="word", label=Message("Word"), value=Note.word),),
    words={},
)
MADE = """
    CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT, version INTEGER, created TIMESTAMP, changed TIMESTAMP)
"""
FILLED = """
    INSERT INTO notes SELECT id, word, 1, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP
    FROM (SELECT 1 AS id, 'b' AS word UNION SELECT 2, NULL UNION SELECT 3, 'a' UNION SELECT 4, NULL UNION SELECT 5, '')
    AS words
"""


async def test_what_is_not_there_comes_first_and_backwards_last(urls: list[str]) -> None:
    for url in urls:
        database = Database(url)

        def unit(connection: Any) -> None:
            connection.execute(text(MADE))
            connection.execute(text(FILLED))

        await database.write(unit)
        for sort, ids in (("word", [2, 4, 5, 3, 1]), ("-word", [1, 3, 5, 4, 2])):
            async with database.read() as connection:
                assert [
                    row.values["id"] for row in (await read_page(connection, NOTES, Listing(sort=sort))).rows
                ] == ids
        await database.close()
