"""The promise: once edits stop, every open page equals a fresh one, whatever happened to its connection before.

A history is random by its seed, and so reproducible by it. Hypothesis could draw the same actions, but not shrink them:
threads and timers decide which write falls into which read, so a failure seldom comes back from fewer steps; and it
runs one example at a time, where here many are under way at once. What is pure is tested by Hypothesis, in
``test_steps.py`` and ``test_frames.py``; that these histories can fail, in ``test_mutations.py``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import pytest

from rowcast.live.feed_key import Format
from rowcast.tables import matching_rows
from tests.conftest import NewDatabase
from tests.live.history import PATIENCE, history, listing, settle
from tests.live.reader import Reader
from tests.live.skipping import run
from tests.live.tally import Tally
from tests.live.world import World
from tests.live.writes import Writer
from tests.model import Screen, parts

TOGETHER = 16  # histories at a time, so that one works while others wait
EACH = 80  # histories of one test
HISTORIES = 4 * EACH


@pytest.mark.only("sqlite")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "first", [pytest.param(first, marks=[pytest.mark.slow] if first else []) for first in range(0, HISTORIES, EACH)]
)
def test_every_page_converges_whatever_happened(first: int, new_database: NewDatabase, dialect: str) -> None:
    run(dialect, converge(first, new_database))


@pytest.mark.only("postgresql")
@pytest.mark.timeout(300)
def test_every_page_converges_on_postgresql_too(new_database: NewDatabase, dialect: str) -> None:
    run(dialect, converge(0, new_database))


@pytest.mark.slow
def test_every_copy_that_a_program_keeps_converges_too(new_database: NewDatabase, dialect: str) -> None:
    run(dialect, converge(0, new_database, form="json"))


def test_where_not_all_rows_are_counted(
    new_database: NewDatabase, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_rows, "COUNTED", 100)
    tally = run(dialect, happened(range(TOGETHER), new_database))
    assert tally.writes["bulk"] + tally.writes["past bulk"], "or there are too few to count"


async def converge(first: int, new_database: NewDatabase, *, form: Format = "html") -> None:
    tally = await happened(range(first, first + EACH), new_database, form)
    # This proves little unless differences did most of the work, and unless there was much to do.
    assert tally.histories == EACH
    assert tally.writes.total() > 8 * tally.histories, tally
    assert tally.faults.total() > 4 * tally.histories, tally
    # Nor of what feeds are spared, unless they were.
    assert tally.refreshes["spared"] > tally.refreshes["made"] / 3, tally
    assert tally.frames["incremental"] > 2 * tally.histories, tally
    assert tally.frames["resuming"] > tally.histories / 8, tally
    assert tally.frames["incremental"] + tally.frames["resuming"] > tally.frames["replacing"], tally


async def happened(seeds: Iterable[int], new_database: NewDatabase, form: Format = "html") -> Tally:
    """Let the histories of ``seeds`` happen, several at a time; return what happened in all."""
    tally, turn = Tally(), asyncio.Semaphore(TOGETHER)
    free = [new_database() for _ in range(TOGETHER)]

    async def one(seed: int) -> Tally:
        async with turn:
            url = free.pop()
            try:
                return await history(url, seed, form=form)
            finally:
                free.append(url if url.startswith("postgresql") else new_database())

    for end in await asyncio.gather(*map(one, seeds), return_exceptions=True):
        if isinstance(end, BaseException):
            raise end
        tally += end
    return tally


@pytest.mark.parametrize("seed", range(4))
async def test_after_a_release_every_reader_gets_one_frame_that_replaces_all(
    seed: int, new_database: NewDatabase
) -> None:
    dice = random.Random(seed)
    world = World(new_database())
    writer = Writer(world, dice)
    writer.fill(60)
    await world.start()
    readers = [Reader(world, listing(dice)) for _ in range(6)]
    for reader in readers:
        await reader.open()
        await reader.connect()
    await writer.edit()
    await settle(world, readers, PATIENCE)
    for reader in readers:
        reader.disconnect()
    await world.stop()
    world.edition += 1
    await world.start()
    for reader in readers:
        await reader.connect()
    await settle(world, readers, PATIENCE)
    for reader in readers:
        (event,) = reader.writer.events
        assert [part.target for part in parts(event.data)] == ["log", "beat", "users", "pager"]
        assert isinstance(reader.screen, Screen)
        assert ("release-1" in reader.screen.state[0]) == bool(reader.screen.ids)
    await world.stop()
