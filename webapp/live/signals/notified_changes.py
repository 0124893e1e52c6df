"""NotifiedChanges: which rows were written, as NOTIFY tells on PostgreSQL (migration 0004)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from rowcast.live.signals.change_log import MOST
from rowcast.tables.row_change import RowChange, RowState
from rowcast.tables.table import Table


class NotifiedChanges:
    """What was heard and is not yet passed on to ``changed``.

    Commits that are heard at once are judged at once: together they may be too many to be judged.
    """

    def __init__(self, tables: Iterable[Table], changed: Callable[[str, list[RowChange] | None], None]) -> None:
        self._tables = {table.name: table for table in tables}
        self._changed = changed
        self._heard: dict[str, list[RowChange] | None] = {}

    def hear(self, payload: str) -> None:
        """Take the name of a table and its rows that were written, as one NOTIFY has them."""
        name, _, text = payload.partition(" ")
        self.add(name, parse_changes(self._tables[name], text) if name in self._tables else None)

    def add(self, table: str, changes: list[RowChange] | None) -> None:
        """Take that ``changes`` of ``table`` were made, None: any row may have been written."""
        if not self._heard:
            asyncio.get_running_loop().call_soon(self._pass_on)
        known = self._heard.get(table, [])
        if known is None or changes is None or len(known) + len(changes) > MOST:
            self._heard[table] = None
        else:
            self._heard[table] = [*known, *changes]

    def _pass_on(self) -> None:
        heard, self._heard = self._heard, {}
        for table, changes in heard.items():
            self._changed(table, changes)


def parse_changes(table: Table, text: str) -> list[RowChange] | None:
    """Return the rows that ``text`` tells of; None when it does not tell all that decides: that may be any row."""
    try:
        changes = json.loads(text)
        return [RowChange(_state(table, was), _state(table, is_now), table.key_names) for was, is_now in changes]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _state(table: Table, values: Mapping[str, Any] | None) -> RowState | None:
    if values is None:
        return None
    # As a page has them. A moment that Python does not know is a ValueError.
    return {
        name: datetime.fromisoformat(values[name]) if name in table.moments else values[name]
        for name in table.query_columns
    }
