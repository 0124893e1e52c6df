"""DataVersionWatcher: tells whether any program has committed to an SQLite file since the last look."""

from __future__ import annotations

import sqlite3

from rowcast.database.sqlite_file import SqliteFile


class DataVersionWatcher:
    """Tells the version of the database in ``file``, of a connection that never writes and so hears all others.

    (https://www.sqlite.org/pragma.html#pragma_data_version.) A look takes some 5 microseconds and waits for nobody.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._opened = 0

    def look(self) -> tuple[int, int] | None:
        """Return what differs from all that was returned before the last commit; None when the file cannot be read."""
        if not self._file.is_there:
            return None
        try:
            if self._connection is None:
                self._connection = self._file.connect(isolation_level=None, timeout=0)
                self._opened += 1  # another connection counts from anywhere
            row: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            self.close()
            return None
        return self._opened, row[0]

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
