"""Feed: every reader is led from what it shows to what there is, by as few frames as the changes allow."""

from __future__ import annotations

import asyncio

import pytest

from rowcast.live.feed import LONGEST, RETRY, THROTTLE, Feed
from rowcast.live.html_encoder import HtmlEncoder
from rowcast.tables.row_change import RowChange
from rowcast.users import USERS
from tests.live.pages import DEPENDENCY, RENDERER, state
from tests.live.source import Source, connect, targets, until
from tests.model import parts

pytestmark = pytest.mark.clock


async def test_the_greeting_says_who_where_and_when_to_come_back(feed: Feed, source: Source) -> None:
    subscriber, writer = connect(feed, source)
    (greeting,) = writer.events
    assert (greeting.id, greeting.retry) == (source.revision, RETRY)
    assert targets(writer, 0) == ["log", "beat"]
    assert subscriber.token in greeting.data


async def test_all_readers_of_a_change_get_the_same_bytes(feed: Feed, source: Source) -> None:
    wires = [connect(feed, source)[1] for _ in range(3)]
    source.rows[40] = 0
    feed.invalidate()
    await until(lambda: all(len(writer.frames) == 2 for writer in wires))
    assert len({id(writer.frames[1]) for writer in wires}) == 1
    assert all(writer.screen and writer.screen.state == source.screen.state for writer in wires)
    assert feed.metrics.frames["incremental"] == 1


async def test_where_nothing_differs_nothing_is_sent(feed: Feed, source: Source) -> None:
    _, writer = connect(feed, source)
    feed.invalidate()
    await until(lambda: source.reads == 2)
    await asyncio.sleep(2 * THROTTLE)
    assert len(writer.frames) == 1


async def test_the_first_change_goes_out_at_once_and_more_of_them_together(feed: Feed, source: Source) -> None:
    _, writer = connect(feed, source)
    await asyncio.sleep(2 * THROTTLE)
    started = asyncio.get_running_loop().time()
    source.rows[1] += 1
    feed.invalidate()
    await until(lambda: len(writer.frames) == 2)
    assert asyncio.get_running_loop().time() - started < THROTTLE
    for _ in range(100):
        source.rows[1] += 1
        feed.invalidate()
        await asyncio.sleep(0.002)
    took = asyncio.get_running_loop().time() - started
    assert 2 < len(writer.frames) <= 3 + took / THROTTLE, "throttled, not debounced"
    await until(lambda: writer.last_id == source.revision)
    assert writer.screen
    assert writer.screen.state == source.screen.state


async def test_the_longer_a_burst_lasts_the_more_of_it_goes_into_one_frame(feed: Feed, source: Source) -> None:
    _, writer = connect(feed, source)
    loop = asyncio.get_running_loop()

    async def burst(seconds: float) -> int:
        before, until_then = len(writer.frames), loop.time() + seconds
        while loop.time() < until_then:
            source.rows[1] += 1
            feed.invalidate()
            await asyncio.sleep(0.002)
        return len(writer.frames) - before

    await burst(4 * LONGEST)
    assert await burst(8 * LONGEST) <= 9, "every 100 ms, no longer every 25"
    await until(lambda: writer.last_id == source.revision)
    await asyncio.sleep(2 * LONGEST)  # it is quiet again
    source.rows[1] += 1
    feed.invalidate()
    await until(lambda: writer.last_id == source.revision)
    await asyncio.sleep(2 * THROTTLE)
    assert await burst(3 * THROTTLE) >= 2, "the next burst begins as quickly as the first"


async def test_a_change_while_the_page_is_read_is_not_lost(feed: Feed, source: Source) -> None:
    _, writer = connect(feed, source)
    source.open.clear()
    source.rows[1] = 1
    feed.invalidate()
    await until(lambda: source.under_way)
    source.rows[1] = 2  # the read has looked already
    feed.invalidate()
    source.open.set()
    await until(lambda: writer.last_id == source.revision)
    assert [event.id for event in writer.events][-1] == source.revision
    assert len(writer.events) == 3, "this proves nothing unless the first read missed the second change"


ELSEWHERE = [
    RowChange(None, None, USERS.key_names),
    RowChange(state(50), state(50, role="administrator"), USERS.key_names),
]


async def test_a_change_that_cannot_touch_the_page_is_no_reason_to_read_it(feed: Feed, source: Source) -> None:
    _, writer = connect(feed, source)
    feed.invalidate(ELSEWHERE)
    feed.invalidate([])
    await asyncio.sleep(2 * THROTTLE)
    assert (source.reads, feed.metrics.spared) == (1, 2)
    source.rows[5] = 1
    feed.invalidate([*ELSEWHERE, RowChange(state(5), state(5), USERS.key_names)])
    await until(lambda: writer.last_id == source.revision)
    assert (source.reads, feed.metrics.spared) == (2, 2)


async def test_any_change_counts_while_the_page_is_read_or_is_to_be_read_again(feed: Feed, source: Source) -> None:
    connect(feed, source)
    source.open.clear()
    feed.invalidate()
    await until(lambda: source.under_way)
    feed.invalidate(ELSEWHERE)
    source.open.set()
    await until(lambda: source.reads == 3)
    source.is_failing = True
    feed.invalidate()
    await until(lambda: source.reads == 4)
    await asyncio.sleep(0)
    feed.invalidate(ELSEWHERE)
    assert feed.metrics.spared == 0


async def test_a_row_that_fills_room_is_no_news_if_the_page_was_true_after_it_was_written(
    feed: Feed, source: Source
) -> None:
    _, writer = connect(feed, source)
    for made, is_news in ((40, True), (41, False)):
        source.rows = {id: 0 for id in source.rows if id != made - 39} | {made: 0}
        feed.invalidate()
        await until(lambda: writer.last_id == source.revision)
        assert ("data-changed" in writer.events[-1].data) == is_news
        feed.invalidate(ELSEWHERE)  # heard long after the row was written, and so was the page true then


async def test_a_reader_that_lags_gets_one_frame_when_it_drains(feed: Feed, source: Source) -> None:
    subscriber, slow = connect(feed, source)
    _, quick = connect(feed, source)
    slow.hold(subscriber)
    for edition in range(1, 5):
        source.rows[edition] = edition
        feed.invalidate()
        await until(lambda: quick.last_id == source.revision)
    assert len(slow.frames) == 1
    slow.drain(subscriber)
    assert len(slow.frames) == 2
    assert slow.last_id == quick.last_id == source.revision
    assert slow.screen
    assert slow.screen.state == source.screen.state
    assert feed.metrics.frames["resuming"] == 1


async def test_a_reader_that_lags_while_nothing_changes_gets_nothing_when_it_drains(feed: Feed, source: Source) -> None:
    subscriber, writer = connect(feed, source)
    writer.hold(subscriber)
    writer.drain(subscriber)
    assert len(writer.frames) == 1


async def test_the_heartbeat_carries_the_id_and_looks_for_changes_that_nobody_told(source: Source) -> None:
    feed = Feed(source.read, HtmlEncoder(RENDERER), DEPENDENCY, heartbeat=0.05, remembered=32)
    await feed.start()
    _, writer = connect(feed, source)
    source.rows[1] = 1
    await until(lambda: len(writer.events) >= 3)
    feed.stop()
    assert targets(writer, 1) == ["user-1", "summary"]
    (beat,) = parts(writer.events[2].data)
    assert (beat.target, beat.swap) == ("beat", "outerHTML")
    assert 'id="beat"' in beat.content
    assert writer.events[2].id == source.revision


async def test_a_database_that_fails_keeps_its_readers_and_catches_them_up(
    feed: Feed, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    subscriber, writer = connect(feed, source)
    source.is_failing = True
    source.rows[1] = 1
    feed.invalidate()
    await until(lambda: "cannot be refreshed" in caplog.text)
    source.is_failing = False
    await until(lambda: writer.last_id == source.revision)
    assert not subscriber.reason
    assert writer.screen
    assert writer.screen.state == source.screen.state


async def test_nothing_personal_is_in_a_frame_that_readers_share(feed: Feed, source: Source) -> None:
    readers = [connect(feed, source) for _ in range(2)]
    source.rows[1] = 1
    feed.invalidate()
    await until(lambda: all(writer.last_id == source.revision for _, writer in readers))
    for subscriber, _ in readers:
        told = [frame for _, writer in readers for frame in writer.frames if subscriber.token.encode() in frame.data]
        assert len(told) == 1, "the token is in its own reader's greeting and nowhere else"


async def test_the_round_trip_is_told_to_the_reader_that_answered_alone(feed: Feed, source: Source) -> None:
    subscriber, writer = connect(feed, source)
    _, other = connect(feed, source)
    feed.confirm(subscriber)
    assert len(other.frames) == 1
    assert targets(writer, 1) == ["log"]
    assert writer.events[1].id == source.revision
    assert "ms" in writer.events[1].data


async def test_a_reader_that_left_gets_nothing_more(feed: Feed, source: Source) -> None:
    subscriber, writer = connect(feed, source)
    writer.hold(subscriber)
    source.rows[1] = 1
    feed.invalidate()
    await until(lambda: feed.revision == source.revision)
    feed.unsubscribe(subscriber)
    writer.drain(subscriber)
    assert len(writer.frames) == 1
