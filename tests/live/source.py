"""A database of one page, for feeds: it can change, be slow and fail, and counts its reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rowcast.live.feed import Feed
from rowcast.live.subscriber import Subscriber
from rowcast.tables.page import Page
from tests.live.pages import RENDERER, page
from tests.live.writer import MemoryWire
from tests.model import Screen, parts

PATIENCE = 5.0  # seconds


class Source:
    """``rows`` are the editions by id; ``open`` lets reads that have looked go on."""

    def __init__(self, count: int = 9) -> None:
        self.rows = dict.fromkeys(range(1, count + 1), 0)
        self.reads = 0
        self.under_way = 0
        self.is_failing = False
        self.open = asyncio.Event()
        self.open.set()

    async def read(self) -> Page:
        """Look at the rows, and hand them out when the gate is open."""
        self.reads += 1
        self.under_way += 1
        seen = page(self.rows)
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        if self.is_failing:
            raise ConnectionError("the database does not answer")
        return seen

    @property
    def revision(self) -> str:
        """The revision of the rows as they are."""
        return page(self.rows).revision(RENDERER.seed)

    @property
    def screen(self) -> Screen:
        """The page as a browser shows it that asks now."""
        now = page(self.rows)
        return Screen(RENDERER.render("_listing.html", page=now, listing=now.listing, revision=self.revision))


async def until(condition: Callable[[], object]) -> None:
    """Wait until ``condition`` holds; it must within a few seconds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- what is waited for has no event of its own
            await asyncio.sleep(0.002)


def connect(feed: Feed, source: Source, have: str | None = None) -> tuple[Subscriber, MemoryWire]:
    """Open the page as it is now and let it follow ``feed``."""
    writer = MemoryWire(source.screen)
    subscriber = Subscriber(writer, life=60, stall=60)
    feed.subscribe(subscriber, source.revision if have is None else have)
    return subscriber, writer


def targets(writer: MemoryWire, event: int) -> list[str]:
    """Return what the parts of an event aim at."""
    return [part.target for part in parts(writer.events[event].data)]
