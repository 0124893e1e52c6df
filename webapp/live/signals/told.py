"""Which rows of a table were touched, as NOTIFY tells on PostgreSQL (migration 0004)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.tables.table import Table
from webapp.tables.touching import State, Touch


def told(table: Table, text: str) -> list[Touch] | None:
    """Return the rows that ``text`` tells of; None when it does not tell all that decides: that may be any row."""
    try:
        return [Touch(_state(table, before), _state(table, after)) for before, after in json.loads(text)]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _state(table: Table, values: Mapping[str, Any] | None) -> State | None:
    if values is None:
        return None
    # As a page has them. A moment that Python does not know is a ValueError.
    return {
        name: datetime.fromisoformat(values[name]) if name in table.moments else values[name] for name in table.deciding
    }
