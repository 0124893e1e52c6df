"""History: who did what to which row, before and after, newest first."""

from __future__ import annotations

from typing import Any

from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.users import USERS
from tests.conftest import make_user
from tests.tables.reading import read_changes

ADA = {"username": "Ada", "email": "ada@example.org", "role": "member", "status": "active"}


async def changes(database: Database, key: Key, limit: int = 20) -> list[Any]:
    async with database.read() as connection:
        return await read_changes(connection, USERS, key, limit)


async def edit(database: Database, key: Key, **fields: Any) -> None:
    await database.write(lambda connection: row_writes.edit(connection, USERS, key, fields, version=None, by="Bob"))


async def test_each_verb_leaves_one_line_with_what_it_changed_and_nothing_else(database: Database) -> None:
    row = await make_user(database, "Ada")
    await edit(database, row.key, status="closed", role="member")
    await database.write(lambda connection: row_writes.delete(connection, USERS, row.key, version=None, by="Eve"))
    told = [(line.by, line.verb, line.before, line.after) for line in await changes(database, row.key)]
    assert told == [
        ("Eve", "delete", ADA | {"status": "closed"}, None),
        ("Bob", "edit", {"status": "active"}, {"status": "closed"}),
        ("tests", "create", None, ADA),
    ]


async def test_only_the_newest_lines_of_this_row_are_read(database: Database) -> None:
    ada, bob = await make_user(database, "Ada"), await make_user(database, "Bob")
    for status in ("closed", "active", "closed"):
        await edit(database, ada.key, status=status)
    assert [line.after for line in await changes(database, ada.key, 2)] == [{"status": "closed"}, {"status": "active"}]
    assert len(await changes(database, bob.key)) == 1


async def test_times_come_back_in_utc(database: Database) -> None:
    row = await make_user(database, "Ada")
    (line,) = await changes(database, row.key)
    assert line.at.utcoffset().total_seconds() == 0
    assert line.at >= row.values["created"]
