"""Idempotency: what is asked for twice is done once and told twice, whichever processes are asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from rowcast.config import Settings
from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.history import Change
from rowcast.tables.idempotency import KEPT, IdempotencyKey, KeyReused, RequestKey, Written, once
from rowcast.tables.key import Key
from rowcast.tables.row_writes import ValueTaken
from rowcast.users import USERS, User
from tests.conftest import make_user
from tests.routes.asking import ADA

KEY = RequestKey("one", "what is asked", is_shown=False)
FORM = RequestKey("one", "what is asked", is_shown=True)


async def create(database: Database, asked: RequestKey | None = KEY, fields: dict[str, str] = ADA) -> Written:
    def unit(connection: Connection) -> Written:
        return once(connection, USERS, asked, write(connection))

    def write(connection: Connection) -> Any:
        return lambda: Written.of("create", row_writes.create(connection, USERS, fields, by="tests"))

    return await database.write(unit)


async def delete(database: Database, key: Key, asked: RequestKey) -> Written:
    def unit(connection: Connection) -> Written:
        return once(connection, USERS, asked, write(connection))

    def write(connection: Connection) -> Any:
        return lambda: Written.of("delete", row_writes.delete(connection, USERS, key, version=None, by="tests"))

    return await database.write(unit)


async def counts(database: Database) -> tuple[int, ...]:
    """Return how many users, changes and keys there are."""
    async with database.read() as connection:
        asked = [select(func.count()).select_from(one) for one in (User, Change, IdempotencyKey)]
        return tuple([(await connection.execute(one)).scalar_one() for one in asked])


async def test_the_second_time_nothing_is_done_and_the_same_is_told(database: Database) -> None:
    first = await create(database)
    assert await create(database) == first
    assert (first.verb, first.key, first.row["username"]) == ("create", "1", "Ada")
    assert await counts(database) == (1, 1, 1)


async def test_without_a_key_the_second_is_a_request_like_any_other(database: Database) -> None:
    await create(database, None)
    with pytest.raises(ValueTaken):
        await create(database, None)
    assert await counts(database) == (1, 1, 0)


async def test_of_many_that_come_at_once_to_many_nodes_one_does_the_work_and_all_tell_it(settings: Settings) -> None:
    nodes = [Database(settings.database) for _ in range(3)]
    told = await asyncio.gather(*(create(node) for _ in range(4) for node in nodes))
    assert all(one == told[0] for one in told)
    assert await counts(nodes[0]) == (1, 1, 1)
    key = RequestKey("two", "", is_shown=True)
    gone = await asyncio.gather(*(delete(node, Key([1]), key) for _ in range(4) for node in nodes))
    assert all(one == gone[0] for one in gone)
    assert await counts(nodes[0]) == (0, 2, 2)
    for node in nodes:
        await node.close()


async def test_a_request_that_was_refused_is_looked_at_anew(database: Database) -> None:
    taken = await make_user(database, "Ada", email="else@example.org")
    with pytest.raises(ValueTaken):
        await create(database)
    await database.write(lambda c: row_writes.delete(c, USERS, taken.key, version=None, by="tests"))
    assert (await create(database)).key == "2"


async def test_a_key_that_was_sent_with_another_request_is_refused(database: Database) -> None:
    await create(database)
    with pytest.raises(KeyReused):
        await create(database, RequestKey("one", "something else", is_shown=False))
    assert await counts(database) == (1, 1, 1)


async def test_a_person_is_not_told_what_is_no_longer_so(database: Database) -> None:
    first = await create(database, FORM)
    await delete(database, Key([1]), RequestKey("two", "", is_shown=True))
    second = await create(database, FORM)
    assert (first.key, second.key) == ("1", "2")
    assert await create(database, FORM) == second


async def test_a_program_is_told_the_same_whatever_became_of_it(database: Database) -> None:
    first = await create(database)
    await delete(database, Key([1]), RequestKey("two", "", is_shown=True))
    assert await create(database) == first
    assert (await counts(database))[0] == 0


async def test_keys_are_forgotten_after_a_day(database: Database) -> None:
    await create(database)
    past = datetime.now(UTC) - KEPT - timedelta(minutes=1)
    await database.write(lambda connection: connection.execute(update(IdempotencyKey).values(at=past)))
    await create(database, RequestKey("two", "", is_shown=False), ADA | {"username": "Eve", "email": "eve@example.org"})
    assert await counts(database) == (2, 2, 1)
