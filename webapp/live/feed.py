"""Feed: one listing for one audience, kept live for all who have it open. Knows no sockets."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context

from rowcast.database.errors import Unreachable
from rowcast.live.change_summary import ChangeSummary
from rowcast.live.encoder import FrameEncoder
from rowcast.live.frame import Frame, frame, joined
from rowcast.live.metrics import Metrics
from rowcast.live.page_invalidation import PageInvalidation
from rowcast.live.revisions import Revisions
from rowcast.live.subscriber import Subscriber
from rowcast.tables.page import Page
from rowcast.tables.page_dependency import PageDependency
from rowcast.tables.row_change import RowChange

log = logging.getLogger(__name__)

THROTTLE = 0.025  # seconds between two refreshes when changes come
LONGEST = 0.1  # what it grows to while they keep coming
RETRY = 1000  # milliseconds after which a reader comes back


class Feed:
    """Re-reads its page after a change, makes one frame, hands the same bytes to all its subscribers.

    ``read`` returns the page as it is now, ``dependency`` judges what can change it; ``heartbeat`` is in seconds. The
    page is there after ``start``. While it has no subscriber nothing is read: it may become stale.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Page]],
        encoder: FrameEncoder,
        dependency: PageDependency,
        *,
        heartbeat: float,
        remembered: int,
        metrics: Metrics | None = None,
    ) -> None:
        self.encoder = encoder
        self.subscribers: dict[Subscriber, None] = {}  # in the order of their coming, which is that of memory
        self.metrics = metrics or Metrics()
        self.revisions = Revisions(encoder, remembered, self.metrics)
        self._summary = ChangeSummary(encoder.summary)
        self._invalidated_at: float | None = None  # when the first signal came that is not yet served
        self._read = read
        self._invalidation = PageInvalidation(dependency)
        self._heartbeat = heartbeat
        self._dirty = asyncio.Event()
        self._dirty.set()
        self._expires_at = 0.0  # when too long nobody has looked for changes that were not told
        self._task: asyncio.Task[None] | None = None

    @property
    def revision(self) -> str:
        """What a reader has who has been told all."""
        return self.revisions.now

    @property
    def page(self) -> Page:
        """The page as it was last read."""
        return self.revisions.page

    @property
    def is_stale(self) -> bool:
        """Whether the page is to be read before anybody is greeted: it may have changed while nobody followed."""
        is_old = self._dirty.is_set() or asyncio.get_running_loop().time() >= self._expires_at
        return is_old and not self.subscribers

    def invalidate(self, changes: Sequence[RowChange] | None = None) -> None:
        """Hear that the table may have changed, and which of its rows (None: any row)."""
        if self._invalidation.spares(changes):
            self.metrics.spared += 1
            return
        if self._invalidated_at is None:
            self._invalidated_at = time.perf_counter()
        self._dirty.set()

    async def start(self) -> None:
        """Read the page, for the first time or because it is stale."""
        await self._move()

    def stop(self) -> None:
        """Follow no longer."""
        if self._task is not None:
            self._task.cancel()
            self._task = None  # it keeps the error that ended it, and by that this feed, which would keep it

    def subscribe(self, subscriber: Subscriber, have: str) -> None:
        """Add ``subscriber``, whose page shows the revision ``have`` (anything else counts as none), and greet it.

        First it is subscribed, then compared, with nothing awaited in between: no change can fall between the two.
        """
        self.subscribers[subscriber] = None
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), context=Context())
        subscriber.catch_up = self._catch_up
        subscriber.greeted_at = time.perf_counter()
        greeting = self.encoder.greeting(subscriber.token)
        subscriber.push(joined(self.revision, greeting, self.revisions.since(have), retry=RETRY))

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Forget ``subscriber``."""
        self.subscribers.pop(subscriber, None)
        subscriber.catch_up = None

    def confirm(self, subscriber: Subscriber) -> None:
        """Tell ``subscriber`` the round trip of its greeting: server, browser, server."""
        milliseconds = (time.perf_counter() - subscriber.greeted_at) * 1000
        body = self.encoder.confirmation(milliseconds)
        if body and not subscriber.is_behind:
            subscriber.push(frame(subscriber.revision, body))

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + self._heartbeat
        is_failing = False
        pause = THROTTLE
        while self.subscribers:
            # Who must wait again at once is in a burst: the longer it lasts, the more of it goes into one frame.
            pause = min(2 * pause, LONGEST) if self._dirty.is_set() else THROTTLE
            try:
                async with asyncio.timeout_at(min(beat_at, self._summary.due)):
                    await self._dirty.wait()
            except TimeoutError:
                pass
            started = loop.time()
            try:
                await self._refresh()
                is_failing = False
            except Exception as error:
                # The readers stay: they see the truth as soon as the database answers again.
                if not is_failing:
                    unforeseen = None if isinstance(error, Unreachable) else error
                    log.error("A feed cannot be refreshed; it tries again every second: %s", error, exc_info=unforeseen)
                is_failing = True
            if loop.time() >= beat_at:
                beat_at = loop.time() + self._heartbeat
                self._push(frame(self.revision, self.encoder.beat(self.revisions.page, self.revision)), self.revision)
            # Throttled, not debounced: the first change went out at once, and the last one will.
            await asyncio.sleep(RETRY / 1000 if is_failing else max(pause, 2 * (loop.time() - started)))
        self._task = None

    async def _refresh(self) -> None:
        invalidated_at, before = self._invalidated_at, self.revision
        number = self.page.number
        with self.metrics.refresh.time():
            body = await self._move()
        if self.page.number != number:
            self._part()
        if body:
            self._push(frame(self.revision, body), before)
            if invalidated_at is not None:
                self.metrics.latency.observe(time.perf_counter() - invalidated_at)

    async def _move(self) -> str:
        """Read the page; return the parts that lead there from what was before."""
        # The flag is cleared first: a change that comes while the page is read makes it be read again, whatever it is,
        # for the page that it would be judged by is not known yet.
        self._dirty.clear()
        self._invalidation.forget()
        self._invalidated_at = None
        try:
            page = await self._read()
        except BaseException:
            self._dirty.set()
            raise
        now = asyncio.get_running_loop().time()
        self._expires_at = now + self._heartbeat
        self.revisions.confirm(self._invalidation.take_until())
        if not self._dirty.is_set():
            self._invalidation.learn(page)
        return self.revisions.move(page) + self._summary.after(page, now)

    def _part(self) -> None:
        """End the streams of those who asked for a page past the end that is there now: they come back to that one."""
        for subscriber in tuple(self.subscribers):
            if subscriber.page < self.page.number:
                subscriber.end("moved")

    def _push(self, made: Frame, since: str) -> None:
        for subscriber in tuple(self.subscribers):
            if subscriber.revision == since:
                subscriber.push(made)
            elif not subscriber.is_behind:
                self._catch_up(subscriber)

    def _catch_up(self, subscriber: Subscriber) -> None:
        if subscriber.revision != self.revision:
            subscriber.push(joined(self.revision, "", self.revisions.since(subscriber.revision)))
