"""Hears every commit to an SQLite file, whichever program made it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from webapp.database.sqlite import decode
from webapp.live.peers import Peers
from webapp.live.signals.touched import Touched
from webapp.tables.table import Table
from webapp.tables.touching import Touch

log = logging.getLogger(__name__)

INTERVAL = 0.025  # seconds; one look costs about 3 microseconds
UNKNOWN = -1  # no version: the file could not be read


class SqliteSignal:
    """Polls ``PRAGMA data_version``: it differs when another connection has committed since the last look.

    (https://www.sqlite.org/pragma.html#pragma_data_version.) This connection never writes, so it hears all others.
    What they wrote SQLite does not tell, but the logs of the ``tables`` do: ``changed`` is called with the name of a
    table and its rows that were touched, None when that may be any. ``peers`` are the other workers, if any.
    """

    def __init__(
        self,
        file: Path,
        changed: Callable[[str, list[Touch] | None], None],
        tables: Iterable[Table],
        peers: Peers | None = None,
    ) -> None:
        self._file = file
        self._changed = changed
        self._touched = [Touched(table) for table in tables]
        self._peers = peers
        self._connection: sqlite3.Connection | None = None
        self._version = UNKNOWN
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._version = self._look()
        self._news()
        if self._peers is not None:
            self._peers.start()
        self._task = asyncio.create_task(self._poll())

    def committed(self) -> None:
        """Look at once: this process has committed, so nobody needs to wait for the next look."""
        self._compare()

    async def tell(self, token: str) -> bool:
        """Pass a browser's answer on to other processes; whether there are any."""
        if self._peers is None:
            return False
        self._peers.tell(token)
        return True

    async def stop(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()
        if self._peers is not None:
            self._peers.stop()
        if self._connection is not None:
            self._connection.close()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            self._compare()

    def _compare(self) -> None:
        try:
            version = self._look()
        except sqlite3.Error:
            # Whatever happened, the pages may be old: they are read again, which tells more.
            version = UNKNOWN
            if self._version != UNKNOWN:
                log.warning("The database file cannot be watched", exc_info=True)
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        if version != self._version:
            self._version = version
            for table, touches in self._news():
                if touches is None or touches:
                    self._changed(table, touches)

    def _look(self) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(self._file, isolation_level=None, timeout=0)
            self._connection.text_factory = decode
        row: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        return row[0]

    def _news(self) -> list[tuple[str, list[Touch] | None]]:
        return [(touched.table, touched.since(self._connection)) for touched in self._touched]
