"""A reader of a listing on a hub with a real database: opens a page, follows it, loses the connection, comes back."""

from __future__ import annotations

from rowcast.live.feed_key import FeedKey, Format
from rowcast.live.frame import Frame, FrameSegment
from rowcast.live.subscriber import Subscriber
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.users import USERS
from tests.live.open_row import OpenRow, Shown
from tests.live.world import AUDIENCE, World
from tests.live.writer import MemoryWire


class FragileWire(MemoryWire):
    """A writer that can break at any byte: after ``left`` more, nothing arrives (None: it holds)."""

    left: int | None = None
    failure: AssertionError | None = None  # what could not be done to the screen

    def write(self, frame: Frame) -> None:
        """Deliver ``frame``, or as much of it as still gets through."""
        if self.left is None or self.is_cut:
            self._deliver(frame)
            return
        self._deliver(Frame(frame.revision, (FrameSegment(frame.data[: self.left]),)))
        self.left -= len(frame.data)
        self.is_cut = self.left <= 0

    def _deliver(self, frame: Frame) -> None:
        try:
            super().write(frame)
        except AssertionError as error:
            self.failure = error  # the feed would only log it


class Reader:
    """One browser window on ``listing``; in the form ``json`` a program that keeps a copy of it; on a ``row`` alone."""

    def __init__(self, world: World, listing: Listing, form: Format = "html", row: Key | None = None) -> None:
        self.world = world
        self.key = FeedKey(USERS.name, listing, AUDIENCE, form, row)
        self.writer = FragileWire()
        self.subscriber: Subscriber | None = None
        self._have = ""
        self._kept: tuple[Shown, str] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a stream is open, as far as the server knows."""
        return self.subscriber is not None

    @property
    def position(self) -> str:
        """What the window would send: the id of the last event that came whole, else what its page says."""
        return self.writer.last_id or self._have

    @property
    def screen(self) -> Shown:
        """What the window shows."""
        assert self.writer.screen
        return self.writer.screen

    async def open(self) -> None:
        """Load the page; its stream opens later."""
        self.disconnect()
        screen, self._have = await self.world.served(self.key)
        self.writer = FragileWire(screen)

    async def connect(self, junk: str | None = None) -> None:
        """Open the stream where the window is, or at a position that nobody knows."""
        self.disconnect()
        await self.world.hub.feed(self.key, "reader")
        position = self.position if junk is None else junk
        self.subscriber = self.world.hub.subscribe(self.key, self.writer, position, "reader")
        self.subscriber.left = self._left

    def disconnect(self) -> None:
        """Lose the connection, and with it what was not read."""
        if self.subscriber is not None:
            self.subscriber.closed()
        # Nothing more arrives, whoever still writes.
        self._have = self.position
        self.writer = FragileWire(self.writer.screen)

    def lag(self, lags: bool) -> None:
        """Take nothing more, or again all."""
        assert self.subscriber
        if lags and not self.writer.is_full:
            self.writer.hold(self.subscriber)
        elif self.writer.is_full and not lags:
            self.writer.drain(self.subscriber)

    def give_up(self, reason: str) -> None:
        """See the server end the stream: cleanly, or dropped when the reader takes nothing."""
        assert self.subscriber
        self.subscriber.end(reason)
        assert self.writer.is_aborted == self.writer.is_full
        self.disconnect()

    def keep(self) -> None:
        """Keep the window as it is, as a browser does that puts a tab to sleep."""
        self._kept = self.screen.copy(), self.position

    def wake(self) -> bool:
        """Be the window that was kept, with its old rows and its old position; whether one was."""
        if self._kept is None:
            return False
        self.disconnect()
        screen, self._have = self._kept
        self.writer = FragileWire(screen)
        self._kept = None
        return True

    def _left(self) -> None:
        assert self.subscriber
        self.world.hub.unsubscribe(self.key, self.subscriber, "reader")
        self.subscriber = None

    def check(self) -> None:
        """At one revision all windows on one listing show the same: an id never travels ahead of its steps."""
        if self.writer.failure:
            raise self.writer.failure
        if isinstance(self.screen, OpenRow):
            return  # what it is told is that there is news
        seen = self.world.shown.setdefault(self.position, self.screen.state)
        assert seen == self.screen.state, f"{self.key.listing.query!r} shows two things at {self.position}"
