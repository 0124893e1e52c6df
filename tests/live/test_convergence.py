"""The promise: once edits stop, every open page equals a fresh one, whatever happened to its connection before."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tests.live.pages import NAMES
from tests.live.reader import Reader, World
from webapp.tables import writing
from webapp.tables.listing import parse
from webapp.tables.writing import Missing, Taken
from webapp.users import USERS

LISTINGS = [
    {},
    {"sort": "-username", "size": "25"},
    {"sort": "role"},
    {"sort": "-status", "page": "2", "size": "25"},
    {"sort": "-changed", "size": "25"},
    {"sort": "changed", "page": "99", "size": "25"},
    {"role": "administrator", "sort": "-email"},
    {"status": "closed", "sort": "status"},
    {"q": "7", "role": "member"},
    {"q": "<img"},
    {"page": "3", "size": "25"},
]
HISTORIES = 16  # at a time
ROUNDS = 8
CONVERGED = 10.0  # seconds, on a machine that is busy with other things
FILL = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO users (username, email, role, status)
    SELECT 'user ' || (i * 37 % 101), 'u' || i || '@example.org', iif(i % 5, 'member', 'administrator'),
           iif(i % 4, 'active', 'closed') FROM n
"""


async def change(world: World, dice: random.Random) -> None:
    """Make one change of any kind, by the program or past it."""
    id = dice.randint(1, 90)
    role, status = dice.choice(["administrator", "member"]), dice.choice(["active", "closed"])
    name = f"{dice.choice(NAMES)} {dice.randint(1, 40)}".replace("\r", " ")
    fields = {"username": name, "email": f"x{dice.randint(1, 60)}@example.org", "role": role, "status": status}

    async def unit(session: AsyncSession) -> None:
        try:
            match dice.randint(0, 9):
                case 0 | 1 | 2:
                    await writing.create(session, USERS, fields, by="tests")
                case 3:
                    await writing.delete(session, USERS, id, version=None, by="tests")
                case 4 | 5:
                    await writing.edit(session, USERS, id, {"username": name}, version=None, by="tests")
                case _:
                    await writing.edit(session, USERS, id, {"role": role, "status": status}, version=None, by="tests")
        except (Taken, Missing):
            await session.rollback()

    match dice.randint(0, 11):
        case 0:
            world.execute("UPDATE users SET status = ? WHERE id % 7 = ?", status, dice.randint(0, 6))
        case 1:
            world.execute("DELETE FROM users WHERE id BETWEEN ? AND ?", id, id + dice.choice([0, 3, 30]))
        case 2:
            world.execute("INSERT INTO users (username, email) VALUES (?, ?)", f"a\rid: {id}\r\r", f"{id}@example.org")
        case 3:
            world.execute("UPDATE users SET username = ? WHERE id = ?", f"</tr><tr id=user-1>{id}", id)
        case _:
            await world.database.write(unit)
            if dice.random() < 0.7:
                world.signal.committed()  # else the poll finds it


async def disturb(reader: Reader, dice: random.Random) -> None:
    """Let something happen to a reader."""
    if not reader.is_connected:
        junk = [None, None, None, None, "", "junk", "x" * 10_000, dice.choice(list(reader.world.shown) or ["none"])]
        have = dice.choice(junk)
        # A position that is not the window's own and yet is known would be a lie of the client's, not ours.
        await reader.connect(have if have not in reader.world.shown else None)
        return
    match dice.randint(0, 5):
        case 0:
            reader.disconnect()
        case 1:
            reader.wire.is_cut = True
        case 2:
            await reader.open()
        case 3:
            reader.lag(True)
        case 4:
            reader.lag(False)


async def history(file: Path, seed: int) -> Counter[str]:
    """Let things happen, then let them settle, and compare; return the frames that were made, by kind."""
    dice = random.Random(seed)
    world = World(file)
    world.execute(FILL, dice.choice([0, 20, 60, 80]))
    await world.start()
    asked = dice.sample(LISTINGS, 3)
    readers = [Reader(world, parse(USERS, query.items())[0]) for query in [*asked, asked[0]]]
    for reader in readers:
        await reader.open()
    for _ in range(ROUNDS):
        for _ in range(dice.randint(0, 3)):
            await change(world, dice)
        for reader in dice.sample(readers, 2):
            await disturb(reader, dice)
        await asyncio.sleep(dice.choice([0, 0.002, 0.03]))
        for reader in readers:
            reader.check()
    for reader in readers:
        if reader.wire.is_cut:
            reader.disconnect()
        if not reader.is_connected:
            await reader.connect()
        reader.lag(False)
    await settle(readers)
    frames = world.frames
    await world.stop()
    return frames


async def settle(readers: list[Reader]) -> None:
    """Wait until every reader shows what a fresh page shows, and see that it stays so."""
    async with asyncio.timeout(CONVERGED):
        for reader in readers:
            fresh, revision = await reader.world.fresh(reader.key)
            while reader.wire.last_id != revision:  # noqa: ASYNC110 -- the frame is on its way
                await asyncio.sleep(0.01)
            assert reader.screen.state == fresh.state
    sent = [len(reader.wire.frames) for reader in readers]
    await asyncio.sleep(0.06)
    assert sent == [len(reader.wire.frames) for reader in readers], "nothing changes, so nothing is sent"


@pytest.mark.parametrize("seed", range(0, 4 * HISTORIES, HISTORIES))
async def test_every_page_converges_whatever_happened(seed: int, migrated: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.db" for number in range(seed, seed + HISTORIES)]
    for file in files:
        shutil.copy(migrated, file)
    histories = [history(file, seed + number) for number, file in enumerate(files)]
    frames = sum(await asyncio.gather(*histories), Counter())
    # This proves little unless differences did most of the work.
    assert frames["incremental"] > 3 * HISTORIES
    assert frames["resuming"] > HISTORIES / 2
    assert frames["incremental"] > frames["replacing"]
