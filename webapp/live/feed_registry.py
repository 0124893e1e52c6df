"""FeedRegistry: all feeds by key; each is started once, and kept for a while after its last reader left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field, replace

from rowcast.database.fair_semaphore import FairSemaphore
from rowcast.live.encoder import FrameEncoder
from rowcast.live.feed import Feed
from rowcast.live.feed_key import FeedKey
from rowcast.live.limits import Limits, TooManyFeeds
from rowcast.live.lingering_feeds import LingeringFeeds
from rowcast.live.metrics import Metrics
from rowcast.tables.listing import BEYOND
from rowcast.tables.page import Page
from rowcast.tables.page_dependency import PageDependency

READS_AT_ONCE = 8  # fewer than the database's connections, so that pages are served while all feeds refresh
SHARE = 2  # of them, for one client: what it searches for may take seconds


@dataclass
class _Start:
    """A feed's page is to be read before anybody is greeted: for ``client``, and for as many as are ``waiting``."""

    client: str
    is_new: bool
    waiting: int = 0
    task: asyncio.Task[FeedKey] = field(init=False)


class FeedRegistry(dict[FeedKey, Feed]):
    """The feeds that are open or linger.

    ``read`` returns the page of a key as it is now, ``encoder`` what tells of it, ``dependency`` what can change it.
    Those that linger read nothing: who comes back to one that is stale waits until it was read again.
    """

    def __init__(
        self,
        read: Callable[[FeedKey], Awaitable[Page]],
        encoder: Callable[[FeedKey], FrameEncoder],
        dependency: Callable[[FeedKey], PageDependency],
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        super().__init__()
        self._read = read
        self._encoder = encoder
        self._dependency = dependency
        self._limits = limits
        self._metrics = metrics
        self._turns = FairSemaphore(READS_AT_ONCE, SHARE)
        self._starts: dict[FeedKey, _Start] = {}
        self._being_read: set[FeedKey] = set()
        self._clients: dict[FeedKey, Counter[str]] = {}  # of the readers
        self._lingering = LingeringFeeds(limits.linger, self._drop)

    async def started(self, key: FeedKey, client: str, *, again: bool = False) -> Feed:
        """Return the feed of ``key``; the first to ask starts it, and all who ask meanwhile wait for that one read.

        A stale one is started once more, but not for who asks ``again``. Raises TooManyFeeds when no more may be kept.
        """
        if is_new := key not in self:
            if (last := self.get(_beyond(key))) and not last.is_stale and last.page.number < key.listing.page:
                return last
            self._make_room()
            self[key] = Feed(
                lambda: self._read_in_turn(key),
                self._encoder(key),
                self._dependency(key),
                heartbeat=self._limits.heartbeat,
                remembered=self._limits.remembered,
                metrics=self._metrics,
            )
        feed = self[key]
        if feed.is_stale and not (again and feed.revision) and key not in self._starts:
            self._lingering.remove(key)
            start = self._starts[key] = _Start(client, is_new)
            # Of nobody's request: the feed outlives that of its first reader, and must not keep it.
            start.task = asyncio.create_task(self._start(key, feed, start), context=Context())
        if key in self._starts:
            found = await self._wait(key, self._starts[key])
            if self.get(found) is not feed:  # it gave way to another before its reader came to it
                return await self.started(found, client, again=again)
        return feed

    def resolved(self, key: FeedKey) -> FeedKey:
        """Return the key of the feed that was just started for ``key``."""
        return key if key in self else _beyond(key)

    def hold(self, key: FeedKey, client: str) -> Feed:
        """Return the feed of ``key``, which does not linger any more: ``client`` reads it."""
        self._lingering.remove(key)
        self._clients.setdefault(key, Counter())[client] += 1
        return self[key]

    def release(self, key: FeedKey, client: str) -> None:
        """Hear that ``client`` reads the feed of ``key`` no more; without readers it lingers."""
        if clients := self._clients.get(key):
            clients[client] -= 1
            if not clients[client]:
                del clients[client]
            if not clients:
                del self._clients[key]
        if key in self and not self[key].subscribers:
            self._lingering.add(key, client)
            if key not in self._being_read:  # a read goes on to its end, whoever waits for it
                self[key].stop()

    def close(self) -> None:
        """Stop all."""
        for key in tuple(self):
            self._drop(key)

    def _make_room(self) -> None:
        # Those that linger are kept only in case their reader comes back; the one that lingers longest goes first.
        if len(self) >= self._limits.feeds and (oldest := self._lingering.oldest):
            self._drop(oldest)
        if len(self) >= self._limits.feeds:
            raise TooManyFeeds

    async def _start(self, key: FeedKey, feed: Feed, start: _Start) -> FeedKey:
        """Let ``feed`` read its page; return the key to ask for instead where that is another."""
        try:
            await feed.start()
        except Exception:
            del self._starts[key]
            self._drop(key)
            raise
        del self._starts[key]
        if start.is_new and feed.page.number < key.listing.page < BEYOND:
            self._drop(key)
            return _beyond(key)
        if not feed.subscribers:
            self._lingering.add(key, start.client)
        return key

    async def _wait(self, key: FeedKey, start: _Start) -> FeedKey:
        start.waiting += 1
        try:
            return await asyncio.shield(start.task)
        finally:
            start.waiting -= 1
            if not (start.waiting or key in self._being_read or start.task.done()):
                self._drop(key)  # nobody waits any more

    async def _read_in_turn(self, key: FeedKey) -> Page:
        start = self._starts.get(key)
        turn = await self._turns.acquire((start.client,) if start else self._clients.get(key, ("",)))
        self._being_read.add(key)
        try:
            return await self._read(key)
        finally:
            self._being_read.discard(key)
            self._turns.release(turn)

    def _drop(self, key: FeedKey) -> None:
        self._lingering.remove(key)
        if start := self._starts.pop(key, None):
            start.task.cancel()
        if feed := self.pop(key, None):
            feed.stop()


def _beyond(key: FeedKey) -> FeedKey:
    """Return what all page numbers past the end have in common: the last page, whichever that is."""
    return replace(key, listing=replace(key.listing, page=BEYOND))
