"""Hub: one feed for all who ask the same, kept warm for a while; and no more streams than allowed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from weakref import ReferenceType, ref

import pytest

from rowcast.live.audience import Audience
from rowcast.live.feed_key import FeedKey
from rowcast.live.feed_registry import READS_AT_ONCE
from rowcast.live.html_encoder import HtmlEncoder
from rowcast.live.hub import Hub
from rowcast.live.limits import Limits, TooManyFeeds
from rowcast.live.lingering_feeds import MOST
from rowcast.tables.listing import BEYOND, Listing
from rowcast.tables.row_change import RowChange
from rowcast.users import USERS
from tests.live.pages import DEPENDENCY, RENDERER, state
from tests.live.source import Source, until
from tests.live.writer import MemoryWire

pytestmark = pytest.mark.clock

KEY = FeedKey("users", Listing(), Audience("en"))
LIMITS = Limits(
    streams=4, streams_per_client=2, feeds=100, remembered=32, heartbeat=60, stream_life=60, stall=60, linger=0.1
)
MakeHub = Callable[..., Hub]


@pytest.fixture
async def make_hub(source: Source) -> AsyncIterator[MakeHub]:
    hubs: list[Hub] = []

    def make(**limits: float) -> Hub:
        kept = replace(LIMITS, **limits)  # type: ignore[arg-type]
        hubs.append(Hub(lambda _key: source.read(), lambda _key: HtmlEncoder(RENDERER), lambda _key: DEPENDENCY, kept))
        return hubs[-1]

    yield make
    for hub in hubs:
        hub.close()


def searching(number: int) -> FeedKey:
    """Return the key of another listing."""
    return replace(KEY, listing=Listing(q=str(number)))


async def test_two_first_readers_at_once_cause_one_read(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub()
    source.open.clear()
    asked = [asyncio.create_task(hub.feed(KEY, client)) for client in "abcde"]
    await until(lambda: source.under_way)
    source.open.set()
    feeds = await asyncio.gather(*asked)
    assert len(set(feeds)) == 1
    assert source.reads == 1


async def test_the_second_reader_waits_on_though_the_first_gives_up(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub()
    source.open.clear()
    first, second = (asyncio.create_task(hub.feed(KEY, "me")) for _ in range(2))
    await until(lambda: source.under_way)
    first.cancel()
    source.open.set()
    assert (await second).revision == source.revision


async def test_a_first_read_that_fails_is_told_to_all_who_wait_and_tried_again(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub()
    source.is_failing = True
    results = await asyncio.gather(hub.feed(KEY, "me"), hub.feed(KEY, "me"), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError, ConnectionError]
    assert not hub.feeds
    source.is_failing = False
    assert (await hub.feed(KEY, "me")).revision == source.revision


async def test_a_change_during_the_first_read_is_not_lost(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub()
    source.open.clear()
    asked = asyncio.create_task(hub.feed(KEY, "me"))
    await until(lambda: source.under_way)
    source.rows[1] = 1
    hub.invalidate("users")
    source.open.set()
    feed = await asked
    hub.subscribe(KEY, MemoryWire(), "", "me")
    await until(lambda: feed.revision == source.revision)


async def test_a_feed_stays_warm_for_a_while_after_its_last_reader_and_then_goes(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub()
    feed = await hub.feed(KEY, "me")
    for _ in range(2):
        reader = hub.subscribe(KEY, MemoryWire(), "", "me")
        await asyncio.sleep(0.15)
        assert hub.feeds == {KEY: feed}, "a feed with a reader does not go"
        hub.unsubscribe(KEY, reader, "me")
        await asyncio.sleep(0.05)
        assert await hub.feed(KEY, "me") is feed
    assert source.reads == 1, "whoever comes back finds the page as it is"
    await until(lambda: not hub.feeds)
    hub.invalidate()
    await asyncio.sleep(0.05)
    assert source.reads == 1, "a feed that is gone reads no more"


async def test_a_feed_that_nobody_came_for_goes_as_well(make_hub: MakeHub) -> None:
    hub = make_hub()
    await hub.feed(KEY, "me")
    await until(lambda: not hub.feeds)


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Let nobody look for objects that hold each other."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_a_feed_that_goes_is_freed_at_once_and_its_first_readers_request_before(make_hub: MakeHub) -> None:
    class Request:
        """What is known in the context of whoever asks."""

    hub, current, kept = make_hub(), ContextVar[Request]("current"), list[ReferenceType[object]]()

    async def ask() -> None:
        request = Request()
        kept.append(ref(request))
        current.set(request)
        kept.append(ref(await hub.feed(KEY, "me")))

    await asyncio.create_task(ask())
    await asyncio.sleep(0.05)  # the loop lets go of it
    request, feed = kept
    assert request() is None
    assert feed() is hub.feeds[KEY]
    await until(lambda: not hub.feeds)
    await asyncio.sleep(0.05)
    assert feed() is None


async def test_a_feed_that_nobody_reads_is_not_read_until_somebody_comes_back(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub(linger=60)
    feed = await hub.feed(KEY, "me")
    reader = hub.subscribe(KEY, MemoryWire(), "", "me")
    hub.unsubscribe(KEY, reader, "me")
    for edition in range(1, 5):
        source.rows[1] = edition
        hub.invalidate("users")
        await asyncio.sleep(0.1)
    assert source.reads == 1
    assert await hub.feed(KEY, "me") is feed
    assert (source.reads, feed.revision) == (2, source.revision), "it is read before its reader is greeted"


async def test_a_feed_that_was_not_read_for_as_long_as_a_heartbeat_is_read_when_somebody_comes_back(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub(linger=60, heartbeat=5)
    await hub.feed(KEY, "me")
    await asyncio.sleep(4)
    await hub.feed(KEY, "me")
    assert source.reads == 1
    source.rows[1] = 1  # nobody tells
    await asyncio.sleep(2)
    assert (await hub.feed(KEY, "me")).revision == source.revision


async def test_all_who_come_back_at_once_wait_for_one_read(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub(linger=60)
    await hub.feed(KEY, "me")
    hub.invalidate("users")
    await asyncio.gather(*(hub.feed(KEY, client) for client in "abcde"))
    assert source.reads == 2


async def test_of_the_feeds_that_one_client_left_only_the_last_linger(make_hub: MakeHub) -> None:
    hub = make_hub(linger=60, feeds=1000)
    await hub.feed(KEY, "you")
    for number in range(MOST + 5):
        await hub.feed(searching(number), "me")
    assert set(hub.feeds) == {KEY, *(searching(number) for number in range(5, MOST + 5))}


async def test_what_one_client_waits_for_keeps_no_other_waiting(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub(streams_per_client=100)
    source.open.clear()
    many = [asyncio.create_task(hub.feed(searching(number), "me")) for number in range(50)]
    await until(lambda: source.under_way)
    await asyncio.sleep(0.02)
    before = source.reads
    asked = asyncio.create_task(hub.feed(KEY, "you"))
    await until(lambda: source.reads > before)
    source.open.set()
    await asked
    assert not all(task.done() for task in many)
    await asyncio.gather(*many)


async def test_a_feed_whose_readers_all_left_before_its_turn_is_not_read(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub(streams_per_client=100)
    source.open.clear()
    asked = [asyncio.create_task(hub.feed(searching(number), "me")) for number in range(50)]
    await until(lambda: source.under_way)
    await asyncio.sleep(0.02)
    begun = source.reads
    for task in asked:
        task.cancel()
    await asyncio.sleep(0.02)
    assert len(hub.feeds) == begun, "only those whose read is under way are still kept"
    source.open.set()
    await hub.feed(KEY, "me")
    assert source.reads == begun + 1


async def test_the_streams_that_one_client_has_and_those_that_come_are_counted_together(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub()
    await hub.feed(KEY, "me")
    hub.subscribe(KEY, MemoryWire(), "", "me")
    source.open.clear()
    coming = asyncio.create_task(hub.feed(searching(1), "me"))
    await until(lambda: source.under_way)
    with pytest.raises(TooManyFeeds):
        await hub.feed(searching(2), "me")
    source.open.set()
    await coming
    await hub.feed(searching(2), "me")


async def test_all_page_numbers_past_the_end_are_one_feed(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub(linger=60)
    for number in (7, 8, 999_999_998, 999_999_999):
        asked = replace(KEY, listing=Listing(page=number))
        await hub.feed(asked, "me")
        hub.subscribe(asked, MemoryWire(), "", f"client {number}")
    assert [key.listing.page for key in hub.feeds] == [BEYOND]
    assert source.reads == 2, "the first number, and the last page"


async def test_streams_are_counted_for_each_client_and_in_all(make_hub: MakeHub) -> None:
    hub = make_hub()
    await hub.feed(KEY, "me")
    readers = [(hub.subscribe(KEY, MemoryWire(), "", client), client) for client in ("a", "a", "b")]
    assert hub.is_full("a")
    assert not hub.is_full("b")
    readers.append((hub.subscribe(KEY, MemoryWire(), "", "c"), "c"))
    assert hub.is_full("d")
    for reader, client in readers:
        hub.unsubscribe(KEY, reader, client)
    assert not any(hub.is_full(client) for client in "abcd")


async def test_of_too_many_feeds_the_one_that_was_left_first_makes_room(make_hub: MakeHub) -> None:
    hub = make_hub(feeds=2, linger=60)
    await hub.feed(KEY, "me")
    await hub.feed(searching(2), "me")
    hub.subscribe(KEY, MemoryWire(), "", "me")
    await hub.feed(searching(3), "me")
    assert set(hub.feeds) == {KEY, searching(3)}
    hub.subscribe(searching(3), MemoryWire(), "", "me")
    with pytest.raises(TooManyFeeds):
        await hub.feed(searching(4), "me")


async def test_a_change_of_another_table_or_elsewhere_is_not_looked_at(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub(linger=60)
    feed = await hub.feed(KEY, "me")
    hub.subscribe(KEY, MemoryWire(), "", "me")
    hub.invalidate("others")
    await asyncio.sleep(0.05)
    assert source.reads == 1
    hub.invalidate("users")
    await until(lambda: source.reads == 2)
    hub.invalidate()
    await until(lambda: source.reads == 3)
    await until(lambda: feed._invalidation._page)
    hub.invalidate("users", [RowChange(state(50), state(50), USERS.key_names)])
    assert hub.metrics.spared == 1
    hub.invalidate("users", [RowChange(state(5), state(5), USERS.key_names)])
    await until(lambda: source.reads == 4)


async def test_an_answer_counts_once_and_only_for_a_reader_that_is_there(make_hub: MakeHub) -> None:
    hub = make_hub()
    await hub.feed(KEY, "me")
    wires = [MemoryWire(), MemoryWire()]
    here, gone = (hub.subscribe(KEY, writer, "", "me") for writer in wires)
    hub.unsubscribe(KEY, gone, "me")
    assert [hub.answered(token) for token in (here.token, here.token, gone.token, "junk")] == [
        True,
        False,
        False,
        False,
    ]
    assert [len(writer.frames) for writer in wires] == [2, 1]


async def test_not_all_connections_of_the_database_are_used_for_reads_of_feeds(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub(linger=60)
    source.open.clear()
    asked = [asyncio.create_task(hub.feed(searching(number), f"client {number}")) for number in range(1, 30)]
    await until(lambda: source.under_way == READS_AT_ONCE)
    await asyncio.sleep(0.02)
    assert source.reads == READS_AT_ONCE
    source.open.set()
    await asyncio.gather(*asked)
    assert source.reads == len(asked)


async def test_closing_ends_all_streams_and_stops_all_feeds(make_hub: MakeHub, source: Source) -> None:
    hub = make_hub()
    await hub.feed(KEY, "me")
    readers = [hub.subscribe(KEY, MemoryWire(), "", "me") for _ in range(3)]
    assert not hub.is_full("you")
    hub.close()
    assert all(reader.reason for reader in readers)
    assert not hub.feeds
    assert hub.is_full("you"), "whoever comes now would hold up the end"
    for reader in readers:
        hub.unsubscribe(KEY, reader, "me")
    assert not hub.feeds


async def test_who_asks_again_takes_a_stale_feed_as_it_is_and_is_told_what_changed(
    make_hub: MakeHub, source: Source
) -> None:
    hub = make_hub(linger=60)
    feed = await hub.feed(KEY, "me")
    source.rows[1] = 1
    hub.invalidate("users")
    source.open.clear()
    assert await hub.feed(KEY, "me", again=True) is feed
    writer = MemoryWire(source.screen)
    hub.subscribe(KEY, writer, "", "me")
    source.open.set()
    await until(lambda: writer.last_id == source.revision)
