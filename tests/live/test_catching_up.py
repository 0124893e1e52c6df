"""Catching up: a reader that comes back is led from the revision it has to now, by one frame."""

from __future__ import annotations

import pytest

from rowcast.live.feed import Feed
from rowcast.live.html_encoder import HtmlEncoder
from rowcast.live.subscriber import Subscriber
from tests.live.pages import DEPENDENCY, RENDERER
from tests.live.source import Source, connect, targets, until
from tests.live.writer import MemoryWire

pytestmark = pytest.mark.clock


async def test_a_reader_that_missed_something_catches_up_in_its_greeting(feed: Feed, source: Source) -> None:
    stale = source.screen
    had = source.revision
    source.rows[2] = 1
    feed.invalidate()
    await feed.start()
    writer = MemoryWire(stale)
    feed.subscribe(Subscriber(writer, life=60, stall=60), had)
    assert len(writer.frames) == 1
    assert targets(writer, 0) == ["log", "beat", "user-2"]
    assert stale.state == source.screen.state


@pytest.mark.parametrize("have", ["", "nonsense", "x" * 10_000, "0" * 24, "\r\n\0"], ids=ascii)
async def test_from_a_position_that_nobody_knows_one_frame_replaces_all(feed: Feed, source: Source, have: str) -> None:
    _, writer = connect(feed, source, have)
    assert targets(writer, 0) == ["log", "beat", "users", "pager"]
    assert +feed.metrics.frames == {"replacing": 1}


async def test_only_so_many_revisions_are_remembered(source: Source) -> None:
    feed = Feed(source.read, HtmlEncoder(RENDERER), DEPENDENCY, heartbeat=60, remembered=4)
    await feed.start()
    revisions = [source.revision]
    for edition in range(1, 5):
        source.rows[1] = edition
        feed.invalidate()
        await feed.start()
        revisions.append(source.revision)
    for revision, replaces in ((revisions[0], True), (revisions[1], False)):
        _, writer = connect(feed, source, revision)
        assert ("users" in targets(writer, 0)) == replaces
    feed.stop()


async def test_in_a_storm_of_reconnects_the_frame_from_one_revision_is_made_once(feed: Feed, source: Source) -> None:
    had = source.revision
    source.rows[1] = 1
    feed.invalidate()
    await feed.start()
    for _ in range(50):
        connect(feed, source, had)
        connect(feed, source, "junk")
    assert (feed.metrics.frames["resuming"], feed.metrics.frames["replacing"]) == (1, 1)


async def test_a_page_that_becomes_what_it_was_is_followed_all_the_same(feed: Feed, source: Source) -> None:
    first = source.revision
    _, writer = connect(feed, source)
    for edition in (1, 0, 1):
        source.rows[2] = edition
        feed.invalidate()
        await until(lambda: writer.last_id == source.revision)
        _, late = connect(feed, source, first)
        assert ("user-2" in targets(late, 0)) == bool(edition)
    assert writer.screen
    assert writer.screen.state == source.screen.state
