"""Hub: all feeds and subscribers of this process."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from webapp.live.feed import Feed
from webapp.live.frames import Renderer
from webapp.live.limits import Full, Key, Limits
from webapp.live.meters import Meters
from webapp.live.subscriber import Subscriber, Wire
from webapp.tables.page import Page

log = logging.getLogger(__name__)

READS_AT_ONCE = 8  # fewer than the database's connections, so that pages are served while all feeds refresh


class Hub:
    """Keeps one feed for each key that is open, and for a while after its last subscriber left.

    ``read`` returns the page of a key as it is now, ``renderer`` what shows it.
    """

    def __init__(
        self, read: Callable[[Key], Awaitable[Page]], renderer: Callable[[Key], Renderer], limits: Limits
    ) -> None:
        self.feeds: dict[Key, Feed] = {}
        self.subscribers: set[Subscriber] = set()
        self.meters = Meters()
        self._read = read
        self._renderer = renderer
        self._limits = limits
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._starting: dict[Key, asyncio.Task[None]] = {}
        self._lingering: dict[Key, asyncio.TimerHandle] = {}
        self._clients: Counter[str] = Counter()
        self._unanswered: dict[str, tuple[Feed, Subscriber]] = {}

    def changed(self, table: str | None = None) -> None:
        """Hear that ``table`` may have changed (None: any table)."""
        for key, feed in self.feeds.items():
            if table is None or key.table == table:
                feed.touch()

    def is_full(self, client: str) -> bool:
        """Whether one more stream for ``client`` (an address) would be too many."""
        limits = self._limits
        return len(self.subscribers) >= limits.streams or self._clients[client] >= limits.streams_per_client

    async def feed(self, key: Key) -> Feed:
        """Return the feed of ``key``; the first to ask starts it, and all who ask meanwhile wait for that one read.

        Raises Full when no more feeds may be kept.
        """
        if key not in self.feeds:
            self._make_room()
            self.feeds[key] = Feed(
                lambda: self._gated(key),
                self._renderer(key),
                heartbeat=self._limits.heartbeat,
                remembered=self._limits.remembered,
                meters=self.meters,
            )
            self._starting[key] = asyncio.create_task(self._start(key))
        feed = self.feeds[key]
        if starting := self._starting.get(key):
            await asyncio.shield(starting)
            if self.feeds.get(key) is not feed:  # it made room for another before its reader came to it
                return await self.feed(key)
        return feed

    def subscribe(self, key: Key, wire: Wire, have: str, client: str) -> Subscriber:
        """Let the reader behind ``wire`` follow the feed of ``key``, which has been started."""
        if timer := self._lingering.pop(key, None):
            timer.cancel()
        feed = self.feeds[key]
        subscriber = Subscriber(wire, life=self._limits.stream_life, stall=self._limits.stall)
        self.subscribers.add(subscriber)
        self._clients[client] += 1
        self._unanswered[subscriber.token] = feed, subscriber
        try:
            feed.subscribe(subscriber, have)
        except BaseException:
            self.unsubscribe(key, subscriber, client)
            raise
        return subscriber

    def unsubscribe(self, key: Key, subscriber: Subscriber, client: str) -> None:
        """Forget a reader that is gone."""
        self.subscribers.discard(subscriber)
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
        self._unanswered.pop(subscriber.token, None)
        self._tell(key, subscriber, client)
        if feed := self.feeds.get(key):
            feed.unsubscribe(subscriber)
            if not feed.subscribers:
                self._linger(key)

    def answered(self, token: str) -> bool:
        """Hear that a browser answered the greeting with ``token``; whether it was one that waits for an answer."""
        feed, subscriber = self._unanswered.pop(token, (None, None))
        if feed is None or subscriber is None:
            return False
        feed.confirm(subscriber)
        return True

    def close(self) -> None:
        """End all streams and stop all feeds."""
        for subscriber in tuple(self.subscribers):
            subscriber.end("shutdown")
        for key in tuple(self.feeds):
            self._drop(key)

    def _make_room(self) -> None:
        # Those that linger are kept only in case their reader comes back; the one that lingers longest goes first.
        if len(self.feeds) >= self._limits.feeds and self._lingering:
            self._drop(next(iter(self._lingering)))
        if len(self.feeds) >= self._limits.feeds:
            raise Full

    def _tell(self, key: Key, subscriber: Subscriber, client: str) -> None:
        self.meters.ended[subscriber.reason] += 1
        self.meters.bytes += subscriber.bytes
        self.meters.behind += subscriber.lags
        about = {"table": key.table, "listing": key.listing.query, "client": client, **subscriber.account}
        log.info("stream ended", extra=about)

    async def _start(self, key: Key) -> None:
        try:
            await self.feeds[key].start()
        except Exception:
            self.feeds.pop(key, None)
            raise
        finally:
            self._starting.pop(key, None)
        self._linger(key)

    async def _gated(self, key: Key) -> Page:
        async with self._reads:
            return await self._read(key)

    def _linger(self, key: Key) -> None:
        self._lingering[key] = asyncio.get_running_loop().call_later(self._limits.linger, self._drop_if_unread, key)

    def _drop_if_unread(self, key: Key) -> None:
        if key in self.feeds and not self.feeds[key].subscribers:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        if timer := self._lingering.pop(key, None):
            timer.cancel()
        if starting := self._starting.pop(key, None):
            starting.cancel()
        if feed := self.feeds.pop(key, None):
            feed.stop()
