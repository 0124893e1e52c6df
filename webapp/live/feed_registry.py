"""FeedRegistry: all feeds by key; each is started once, and kept for a while after its last reader left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context

from rowcast.live.encoder import FrameEncoder
from rowcast.live.feed import Feed
from rowcast.live.feed_key import FeedKey
from rowcast.live.limits import Limits, TooManyFeeds
from rowcast.live.metrics import Metrics
from rowcast.tables.page import Page
from rowcast.tables.page_dependency import PageDependency

READS_AT_ONCE = 8  # fewer than the database's connections, so that pages are served while all feeds refresh


class FeedRegistry(dict[FeedKey, Feed]):
    """The feeds that are open or linger.

    ``read`` returns the page of a key as it is now, ``encoder`` what tells of it, ``dependency`` what can change it.
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
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._starting: dict[FeedKey, asyncio.Task[None]] = {}
        self._lingering: dict[FeedKey, asyncio.TimerHandle] = {}

    async def started(self, key: FeedKey) -> Feed:
        """Return the feed of ``key``; the first to ask starts it, and all who ask meanwhile wait for that one read.

        Raises TooManyFeeds when no more feeds may be kept.
        """
        if key not in self:
            self._make_room()
            self[key] = Feed(
                lambda: self._gated(key),
                self._encoder(key),
                self._dependency(key),
                heartbeat=self._limits.heartbeat,
                remembered=self._limits.remembered,
                metrics=self._metrics,
            )
            # Of nobody's request: the feed outlives that of its first reader, and must not keep it.
            self._starting[key] = asyncio.create_task(self._start(key), context=Context())
        feed = self[key]
        if starting := self._starting.get(key):
            await asyncio.shield(starting)
            if self.get(key) is not feed:  # it made room for another before its reader came to it
                return await self.started(key)
        return feed

    def hold(self, key: FeedKey) -> Feed:
        """Return the feed of ``key``, which does not linger any more: it has a reader."""
        if timer := self._lingering.pop(key, None):
            timer.cancel()
        return self[key]

    def release(self, key: FeedKey) -> None:
        """Let the feed of ``key`` linger, if it has no readers."""
        if key in self and not self[key].subscribers:
            self._lingering[key] = asyncio.get_running_loop().call_later(self._limits.linger, self._drop_if_unread, key)

    def close(self) -> None:
        """Stop all."""
        for key in tuple(self):
            self._drop(key)

    def _make_room(self) -> None:
        # Those that linger are kept only in case their reader comes back; the one that lingers longest goes first.
        if len(self) >= self._limits.feeds and self._lingering:
            self._drop(next(iter(self._lingering)))
        if len(self) >= self._limits.feeds:
            raise TooManyFeeds

    async def _start(self, key: FeedKey) -> None:
        try:
            await self[key].start()
        except Exception:
            self.pop(key, None)
            raise
        finally:
            self._starting.pop(key, None)
        self.release(key)

    async def _gated(self, key: FeedKey) -> Page:
        async with self._reads:
            return await self._read(key)

    def _drop_if_unread(self, key: FeedKey) -> None:
        if key in self and not self[key].subscribers:
            self._drop(key)

    def _drop(self, key: FeedKey) -> None:
        if timer := self._lingering.pop(key, None):
            timer.cancel()
        if starting := self._starting.pop(key, None):
            starting.cancel()
        if feed := self.pop(key, None):
            feed.stop()
