"""Hub: all feeds and subscribers of this process."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from webapp.live.encoders import Encoder
from webapp.live.feed import Feed
from webapp.live.feeds import Feeds
from webapp.live.limits import Key, Limits
from webapp.live.meters import Meters
from webapp.live.subscriber import Subscriber, Wire
from webapp.tables.page import Page
from webapp.tables.touching import Basis, Touch

log = logging.getLogger(__name__)


class Hub:
    """Admits subscribers, and tells the feeds that a table changed.

    ``read``, ``encoder`` and ``basis`` as for Feeds.
    """

    def __init__(
        self,
        read: Callable[[Key], Awaitable[Page]],
        encoder: Callable[[Key], Encoder],
        basis: Callable[[Key], Basis],
        limits: Limits,
    ) -> None:
        self.meters = Meters()
        self.feeds = Feeds(read, encoder, basis, limits, self.meters)
        self.subscribers: set[Subscriber] = set()
        self._limits = limits
        self._clients: Counter[str] = Counter()
        self._unanswered: dict[str, tuple[Feed, Subscriber]] = {}

    def changed(self, table: str | None = None, touches: Sequence[Touch] | None = None) -> None:
        """Hear that ``table`` may have changed (None: any table), and which of its rows (None: any row)."""
        for key, feed in self.feeds.items():
            if table is None or key.table == table:
                feed.touch(touches)

    def is_full(self, client: str) -> bool:
        """Whether one more stream for ``client`` (an address) would be too many."""
        limits = self._limits
        return len(self.subscribers) >= limits.streams or self._clients[client] >= limits.streams_per_client

    async def feed(self, key: Key) -> Feed:
        """Return the feed of ``key``, started; raises Full when no more feeds may be kept."""
        return await self.feeds.started(key)

    def subscribe(self, key: Key, wire: Wire, have: str, client: str) -> Subscriber:
        """Let the reader behind ``wire`` follow the feed of ``key``, which has been started."""
        feed = self.feeds.hold(key)
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
            self.feeds.release(key)

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
        self.feeds.close()

    def _tell(self, key: Key, subscriber: Subscriber, client: str) -> None:
        self.meters.ended[subscriber.reason] += 1
        self.meters.bytes += subscriber.bytes
        self.meters.behind += subscriber.lags
        about = {"table": key.table, "listing": key.listing.query, "client": client, **subscriber.account}
        log.info("stream ended", extra=about)
