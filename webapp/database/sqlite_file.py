"""SqliteFile: the file of an SQLite database, which is missed when it is taken away, and never made anew."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL

from rowcast.database.errors import Unreachable


class SqliteFile:
    """The file at ``path``, which is the one that was found there first.

    Connections that are open go on with a file that was removed, or that another took the place of: what they write
    nobody will see. What SQLite opens where there is nothing it makes, unless it is told not to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._first = self._identity()

    @property
    def address(self) -> str:
        """What SQLite is to open, as a URI."""
        return f"file:{quote(str(self.path))}?mode=rw"

    @property
    def is_there(self) -> bool:
        """Whether the file is still the one that was found first; takes some 2 microseconds."""
        found = self._identity()
        if self._first is None:
            self._first = found
        return found is not None and found == self._first

    def check(self) -> None:
        """Raise Unreachable unless the file is still there."""
        if not self.is_there:
            raise Unreachable(
                f"{self.path} was removed, or another file has taken its place. Nothing is read or written until it is "
                "back; restart Rowcast to use what is there now"
            )

    def connect(self, **options: Any) -> sqlite3.Connection:
        """Return a connection; raises sqlite3.Error when there is no file."""
        connection: sqlite3.Connection = sqlite3.connect(self.address, uri=True, **options)
        return connection

    def url(self, url: URL) -> URL:
        """Return ``url``, which names the file, so that connections to it make no file."""
        return url.set(database=f"file:{quote(str(self.path))}", query={"mode": "rw", "uri": "true"})

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
