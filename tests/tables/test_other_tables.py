"""Tables whose key is text, or of two columns: listed, searched, written, remembered, and followed as users are."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

import pytest
from sqlalchemy import Connection

from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row
from rowcast.tables.page_dependency import PageDependency
from rowcast.tables.row_writes import RowNotFound, ValueTaken, VersionConflict
from rowcast.tables.table import Table
from tests.conftest import Outside
from tests.other_tables import KEYS, PARTS, TABLES, fields, statements
from tests.programs import REFUSED
from tests.tables.news import news
from tests.tables.reading import read_changes, read_page, read_row

pytestmark = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@pytest.fixture(autouse=True)
def set_up(table: Table, dialect: str, outside: Outside) -> None:
    """Set the table up."""
    for statement in statements(table, dialect):
        outside.execute(statement)


async def fill(database: Database, table: Table, keys: Iterable[Key]) -> None:
    """Add rows with these keys."""

    def unit(connection: Connection) -> None:
        for key in keys:
            assert row_writes.create(connection, table, fields(table, key), by="tests").key == key

    await database.write(unit)


async def edit(database: Database, table: Table, key: Key, version: int | None = None, **some: object) -> Row:
    return await database.write(
        lambda connection: row_writes.edit(connection, table, key, some, version=version, by="tests")
    )


async def read(database: Database, table: Table, listing: Listing) -> Page:
    async with database.read() as connection:
        return await read_page(connection, table, listing)


async def one(database: Database, table: Table, key: Key) -> Row | None:
    async with database.read() as connection:
        return await read_row(connection, table, key)


async def history(database: Database, table: Table, key: Key) -> list[tuple[str, object, object]]:
    async with database.read() as connection:
        return [(line.verb, line.before, line.after) for line in await read_changes(connection, table, key)]


async def test_each_row_is_found_by_its_key_and_no_other_is(database: Database, table: Table) -> None:
    await fill(database, table, KEYS[table])
    for key in KEYS[table]:
        row = await one(database, table, key)
        assert row is not None
        assert table.key_of(row.values) == row.key == table.key_type.parse(str(key)) == key
    gone = KEYS[table][::2]
    for key in gone:
        await database.write(lambda c, key=key: row_writes.delete(c, table, key, version=1, by="tests"))  # type: ignore[misc]
    for key in KEYS[table]:
        assert (await one(database, table, key) is None) == (key in gone)
        with pytest.raises(RowNotFound if key in gone else VersionConflict):
            await edit(database, table, key, version=9, name="another")


async def test_of_a_row_that_no_database_could_have_nothing_is_found(database: Database, table: Table) -> None:
    for first in ("\0", "a\0b"):
        key = Key((first, 3)[: len(table.key_names)])
        assert await one(database, table, key) is None
        with pytest.raises(RowNotFound):
            await edit(database, table, key, name="another")


async def test_rows_of_one_value_come_in_the_order_of_their_keys_and_page_by_page(
    database: Database, table: Table
) -> None:
    await fill(database, table, random.Random(3).sample(KEYS[table], len(KEYS[table])))
    for sort, backwards in (("status", False), ("-status", True)):
        found = [
            row.key
            for number in range(1, 9)
            for row in (await read(database, table, Listing(sort=sort, page=number, size=25))).rows
            if number <= -(-len(KEYS[table]) // 25)
        ]
        assert found == sorted(KEYS[table], reverse=backwards)
    narrowed = await read(database, table, Listing(filters=(("status", "active"),), size=100))
    assert narrowed.total == len(KEYS[table])
    assert [row.key for row in narrowed.rows] == sorted(KEYS[table])[:100]


async def test_a_search_finds_the_rows_with_the_text_however_many_there_are(database: Database, table: Table) -> None:
    await fill(database, table, KEYS[table])
    for key in KEYS[table][::9]:
        await edit(database, table, key, name="needle")
    wanted = sorted(KEYS[table][::9])
    for text in ("needle", "ne"):  # by the index of trigrams on SQLite, and without
        page = await read(database, table, Listing(q=text, size=100))
        assert [row.key for row in page.rows] == wanted
    await edit(database, table, wanted[0], name="straw")
    assert [row.key for row in (await read(database, table, Listing(q="needle", size=100))).rows] == wanted[1:]


async def test_the_history_of_a_row_is_its_own(database: Database, table: Table) -> None:
    await fill(database, table, KEYS[table])
    for place, key in enumerate(KEYS[table][::5]):
        await edit(database, table, key, name=f"name {place}")
    for place, key in enumerate(KEYS[table][::5]):
        assert await history(database, table, key) == [
            ("edit", {"name": "a name"}, {"name": f"name {place}"}),
            ("create", None, fields(table, key)),
        ]


async def test_a_row_whose_key_is_edited_goes_on_under_the_new_one(database: Database, table: Table) -> None:
    old, new, taken = KEYS[table][:3]
    await fill(database, table, (old, taken))
    some = {table.key_names[0]: new[0]}
    there = table.key_of({**dict(zip(table.key_names, old, strict=True)), **some})
    assert (await edit(database, table, old, 1, **some)).key == there
    assert await one(database, table, old) is None
    assert [verb for verb, *_ in await history(database, table, there)] == ["edit"]
    if table is PARTS:
        with pytest.raises(ValueTaken):
            await edit(database, table, there, sku=taken[0])


def statement(dice: random.Random, table: Table) -> tuple[str, list[object]]:
    """Return something that a program may do to the table."""
    some, other = (dice.choice(KEYS[table]) for _ in range(2))
    word, status = dice.choice(["ab", "abc", "xyz", "medium"]), dice.choice(["active", "closed"])
    names = ", ".join(table.key_names)
    this = " AND ".join(f"{name} = ?" for name in table.key_names)
    return dice.choice(
        [
            (
                f"INSERT INTO {table.name} ({names}, name, status) VALUES ({'?, ' * len(some)}?, ?)",
                [*some, word, status],
            ),
            (f"UPDATE {table.name} SET name = ?, version = version + 1 WHERE {this}", [word, *some]),
            (f"UPDATE {table.name} SET status = ?, version = version + 1 WHERE {this}", [status, *some]),
            (f"UPDATE {table.name} SET version = version + 1 WHERE {this}", [*some]),
            (f"UPDATE {table.name} SET {table.key_names[0]} = ? WHERE {this}", [other[0], *some]),
            (f"DELETE FROM {table.name} WHERE {this}", [*some]),
        ]
    )


@pytest.mark.slow
async def test_what_is_said_to_leave_a_page_as_it_is_leaves_it_so(
    database: Database, outside: Outside, table: Table
) -> None:
    dice = random.Random(1)
    await fill(database, table, dice.sample(KEYS[table], 45))
    listings = [
        Listing(q=q, sort=sort, filters=filters, page=page, size=25)
        for sort in ("", "-name", table.key_names[-1], f"-{table.key_names[0]}")
        for q, filters, page in (("", (), 1), ("", (), 2), ("ab", (), 1), ("", (("status", "active"),), 1))
    ]
    dependencies = {asked: PageDependency(table, asked) for asked in listings}
    now: dict[Listing, Page] = {}
    told = Counter[tuple[bool, bool]]()
    async with news(database, outside, table) as written_since:
        for _ in range(60):
            sql, values = statement(dice, table)
            with suppress(*REFUSED):
                outside.execute(sql, *values)
            changes = await written_since()
            assert changes is not None
            before, now = now, {asked: await read(database, table, asked) for asked in listings}
            for asked, page in before.items():
                may_change = dependencies[asked].may_change(page, changes)
                is_same = page.revision("") == now[asked].revision("")
                told[may_change, is_same] += 1
                assert may_change or is_same, f"{asked.query!r} is not what it was after {sql!r} {values!r}: {changes}"
    # This proves nothing unless pages changed, and many were rightly said not to.
    assert told[True, False] > 50, told
    assert told[False, True] > 200, told
