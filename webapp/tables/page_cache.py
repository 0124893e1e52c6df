"""PageCache: pages and rows, read once for each state of the database, however many ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from rowcast.database import Database
from rowcast.database.fair_semaphore import FairSemaphore
from rowcast.tables.history import changes_of
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row, page_of, page_of_row, row_of
from rowcast.tables.table import Table

T = TypeVar("T")

KEPT = 64  # pages, some 30 to 130 KB each, or rows
READS_AT_ONCE = 8  # for those who ask by themselves; feeds have as many of their own
SHARE = 2  # of them, for one client: what it searches for may take seconds


class PageCache:
    """The pages and rows of ``database``. One that is kept is what a read would return now, to whoever asks:

    - The database's version is looked at for each who asks, and before the read begins. So what is kept under a version
      was read of that state or of a later one; and when that version still stands, no program has committed in between
      (not another process either), so the two are one state. Who is told that a write is done finds it: a commit is in
      the version before it is told.
    - Who asks while a read of the same is under way gets its result, if the version is still that from before it:
      for the same reason nothing was committed before they asked that this read may have missed.
    - A version that cannot be told (PostgreSQL; a file that cannot be looked at) is no version: all is read.
    - A read that fails is not kept.
    - What is not kept is read when it is the turn of the ``client`` that asks.

    ``Page.read_at`` stays that of the read: nothing has changed since.
    """

    def __init__(self, database: Database, kept: int = KEPT) -> None:
        self._database = database
        self._most = kept
        self._version: object = None
        self._kept: dict[object, asyncio.Task[Any]] = {}
        self._turns = FairSemaphore(READS_AT_ONCE, SHARE)

    async def read(self, table: Table, listing: Listing, client: str | None = None) -> Page:
        """Return the page of ``listing`` as it is now; for no ``client`` in particular, at once."""
        return await self._get((table, listing), lambda connection: page_of(connection, table, listing), client)

    async def read_row(self, table: Table, key: Key) -> Page:
        """Return the page of one row alone as it is now."""
        return await self._get((table, key, "page"), lambda connection: page_of_row(connection, table, key))

    async def row(self, table: Table, key: Key) -> tuple[Row | None, list[Any]]:
        """Return a row as it is now (None: there is none with this key), and its newest changes."""
        return await self._get((table, key), lambda c: (row_of(c, table, key), changes_of(c, table, key)))

    async def _get(self, key: object, work: Callable[[Connection], T], client: str | None = None) -> T:
        read = self._find(key)
        if read is None and client is not None:
            turn = await self._turns.acquire((client,))
            read = self._find(key)  # others may have asked meanwhile
            if read is None:
                read = self._begin(key, work)
                # Who asked may leave, but the read goes on.
                read.add_done_callback(lambda _: self._turns.release(turn))
            else:
                self._turns.release(turn)
        found: T = await asyncio.shield(read or self._begin(key, work))
        return found

    def _find(self, key: object) -> asyncio.Task[Any] | None:
        version = self._database.version()
        if version is None or version != self._version:
            self._version, self._kept = version, {}
        return self._kept.get(key)

    def _begin(self, key: object, work: Callable[[Connection], T]) -> asyncio.Task[T]:
        # Of nobody's request: who asked first may leave, and what is kept must not keep the request.
        read = asyncio.create_task(self._database.query(work), context=Context())
        if self._version is not None:
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = read
            read.add_done_callback(partial(_forget_failed, self._kept, key))
        return read


def _forget_failed(kept: dict[object, asyncio.Task[Any]], key: object, read: asyncio.Task[Any]) -> None:
    if (read.cancelled() or read.exception()) and kept.get(key) is read:
        del kept[key]
