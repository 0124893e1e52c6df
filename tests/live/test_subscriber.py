"""Subscriber: it holds no queue, lives so long and no longer, and drops a reader that takes nothing."""

from __future__ import annotations

import asyncio

import pytest

from rowcast.live.frame import frame
from rowcast.live.subscriber import Subscriber
from tests.live.writer import MemoryWire

pytestmark = pytest.mark.clock

FRAME = frame("r", "x")


def subscriber(life: float = 60, stall: float = 60) -> tuple[Subscriber, MemoryWire]:
    writer = MemoryWire()
    return Subscriber(writer, life=life, stall=stall), writer


async def over(reader: Subscriber) -> None:
    heard = asyncio.Event()
    reader.left = heard.set
    await heard.wait()


async def test_a_stream_lives_80_to_100_percent_of_its_life_and_not_all_end_at_once() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    ends = sorted(subscriber(life=100)[0]._life.when() for _ in range(100))
    assert ends[0] - began >= 80
    assert ends[-1] - loop.time() <= 100
    assert ends[-1] - ends[0] > 10


async def test_a_stream_ends_cleanly_with_its_life() -> None:
    reader, writer = subscriber(life=0.05)
    await asyncio.wait_for(over(reader), 5)
    assert reader.reason == "life"
    assert writer.is_ended
    assert not writer.is_aborted


async def test_a_reader_that_takes_nothing_is_dropped() -> None:
    reader, writer = subscriber(stall=0.05)
    writer.hold(reader)
    await asyncio.wait_for(over(reader), 1)
    assert writer.is_aborted


async def test_a_reader_that_drains_in_time_is_kept() -> None:
    reader, writer = subscriber(stall=0.05)
    for _ in range(4):
        writer.hold(reader)
        writer.drain(reader)
    await asyncio.sleep(0.1)
    assert not reader.reason
    assert not writer.is_aborted


async def test_the_time_to_drain_is_counted_from_the_first_moment() -> None:
    reader, writer = subscriber()
    writer.hold(reader)
    timer = reader._stalled
    reader.filled()
    assert timer is not None
    assert reader._stalled is timer


@pytest.mark.parametrize("lags", [False, True], ids=["one that listens", "one that lags"])
async def test_the_end_is_clean_only_for_a_reader_that_would_see_it(lags: bool) -> None:
    reader, writer = subscriber()
    if lags:
        writer.hold(reader)
    reader.end("life")
    assert reader.reason
    assert writer.is_aborted == lags
    assert writer.is_ended != lags
    assert reader.reason == "life"


async def test_after_the_end_nothing_more_happens_to_the_connection() -> None:
    reader, writer = subscriber(life=0.05, stall=0.02)
    writer.hold(reader)
    reader.closed()
    await asyncio.sleep(0.1)
    assert not writer.is_aborted


async def test_what_a_reader_cannot_take_is_not_kept_for_it() -> None:
    reader, writer = subscriber()
    reader.push(FRAME)
    writer.hold(reader)
    for _ in range(1000):
        reader.push(frame("s", "y"))
    assert reader.is_behind
    assert reader.revision == "r", "its position is that of what was written"
    assert writer.frames == [FRAME]


async def test_no_two_readers_have_the_same_token() -> None:
    assert len({subscriber()[0].token for _ in range(100)}) == 100
