"""ChangeLogReader: which rows were written, as the log tells that triggers keep on SQLite (migration 0003)."""

from __future__ import annotations

import sqlite3

from rowcast.tables.row_change import RowChange, RowState
from rowcast.tables.table import Table

MOST = 20  # rows; to judge a thousand listings by more would keep everybody waiting, and most would be changed


class ChangeLogReader:
    """Reads on from the last entry that was seen.

    What the log tells is all that was written only if that entry is still there as it was (it is not when it had to
    make room for others, or when another file was restored over this one), and only if the triggers are those that
    there were at the start. In any doubt, any row may have been written.
    """

    def __init__(self, table: Table) -> None:
        self.table = table.name
        self._log = table.change_log
        self._key_names = table.key_names
        self._names = table.query_columns
        self._columns = ", ".join(f"{side}_{name}" for side in ("before", "after") for name in self._names)
        self._seen: tuple[int, int] | None = None
        self._schema = -1
        self._triggers: list[tuple[str]] | None = None

    def since(self, connection: sqlite3.Connection | None) -> list[RowChange] | None:
        """Return what was written since the last time; None when that may be any row."""
        try:
            if self._log and connection is not None:
                return self._read_on(connection)
        except sqlite3.Error:
            pass  # the log is gone, or locked
        self._seen = None
        return None

    def _read_on(self, connection: sqlite3.Connection) -> list[RowChange] | None:
        (schema,) = connection.execute("PRAGMA schema_version").fetchone()
        if self._seen is None or schema != self._schema:
            self._schema = schema
            return self._begin(connection)
        sql = f"SELECT seq, mark, {self._columns} FROM {self._log} WHERE seq >= ? ORDER BY seq"  # noqa: S608
        seen, *entries = connection.execute(sql, (self._seen[0],)).fetchall() or [()]
        if seen[:2] != self._seen:
            return self._begin(connection)
        if entries:
            self._seen = entries[-1][:2]
        return None if len(entries) > MOST else [self._row_change(entry[2:]) for entry in entries]

    def _begin(self, connection: sqlite3.Connection) -> list[RowChange] | None:
        sql = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND instr(sql, ?) ORDER BY name"
        triggers = connection.execute(sql, (self._log,)).fetchall()
        self._triggers = self._triggers or triggers
        sql = f"SELECT seq, mark FROM {self._log} ORDER BY seq DESC LIMIT 1"  # noqa: S608
        self._seen = connection.execute(sql).fetchone() if triggers and triggers == self._triggers else None
        return None

    def _row_change(self, values: tuple[object, ...]) -> RowChange:
        width = len(self._names)
        before, after = (dict(zip(self._names, side, strict=True)) for side in (values[:width], values[width:]))
        return RowChange(self._state(before), self._state(after), self._key_names)

    def _state(self, found: RowState) -> RowState | None:
        return None if all(found[name] is None for name in self._key_names) else found
