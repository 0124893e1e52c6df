"""Subscriber: it holds no queue, lives so long and no longer, and drops a reader that takes nothing."""

from __future__ import annotations

import asyncio

import pytest

from tests.live.wire import MemoryWire
from webapp.live.frames import frame
from webapp.live.subscriber import Subscriber

FRAME = frame("r", "x")


def subscriber(life: float = 60, stall: float = 60) -> tuple[Subscriber, MemoryWire]:
    wire = MemoryWire()
    return Subscriber(wire, life=life, stall=stall), wire


async def over(reader: Subscriber) -> None:
    heard = asyncio.Event()
    reader.left = heard.set
    await heard.wait()


async def test_a_stream_ends_after_80_to_100_percent_of_its_life_and_not_all_at_once() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    async def age() -> float:
        await over(subscriber(life=0.5)[0])
        return loop.time() - started

    ages = sorted(await asyncio.gather(*(age() for _ in range(100))))
    assert ages[0] >= 0.4
    assert ages[-1] < 0.6
    assert ages[-1] - ages[0] > 0.05


async def test_a_reader_that_takes_nothing_is_dropped() -> None:
    reader, wire = subscriber(stall=0.05)
    wire.hold(reader)
    await asyncio.wait_for(over(reader), 1)
    assert wire.is_aborted


async def test_a_reader_that_drains_in_time_is_kept() -> None:
    reader, wire = subscriber(stall=0.05)
    for _ in range(4):
        wire.hold(reader)
        await asyncio.sleep(0.025)
        wire.drain(reader)
    await asyncio.sleep(0.1)
    assert not reader.reason
    assert not wire.is_aborted


async def test_the_time_to_drain_is_counted_from_the_first_moment() -> None:
    reader, wire = subscriber(stall=0.1)
    wire.hold(reader)
    await asyncio.sleep(0.07)
    reader.filled()
    await asyncio.wait_for(over(reader), 0.07)


@pytest.mark.parametrize("lags", [False, True], ids=["one that listens", "one that lags"])
async def test_the_end_is_clean_only_for_a_reader_that_would_see_it(lags: bool) -> None:
    reader, wire = subscriber()
    if lags:
        wire.hold(reader)
    reader.end("life")
    assert reader.reason
    assert wire.is_aborted == lags
    assert wire.is_ended != lags
    assert reader.reason == "life"


async def test_after_the_end_nothing_more_happens_to_the_connection() -> None:
    reader, wire = subscriber(life=0.05, stall=0.02)
    wire.hold(reader)
    reader.closed()
    await asyncio.sleep(0.1)
    assert not wire.is_aborted


async def test_what_a_reader_cannot_take_is_not_kept_for_it() -> None:
    reader, wire = subscriber()
    reader.push(FRAME)
    wire.hold(reader)
    for _ in range(1000):
        reader.push(frame("s", "y"))
    assert reader.is_behind
    assert reader.revision == "r", "its position is that of what was written"
    assert wire.frames == [FRAME]


async def test_no_two_readers_have_the_same_token() -> None:
    assert len({subscriber()[0].token for _ in range(100)}) == 100
