"""SqliteSignal: hears every commit to an SQLite file, whichever program made it, by polling ``data_version``."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from rowcast.database import Unreachable
from rowcast.database.sqlite import decode
from rowcast.database.sqlite_file import SqliteFile
from rowcast.live.inter_worker_relay import InterWorkerRelay
from rowcast.live.signals.change_log import ChangeLogReader
from rowcast.tables.row_change import RowChange
from rowcast.tables.table import Table

log = logging.getLogger(__name__)

INTERVAL = 0.025  # seconds; one look costs about 3 microseconds
UNKNOWN = -1  # no version: the file could not be read


class SqliteSignal:
    """Polls ``PRAGMA data_version``: it differs when another connection has committed since the last look.

    (https://www.sqlite.org/pragma.html#pragma_data_version.) This connection never writes, so it hears all others.
    What they wrote SQLite does not tell, but the logs of the ``tables`` do: ``changed`` is called with the name of a
    table and its rows that were written, None when that may be any. ``relay`` leads to the other workers, if any.
    """

    def __init__(
        self,
        file: Path,
        changed: Callable[[str, list[RowChange] | None], None],
        tables: Iterable[Table],
        relay: InterWorkerRelay | None = None,
    ) -> None:
        self._file = SqliteFile(file)
        self._changed = changed
        self._logs = [ChangeLogReader(table) for table in tables]
        self._relay = relay
        self._connection: sqlite3.Connection | None = None
        self._version = UNKNOWN
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen."""
        with suppress(Unreachable):  # one of several workers may begin while the file is away
            self._version = self._look()
        self._news()
        if self._relay is not None:
            self._relay.start()
        self._task = asyncio.create_task(self._poll())

    def committed(self) -> None:
        """Look at once: this process has committed, so nobody needs to wait for the next look."""
        self._compare()

    async def tell(self, token: str) -> bool:
        """Pass a browser's answer on to other processes; whether there are any."""
        if self._relay is None:
            return False
        self._relay.tell(token)
        return True

    async def stop(self) -> None:
        """Listen no longer."""
        if self._task is not None:
            self._task.cancel()
        if self._relay is not None:
            self._relay.stop()
        if self._connection is not None:
            self._connection.close()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            self._compare()

    def _compare(self) -> None:
        try:
            version = self._look()
        except (sqlite3.Error, Unreachable) as error:
            # Whatever happened, the pages may be old: they are read again, which tells more.
            version = UNKNOWN
            if self._version != UNKNOWN:
                log.error("The database file cannot be watched: %s", error)
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        if version != self._version:
            self._version = version
            for table, changes in self._news():
                if changes is None or changes:
                    self._changed(table, changes)

    def _look(self) -> int:
        self._file.check()
        if self._connection is None:
            self._connection = self._file.connect(isolation_level=None, timeout=0)
            self._connection.text_factory = decode
        row: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        return row[0]

    def _news(self) -> list[tuple[str, list[RowChange] | None]]:
        return [(log.table, log.since(self._connection)) for log in self._logs]
