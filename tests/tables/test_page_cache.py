"""PageCache that are kept: never one that is not what the database holds, whoever wrote it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text

from rowcast.database import Database, Unusable
from rowcast.tables import page_cache, row_writes
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row, page_of
from rowcast.tables.page_cache import PageCache
from rowcast.users import USERS
from tests.conftest import make_user
from tests.tables.reading import read_page, read_row

LISTINGS = [Listing(), Listing(size=25, page=2), Listing(q="ada"), Listing(sort="-email"), Listing(page=9)]
RENAME = "UPDATE users SET username = :name, username_key = lower(:name), version = version + 1 WHERE id = :id"


async def truth(database: Database, listing: Listing) -> Page:
    async with database.read() as connection:
        return await read_page(connection, USERS, listing)


async def one(database: Database, key: Key) -> Row | None:
    async with database.read() as connection:
        return await read_row(connection, USERS, key)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Listing]:
    """The listings that were read."""
    found: list[Listing] = []
    read = page_of

    def counted(connection: Any, table: Any, listing: Listing) -> Page:
        found.append(listing)
        return read(connection, table, listing)

    monkeypatch.setattr(page_cache, "page_of", counted)
    return found


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("seed", range(3))
async def test_a_page_is_what_the_database_holds_whatever_was_committed_before(
    database: Database, seed: int, reads: list[Listing]
) -> None:
    """By other programs, by this one, not at all, or rolled back; many ask at once."""
    dice, kept = random.Random(seed), PageCache(database, kept=4)
    for number in range(30):
        await make_user(database, f"Ada {number}", email=f"a{number}@b.cd")
    other = sqlite3.connect(database.file, isolation_level=None, timeout=5)

    def rename() -> None:
        name = {"name": f"Ada {dice.random()}", "id": dice.randint(1, 30)}
        other.execute("BEGIN IMMEDIATE")
        other.execute(RENAME, name)
        other.execute(dice.choice(["COMMIT", "COMMIT", "ROLLBACK"]))

    def delete_and_restore() -> None:
        for statement in ("DELETE FROM users", "INSERT INTO users SELECT * FROM saved"):
            other.execute(statement)
        other.execute("DROP TABLE saved")

    async def change() -> None:
        verb = dice.randrange(6)
        if verb == 0:
            key, name = Key((dice.randint(1, 30),)), {"username": f"B {dice.random()}"}
            await database.write(lambda s: row_writes.edit(s, USERS, key, name, version=None, by="tests"))
        elif verb == 1:
            other.execute("CREATE TABLE saved AS SELECT * FROM users")
            delete_and_restore()
        elif verb == 2:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        elif verb < 5:
            rename()

    asked = 0
    for _ in range(100):
        await change()
        listings = dice.choices(LISTINGS, k=dice.randint(1, 6))
        asked += len(listings)
        for page, listing in zip(
            await asyncio.gather(*(kept.read(USERS, listing) for listing in listings)), listings, strict=True
        ):
            now = await truth(database, listing)
            assert replace(page, read_at=now.read_at) == now
        key = Key((dice.randint(1, 30),))
        assert (await kept.row(USERS, key))[0] == await one(database, key)
    other.close()
    assert 70 < len(reads) < asked * 0.8, "this proves nothing unless some were read, and some were kept"


@pytest.mark.only("sqlite")
async def test_a_write_that_meets_a_read_is_in_the_next_page(database: Database, reads: list[Listing]) -> None:
    """A page that is being read while another program commits is not kept for those who ask after the commit."""
    ada = (await make_user(database, "Ada")).values["id"]
    other = sqlite3.connect(database.file, isolation_level=None, timeout=5)
    for number in range(100):
        kept = PageCache(database)
        under_way = asyncio.create_task(kept.read(USERS, Listing()))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        other.execute(RENAME, {"name": f"Ada {number}", "id": ada})
        page = await kept.read(USERS, Listing())
        assert page.rows[0].values["username"] == f"Ada {number}"
        await under_way
    other.close()
    assert len(reads) > 150, "this proves nothing unless a read was under way, and there was another"


@pytest.mark.only("sqlite")
async def test_a_page_is_read_once_for_all_who_ask_at_once_and_not_again(
    database: Database, reads: list[Listing]
) -> None:
    kept = PageCache(database)
    await make_user(database, "Ada")
    found = await asyncio.gather(*(kept.read(USERS, Listing()) for _ in range(20)))
    assert all(page is found[0] for page in found)
    assert await kept.read(USERS, Listing()) is found[0]
    assert reads == [Listing()]


@pytest.mark.only("sqlite")
async def test_who_leaves_takes_the_page_from_nobody(database: Database, reads: list[Listing]) -> None:
    kept = PageCache(database)
    first, second = (asyncio.create_task(kept.read(USERS, Listing())) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).total == 0
    assert len(reads) == 1


@pytest.mark.only("sqlite")
async def test_only_so_many_are_kept(database: Database, reads: list[Listing]) -> None:
    kept = PageCache(database, kept=2)
    for page in (1, 2, 3, 3, 2, 1):
        await kept.read(USERS, Listing(page=page))
    assert [listing.page for listing in reads] == [1, 2, 3, 1]


@pytest.mark.only("sqlite")
async def test_a_read_that_fails_is_not_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = PageCache(database)
    with monkeypatch.context() as patch:
        patch.setattr(page_cache, "page_of", _fail)
        for _ in range(2):
            with pytest.raises(Unusable):
                await kept.read(USERS, Listing())
    assert (await kept.read(USERS, Listing())).total == 0


def _fail(connection: Any, _table: Any, _listing: Any) -> Page:
    connection.execute(text("SELECT no_such_function()"))
    raise AssertionError


@pytest.mark.parametrize("how", ["it cannot be looked at", "there is no version"])
async def test_what_cannot_be_looked_at_is_read(
    database: Database, reads: list[Listing], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    kept = PageCache(database)
    if how == "it cannot be looked at":
        monkeypatch.setattr(database, "version", _none)
    elif database.version() is not None:
        return  # SQLite has one
    for name in ("Ada", "Bob"):
        await make_user(database, name)
        assert [row.values["username"] for row in (await kept.read(USERS, Listing())).rows][-1] == name
    await kept.read(USERS, Listing())
    assert len(reads) == 3


def _none() -> None:
    return None


@pytest.mark.only("sqlite")
async def test_a_version_after_a_failed_look_is_another(database: Database) -> None:
    """A new connection counts from anywhere, so its numbers may be those of the old one."""
    before = database.version()
    assert before == database.version()
    database.kind._watch.close()  # type: ignore[union-attr]
    assert database.version() != before


@pytest.mark.only("sqlite")
async def test_all_that_a_page_needs_is_read_in_one_transaction_of_one_thread(database: Database) -> None:
    await make_user(database, "Ada")
    said: list[str] = []
    engine = database.kind._engine  # type: ignore[union-attr]
    event.listen(engine, "before_cursor_execute", lambda *told: said.append(told[2].split()[0]))
    await PageCache(database).read(USERS, Listing(q="ada"))
    assert said[0] == "BEGIN"
    assert said[1:] == ["SELECT"] * 3
