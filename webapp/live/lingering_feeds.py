"""LingeringFeeds: which feeds are kept though nobody reads them, for how long, and how many of one client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rowcast.live.feed_key import FeedKey

MOST = 200  # of one client; they are some 100 KB each


class LingeringFeeds:
    """Calls ``drop`` with a key after so many ``seconds``, or sooner when its client has left too many others since."""

    def __init__(self, seconds: float, drop: Callable[[FeedKey], None]) -> None:
        self._seconds = seconds
        self._drop = drop
        self._timers: dict[FeedKey, tuple[asyncio.TimerHandle, str]] = {}  # in the order of their coming
        self._left: dict[str, dict[FeedKey, None]] = {}  # by client

    @property
    def oldest(self) -> FeedKey | None:
        """The one that has lingered for longest."""
        return next(iter(self._timers), None)

    def add(self, key: FeedKey, client: str) -> None:
        """Let the feed of ``key`` linger, which ``client`` left."""
        self.remove(key)
        self._timers[key] = asyncio.get_running_loop().call_later(self._seconds, self._drop, key), client
        left = self._left.setdefault(client, {})
        left[key] = None
        if len(left) > MOST:
            self._drop(next(iter(left)))

    def remove(self, key: FeedKey) -> None:
        """Let the feed of ``key`` linger no longer, if it does."""
        if key in self._timers:
            timer, client = self._timers.pop(key)
            timer.cancel()
            del self._left[client][key]
            if not self._left[client]:
                del self._left[client]
