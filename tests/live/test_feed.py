"""Feed: every reader is led from what it shows to what there is, by as few frames as the changes allow."""

from __future__ import annotations

import asyncio

import pytest

from tests.live.pages import BASIS, RENDERER, state
from tests.live.source import Source, connect, targets, until
from tests.model import parts
from webapp.live.encoders import Parts
from webapp.live.feed import LONGEST, RETRY, THROTTLE, Feed
from webapp.tables.touching import Touch


async def test_the_greeting_says_who_where_and_when_to_come_back(feed: Feed, source: Source) -> None:
    subscriber, wire = connect(feed, source)
    (greeting,) = wire.events
    assert (greeting.id, greeting.retry) == (source.revision, RETRY)
    assert targets(wire, 0) == ["log", "beat"]
    assert subscriber.token in greeting.data


async def test_all_readers_of_a_change_get_the_same_bytes(feed: Feed, source: Source) -> None:
    wires = [connect(feed, source)[1] for _ in range(3)]
    source.rows[40] = 0
    feed.touch()
    await until(lambda: all(len(wire.frames) == 2 for wire in wires))
    assert len({id(wire.frames[1]) for wire in wires}) == 1
    assert all(wire.screen and wire.screen.state == source.screen.state for wire in wires)
    assert feed.meters.frames["incremental"] == 1


async def test_where_nothing_differs_nothing_is_sent(feed: Feed, source: Source) -> None:
    _, wire = connect(feed, source)
    feed.touch()
    await until(lambda: source.reads == 2)
    await asyncio.sleep(2 * THROTTLE)
    assert len(wire.frames) == 1


async def test_the_first_change_goes_out_at_once_and_more_of_them_together(feed: Feed, source: Source) -> None:
    _, wire = connect(feed, source)
    await asyncio.sleep(2 * THROTTLE)
    started = asyncio.get_running_loop().time()
    source.rows[1] += 1
    feed.touch()
    await until(lambda: len(wire.frames) == 2)
    assert asyncio.get_running_loop().time() - started < THROTTLE
    for _ in range(100):
        source.rows[1] += 1
        feed.touch()
        await asyncio.sleep(0.002)
    took = asyncio.get_running_loop().time() - started
    assert 2 < len(wire.frames) <= 3 + took / THROTTLE, "throttled, not debounced"
    await until(lambda: wire.last_id == source.revision)
    assert wire.screen
    assert wire.screen.state == source.screen.state


async def test_the_longer_a_burst_lasts_the_more_of_it_goes_into_one_frame(feed: Feed, source: Source) -> None:
    _, wire = connect(feed, source)
    loop = asyncio.get_running_loop()

    async def burst(seconds: float) -> int:
        before, until_then = len(wire.frames), loop.time() + seconds
        while loop.time() < until_then:
            source.rows[1] += 1
            feed.touch()
            await asyncio.sleep(0.002)
        return len(wire.frames) - before

    await burst(4 * LONGEST)
    assert await burst(8 * LONGEST) <= 9, "every 100 ms, no longer every 25"
    await until(lambda: wire.last_id == source.revision)
    await asyncio.sleep(2 * LONGEST)  # it is quiet again
    source.rows[1] += 1
    feed.touch()
    await until(lambda: wire.last_id == source.revision)
    await asyncio.sleep(2 * THROTTLE)
    assert await burst(3 * THROTTLE) >= 2, "the next burst begins as quickly as the first"


async def test_a_change_while_the_page_is_read_is_not_lost(feed: Feed, source: Source) -> None:
    _, wire = connect(feed, source)
    source.open.clear()
    source.rows[1] = 1
    feed.touch()
    await until(lambda: source.under_way)
    source.rows[1] = 2  # the read has looked already
    feed.touch()
    source.open.set()
    await until(lambda: wire.last_id == source.revision)
    assert [event.id for event in wire.events][-1] == source.revision
    assert len(wire.events) == 3, "this proves nothing unless the first read missed the second change"


ELSEWHERE = [Touch(None, None), Touch(state(50), state(50, role="administrator"))]


async def test_a_change_that_cannot_touch_the_page_is_no_reason_to_read_it(feed: Feed, source: Source) -> None:
    _, wire = connect(feed, source)
    feed.touch(ELSEWHERE)
    feed.touch([])
    await asyncio.sleep(2 * THROTTLE)
    assert (source.reads, feed.meters.spared) == (1, 2)
    source.rows[5] = 1
    feed.touch([*ELSEWHERE, Touch(state(5), state(5))])
    await until(lambda: wire.last_id == source.revision)
    assert (source.reads, feed.meters.spared) == (2, 2)


async def test_any_change_counts_while_the_page_is_read_or_is_to_be_read_again(feed: Feed, source: Source) -> None:
    source.open.clear()
    feed.touch()
    await until(lambda: source.under_way)
    feed.touch(ELSEWHERE)
    source.open.set()
    await until(lambda: source.reads == 3)
    source.is_failing = True
    feed.touch()
    await until(lambda: source.reads == 4)
    await asyncio.sleep(0)
    feed.touch(ELSEWHERE)
    assert feed.meters.spared == 0


async def test_a_row_that_fills_room_is_no_news_if_the_page_was_true_after_it_was_written(
    feed: Feed, source: Source
) -> None:
    _, wire = connect(feed, source)
    for made, is_news in ((40, True), (41, False)):
        source.rows = {id: 0 for id in source.rows if id != made - 39} | {made: 0}
        feed.touch()
        await until(lambda: wire.last_id == source.revision)
        assert ("data-changed" in wire.events[-1].data) == is_news
        feed.touch(ELSEWHERE)  # heard long after the row was written, and so was the page true then


async def test_a_reader_that_lags_gets_one_frame_when_it_drains(feed: Feed, source: Source) -> None:
    subscriber, slow = connect(feed, source)
    _, quick = connect(feed, source)
    slow.hold(subscriber)
    for edition in range(1, 5):
        source.rows[edition] = edition
        feed.touch()
        await until(lambda: quick.last_id == source.revision)
    assert len(slow.frames) == 1
    slow.drain(subscriber)
    assert len(slow.frames) == 2
    assert slow.last_id == quick.last_id == source.revision
    assert slow.screen
    assert slow.screen.state == source.screen.state
    assert feed.meters.frames["resuming"] == 1


async def test_a_reader_that_lags_while_nothing_changes_gets_nothing_when_it_drains(feed: Feed, source: Source) -> None:
    subscriber, wire = connect(feed, source)
    wire.hold(subscriber)
    wire.drain(subscriber)
    assert len(wire.frames) == 1


async def test_the_heartbeat_carries_the_id_and_looks_for_changes_that_nobody_told(source: Source) -> None:
    feed = Feed(source.read, Parts(RENDERER), BASIS, heartbeat=0.05, remembered=32)
    await feed.start()
    _, wire = connect(feed, source)
    source.rows[1] = 1
    await until(lambda: len(wire.events) >= 3)
    feed.stop()
    assert targets(wire, 1) == ["user-1", "notice-user-1", "summary"]
    (beat,) = parts(wire.events[2].data)
    assert (beat.target, beat.swap) == ("beat", "outerHTML")
    assert 'id="beat"' in beat.content
    assert wire.events[2].id == source.revision


async def test_a_database_that_fails_keeps_its_readers_and_catches_them_up(
    feed: Feed, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber, wire = connect(feed, source)
    source.is_failing = True
    source.rows[1] = 1
    feed.touch()
    await until(lambda: "cannot be refreshed" in caplog.text)
    source.is_failing = False
    await until(lambda: wire.last_id == source.revision)
    assert not subscriber.reason
    assert wire.screen
    assert wire.screen.state == source.screen.state


async def test_nothing_personal_is_in_a_frame_that_readers_share(feed: Feed, source: Source) -> None:
    readers = [connect(feed, source) for _ in range(2)]
    source.rows[1] = 1
    feed.touch()
    await until(lambda: all(wire.last_id == source.revision for _, wire in readers))
    for subscriber, _ in readers:
        told = [frame for _, wire in readers for frame in wire.frames if subscriber.token.encode() in frame.data]
        assert len(told) == 1, "the token is in its own reader's greeting and nowhere else"


async def test_the_round_trip_is_told_to_the_reader_that_answered_alone(feed: Feed, source: Source) -> None:
    subscriber, wire = connect(feed, source)
    _, other = connect(feed, source)
    feed.confirm(subscriber)
    assert len(other.frames) == 1
    assert targets(wire, 1) == ["log"]
    assert wire.events[1].id == source.revision
    assert "ms" in wire.events[1].data


async def test_a_reader_that_left_gets_nothing_more(feed: Feed, source: Source) -> None:
    subscriber, wire = connect(feed, source)
    wire.hold(subscriber)
    source.rows[1] = 1
    feed.touch()
    await until(lambda: feed.revision == source.revision)
    feed.unsubscribe(subscriber)
    wire.drain(subscriber)
    assert len(wire.frames) == 1
