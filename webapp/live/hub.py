"""Hub: all feeds and subscribers of this process; admits readers, and invalidates the feeds that a write can change."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from rowcast.live.encoder import FrameEncoder
from rowcast.live.feed import Feed
from rowcast.live.feed_key import FeedKey
from rowcast.live.feed_registry import FeedRegistry
from rowcast.live.limits import Limits, TooManyFeeds
from rowcast.live.metrics import Metrics
from rowcast.live.subscriber import FrameWriter, Subscriber
from rowcast.tables.page import Page
from rowcast.tables.page_dependency import PageDependency
from rowcast.tables.row_change import RowChange

log = logging.getLogger(__name__)


class Hub:
    """Admits subscribers, and tells the feeds that a table changed.

    ``read``, ``encoder`` and ``dependency`` as for FeedRegistry.
    """

    def __init__(
        self,
        read: Callable[[FeedKey], Awaitable[Page]],
        encoder: Callable[[FeedKey], FrameEncoder],
        dependency: Callable[[FeedKey], PageDependency],
        limits: Limits,
    ) -> None:
        self.metrics = Metrics()
        self.feeds = FeedRegistry(read, encoder, dependency, limits, self.metrics)
        self.subscribers: dict[Subscriber, FeedKey] = {}  # and what each follows
        self._limits = limits
        self._is_closed = False
        self._clients: Counter[str] = Counter()
        self._coming: Counter[str] = Counter()  # streams of each client whose feed is being started
        self._unanswered: dict[str, tuple[Feed, Subscriber]] = {}

    def invalidate(self, table: str | None = None, changes: Sequence[RowChange] | None = None) -> None:
        """Hear that ``table`` may have changed (None: any table), and which of its rows (None: any row)."""
        for key, feed in self.feeds.items():
            if table is None or key.table == table:
                feed.invalidate(changes)

    def is_full(self, client: str) -> bool:
        """Whether one more stream for ``client`` (an address) would be too many; when all were ended, any is."""
        limits, streams = self._limits, len(self.subscribers)
        return self._is_closed or streams >= limits.streams or self._clients[client] >= limits.streams_per_client

    async def feed(self, key: FeedKey, client: str, *, again: bool = False) -> Feed:
        """Return the feed of ``key``, started for ``client``; raises TooManyFeeds when no more may be kept.

        Who asks ``again`` takes it as it is, unless it had to give way.
        """
        if self._clients[client] + self._coming[client] >= self._limits.streams_per_client:
            raise TooManyFeeds
        self._coming[client] += 1
        try:
            return await self.feeds.started(key, client, again=again)
        finally:
            self._coming[client] -= 1
            if not self._coming[client]:
                del self._coming[client]

    def subscribe(self, key: FeedKey, writer: FrameWriter, have: str, client: str) -> Subscriber:
        """Let the reader behind ``writer`` follow the feed of ``key``, which has just been started."""
        followed = self.feeds.resolved(key)
        feed = self.feeds.hold(followed, client)
        limits, page = self._limits, key.listing.page
        subscriber = Subscriber(writer, life=limits.stream_life, stall=limits.stall, page=page)
        self.subscribers[subscriber] = followed
        self._clients[client] += 1
        self._unanswered[subscriber.token] = feed, subscriber
        try:
            feed.subscribe(subscriber, have)
        except BaseException:
            self.unsubscribe(key, subscriber, client)
            raise
        return subscriber

    def unsubscribe(self, key: FeedKey, subscriber: Subscriber, client: str) -> None:
        """Forget a reader that is gone, who asked for ``key``."""
        followed = self.subscribers.pop(subscriber)
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
        self._unanswered.pop(subscriber.token, None)
        self._tell(key, subscriber, client)
        if feed := self.feeds.get(followed):
            feed.unsubscribe(subscriber)
        self.feeds.release(followed, client)

    def answered(self, token: str) -> bool:
        """Hear that a browser answered the greeting with ``token``; whether it was one that waits for an answer."""
        feed, subscriber = self._unanswered.pop(token, (None, None))
        if feed is None or subscriber is None:
            return False
        feed.confirm(subscriber)
        return True

    def close(self) -> None:
        """End all streams and stop all feeds."""
        self._is_closed = True
        for subscriber in tuple(self.subscribers):
            subscriber.end("shutdown")
        self.feeds.close()

    def _tell(self, key: FeedKey, subscriber: Subscriber, client: str) -> None:
        self.metrics.ended[subscriber.reason] += 1
        self.metrics.bytes += subscriber.bytes
        self.metrics.behind += subscriber.lags
        about = {"table": key.table, "listing": key.listing.query, "client": client, **subscriber.account}
        if key.row is not None:
            about["row"] = str(key.row)
        log.info("stream ended", extra=about)
