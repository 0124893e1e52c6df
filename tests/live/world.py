"""One server in memory on a real database file, which can be slow, killed and released anew; and a judge of pages."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from rowcast.database import Database
from rowcast.database.sqlite import Sqlite
from rowcast.live.audience import Audience
from rowcast.live.encoder import encoder_of
from rowcast.live.feed_key import FeedKey
from rowcast.live.hub import Hub
from rowcast.live.limits import Limits
from rowcast.live.signals import signal_of
from rowcast.showing.table_renderer import TableRenderer
from rowcast.tables import matching_rows
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row, page_of, page_of_row
from rowcast.tables.page_cache import PageCache
from rowcast.tables.page_dependency import PageDependency, RowDependency
from rowcast.tables.serialization import page_as_json, row_as_json
from rowcast.users import USERS
from tests.copy import Copy
from tests.live.open_row import OpenRow, Shown
from tests.model import Screen
from tests.programs import REFUSED, PostgresProgram, SqliteProgram, program

AUDIENCE = Audience("en")
FOUND_BY = ("id", "role", "status", "changed", "username_key", "email_key")


class Compiled(dict[Any, Any]):
    """SQL by statement, for the engines of all servers: each start makes its own, and to compile is half of a read.

    SQLAlchemy keeps it by engine, and asks with a key that begins with the engine's dialect.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """Return what was compiled for any dialect of the kind."""
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), compiled)


COMPILED = Compiled()


class Edition(TableRenderer):
    """The templates of one release: in each, rows look different."""

    def __init__(self, number: int) -> None:
        super().__init__(USERS, AUDIENCE)
        self.number = number
        self.seed += f"/{number}"

    def row(self, row: Row) -> str:
        """Return the row as this release shows it."""
        return super().row(row).replace("<td>", f'<td class="release-{self.number}">')


class Judge(Edition):
    """The same templates with a memory that no mistake in a fingerprint can fool: it goes by all that a row holds."""

    def row(self, row: Row) -> str:
        """Return the row as this release shows it."""
        return super().row(replace(row, fingerprint=repr(row.values).encode()))


class World:
    """One database with its hub and signal, and what was shown at each revision."""

    def __init__(self, url: str, *, remembered: int = 32, slow: float = 0) -> None:
        self.url = url
        self.slow = slow  # seconds between what a feed's read saw and the feed seeing it
        self.edition = 0
        self.shown: dict[str, tuple[str, str]] = {}
        self._open = ExitStack()
        self.frames: Counter[str] = Counter()  # made until the server was stopped, by kind
        self.refreshes: Counter[str] = Counter()  # made, and spared
        self._reads: set[asyncio.Task[Page]] = set()
        self._limits = Limits(
            streams=100,
            streams_per_client=100,
            feeds=100,
            remembered=remembered,
            heartbeat=60,
            stream_life=60,
            stall=60,
            linger=60,
        )

    async def start(self) -> None:
        """Start the server."""
        self.database = Database(self.url)
        kind = self.database.kind
        for engine in (kind._engine if isinstance(kind, Sqlite) else kind._reading, kind._writing):
            engine.update_execution_options(compiled_cache=COMPILED)
        self.pages = PageCache(self.database)
        self.renderer = Edition(self.edition)
        self.hub = Hub(
            self._read,
            lambda key: encoder_of(key, self.renderer),
            lambda key: PageDependency(USERS, key.listing) if key.row is None else RowDependency(key.row),
            self._limits,
        )
        self.signal = signal_of(self.database, self.hub, (USERS,))
        await self.signal.start()

    async def stop(self) -> None:
        """Stop it; nobody is told."""
        self.hub.close()
        await self.signal.stop()
        await asyncio.gather(*self._reads, return_exceptions=True)  # they end before their connections do
        await self.database.close()
        self._open.close()
        self.__dict__.pop("_other", None)
        self.frames += self.hub.metrics.frames
        self.refreshes["spared"] += self.hub.metrics.spared

    async def served(self, key: FeedKey) -> tuple[Shown, str]:
        """Return the page that a request gets now, and its revision."""
        return self._shown(key, await self._page(key), self.renderer)

    async def judged(self, keys: Iterable[FeedKey], judge: Judge) -> dict[FeedKey, tuple[Shown, str]]:
        """Return the same pages made of nothing but the database, their rows found by other means and shown anew."""
        asked = list(dict.fromkeys(keys))
        pages = await self.database.query(lambda connection: [_read(connection, key) for key in asked])
        users = self._other.execute(f"SELECT {', '.join(FOUND_BY)} FROM users")
        found: dict[FeedKey, tuple[Shown, str]] = {}
        for key, page in zip(asked, pages, strict=True):
            screen, _ = found[key] = self._shown(key, page, judge)
            if isinstance(screen, OpenRow):
                continue
            ids, total = _expected(users, key.listing)
            assert screen.ids == [f"user-{id}" for id in ids], f"{key.listing.query!r} is not in its order"
            assert screen.says(total), f"{key.listing.query!r} has {total} rows"
        return found

    def execute(self, sql: str, *values: Any) -> None:
        """Write past the program, as ``sqlite3`` on the command line does; what the table refuses is not written."""
        self.execute_many((sql, values))

    def execute_many(self, *statements: tuple[str, Any]) -> None:
        """Write past the program, all in one transaction."""
        with suppress(*REFUSED):
            self._other.execute_many(*statements)

    @cached_property
    def _other(self) -> SqliteProgram | PostgresProgram:
        return self._open.enter_context(program(self.url))

    async def _read(self, key: FeedKey) -> Page:
        self.refreshes["made"] += 1
        page = await self._awaited(key)
        if self.slow:
            await asyncio.sleep(self.slow)
        return page

    async def _awaited(self, key: FeedKey) -> Page:
        read = asyncio.create_task(self._page(key))
        self._reads.add(read)
        read.add_done_callback(self._reads.discard)
        return await asyncio.shield(read)

    async def _page(self, key: FeedKey) -> Page:
        return await (self.pages.read(USERS, key.listing) if key.row is None else self.pages.read_row(USERS, key.row))

    def _shown(self, key: FeedKey, page: Page, renderer: TableRenderer) -> tuple[Shown, str]:
        revision = page.revision(renderer.seed)
        if key.row is not None:

            async def ask() -> str:
                return self.renderer.rows((await self._awaited(key)).rows)

            return OpenRow(renderer.rows(page.rows), ask), revision
        if key.format == "json":
            document = {**page_as_json(page, revision), "rows": [row_as_json(row) for row in page.rows]}
            return Copy(json.loads(json.dumps(document))), revision
        html = renderer.render("_listing.html", page=page, listing=key.listing, revision=revision)
        return Screen(html), revision


def _expected(users: Iterable[tuple[Any, ...]], listing: Listing) -> tuple[list[int], str]:
    """Return the ids on the page of ``listing``, and the total as it is told, by Python's own search and sort."""
    sort = listing.sort.removeprefix("-") or "username"
    column = FOUND_BY.index(f"{sort}_key" if sort in ("username", "email") else sort)
    narrowed, wanted = dict(listing.filters), listing.q.casefold().encode()
    found = []
    for user in users:
        id, role, status, *_, username, email = user
        if (
            narrowed.get("role", role) == role
            and narrowed.get("status", status) == status
            and (not wanted or wanted in _bytes(username) or wanted in _bytes(email))
        ):
            found.append((_bytes(user[column]), id))
    found.sort(reverse=listing.sort.startswith("-"))
    shown = found
    if len(found) > matching_rows.COUNTED and listing.is_narrowed:
        shown = found[: matching_rows.COUNTED]
    pages = max(1, -(-len(shown) // listing.size))
    first = (min(listing.page, pages) - 1) * listing.size
    ids = [id for _, id in shown[first : first + listing.size]]
    known = max(min(len(found), matching_rows.COUNTED), first + len(ids))
    return ids, f"{known:,}" if known == len(found) else f"more than {known:,}"


def _read(connection: Connection, key: FeedKey) -> Page:
    return page_of(connection, USERS, key.listing) if key.row is None else page_of_row(connection, USERS, key.row)


def _bytes(value: Any) -> Any:
    """Return ``value`` as the databases compare it: text code point by code point, which is byte by byte."""
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value or b""
