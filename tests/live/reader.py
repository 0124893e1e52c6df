"""A reader of a listing on a hub with a real database: opens a page, follows it, loses the connection, comes back."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.live.wire import MemoryWire
from tests.model import Screen
from webapp.database import Database
from webapp.live.hub import Hub
from webapp.live.limits import Audience, Key, Limits
from webapp.live.signals.sqlite import SqliteSignal
from webapp.live.subscriber import Subscriber
from webapp.rendering import TableRenderer
from webapp.tables.listing import Listing
from webapp.tables.page import Page, read_page
from webapp.users import USERS

AUDIENCE = Audience("en")
LIMITS = Limits(
    streams=100, streams_per_client=100, feeds=100, remembered=32, heartbeat=60, stream_life=60, stall=60, linger=60
)


class World:
    """One database file with its hub and signal, and what was shown at each revision."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.database = Database(f"sqlite+aiosqlite:///{file}")
        self.renderer = TableRenderer(USERS, AUDIENCE)
        self.hub = Hub(self.read, lambda _key: self.renderer, LIMITS)
        self.signal = SqliteSignal(file, self.hub.changed)
        self.shown: dict[str, tuple[str, str]] = {}

    async def start(self) -> None:
        """Begin to hear changes."""
        await self.signal.start()

    async def stop(self) -> None:
        """Close all."""
        self.hub.close()
        await self.signal.stop()
        await self.database.close()

    async def read(self, key: Key) -> Page:
        """Read a page, as the app does."""
        async with self.database.read() as connection:
            return await read_page(connection, USERS, key.listing)

    async def fresh(self, key: Key) -> tuple[Screen, str]:
        """Return the page that a request gets now, and its revision."""
        page = await self.read(key)
        revision = page.revision(self.renderer.seed)
        html = self.renderer.render("_listing.html", page=page, listing=key.listing, revision=revision)
        return Screen(html), revision

    def execute(self, sql: str, *values: Any) -> None:
        """Write past the program, as ``sqlite3`` on the command line does; what the table refuses is not written."""
        with closing(sqlite3.connect(self.file)) as connection:
            try:
                with connection:
                    connection.execute(sql, values)
            except sqlite3.IntegrityError:
                return

    @property
    def frames(self) -> Counter[str]:
        """How many frames were made, by kind."""
        return self.hub.meters.frames


class Reader:
    """One browser window on ``listing``."""

    def __init__(self, world: World, listing: Listing) -> None:
        self.world = world
        self.key = Key(USERS.name, listing, AUDIENCE)
        self.wire = MemoryWire()
        self.have = ""
        self._subscriber: Subscriber | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a stream is open."""
        return self._subscriber is not None

    @property
    def screen(self) -> Screen:
        """What the window shows."""
        assert self.wire.screen
        return self.wire.screen

    async def open(self) -> None:
        """Load the page; its stream opens later."""
        self.disconnect()
        screen, self.have = await self.world.fresh(self.key)
        self.wire = MemoryWire(screen)

    async def connect(self, have: str | None = None) -> None:
        """Open the stream at ``have``: by default where the window is, by its last event or by its page."""
        position = (self.wire.last_id or self.have) if have is None else have
        await self.world.hub.feed(self.key)
        self.wire = MemoryWire(self.screen)
        self.have = position
        self._subscriber = self.world.hub.subscribe(self.key, self.wire, position, "reader")

    def disconnect(self) -> None:
        """Lose the connection, and with it what was not read."""
        if self._subscriber is not None:
            self.world.hub.unsubscribe(self.key, self._subscriber, "reader")
            self._subscriber.closed()
            self._subscriber = None
            self.have = self.wire.last_id or self.have

    def lag(self, lags: bool) -> None:
        """Take nothing more, or again all."""
        assert self._subscriber
        if lags and not self.wire.is_full:
            self.wire.hold(self._subscriber)
        elif self.wire.is_full and not lags:
            self.wire.drain(self._subscriber)

    def check(self) -> None:
        """At one revision all windows on one listing show the same: an id never travels ahead of its steps."""
        if self.wire.last_id:
            assert self.world.shown.setdefault(self.wire.last_id, self.screen.state) == self.screen.state
