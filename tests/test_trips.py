"""SQLite's connections: the rows are those of the driver, however many, and come in one trip to its thread."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from webapp.database.trips import FIRST, Connection, connect

pytestmark = pytest.mark.only("sqlite")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    file = tmp_path / "numbers.db"
    with sqlite3.connect(file) as filled:
        filled.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
        filled.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(3 * FIRST)])
    filled.close()
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", connect_args={"async_creator_fn": connect})
    yield engine
    await engine.dispose()


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of the thread."""
    made: list[Any] = []
    execute = Connection._execute

    async def counted(self: Connection, work: Any, *args: Any, **options: Any) -> Any:
        made.append(work)
        return await execute(self, work, *args, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(Connection, "_execute", counted)
    return made


@pytest.mark.parametrize("count", [0, 1, FIRST - 1, FIRST, FIRST + 1, 3 * FIRST])
async def test_all_rows_come_in_their_order(engine: AsyncEngine, count: int) -> None:
    query = text(f"SELECT n FROM numbers ORDER BY n LIMIT {count}")
    async with engine.connect() as connection:
        assert list((await connection.execute(query)).scalars()) == list(range(count))
        for size in (1, FIRST - 1, FIRST, FIRST + 1):
            async with connection.stream(query, execution_options={"yield_per": size}) as found:
                parts = [list(part) async for part in found.scalars().partitions()]
            assert [n for part in parts for n in part] == list(range(count))
            assert all(len(part) == size for part in parts[:-1])


async def test_a_statement_is_one_trip(engine: AsyncEngine, trips: list[Any]) -> None:
    async with engine.connect() as connection:
        trips.clear()
        (await connection.execute(text("SELECT n FROM numbers WHERE n < 100"))).all()
        assert len(trips) == 1


async def test_writes_are_kept_and_told_of(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        added = await connection.execute(text("INSERT INTO numbers VALUES (-1), (-2)"))
        assert added.rowcount == 2
        many = [{"n": n} for n in range(-10, -5)]
        await connection.execute(text("INSERT INTO numbers VALUES (:n)"), many)
    connection = await engine.connect()
    await connection.execute(text("DELETE FROM numbers"))
    with pytest.raises(IntegrityError):
        await connection.execute(text("INSERT INTO numbers VALUES (1), (1)"))
    await connection.close()
    async with engine.connect() as connection:
        count = (await connection.execute(text("SELECT count(*) FROM numbers"))).scalar_one()
    assert count == 3 * FIRST + 7, "the second was rolled back"
