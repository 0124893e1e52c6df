"""Change: one line of history, who did what to which row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import JSON, Connection, Text, bindparam, cast, select
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.tables.key import Key
from rowcast.tables.model import Base, UtcDateTime, read_moment
from rowcast.tables.page import Row
from rowcast.tables.table import Table


class Change(Base):
    """``by`` did ``verb`` (create, edit, delete) to the row of ``table`` whose key is spelt ``row_key``.

    ``before`` and ``after`` are its fields, as far as they differ.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str]
    verb: Mapped[str]
    table: Mapped[str] = mapped_column("table_name")
    row_key: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class HistoryLine(NamedTuple):
    """One line as it is read: what another program wrote may be no moment, and no fields."""

    at: datetime | str
    by: str
    verb: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


BESIDE = timedelta(seconds=1)  # between the moments of a row and of its line in the history, of one write
# As text, for a line that cannot be read as what it should be would take the whole history from everybody.
TEXTS: list[Any] = [cast(c, Text) for c in (Change.at, Change.by, Change.verb, Change.before, Change.after)]
LINES = (
    select(*TEXTS)
    .where(Change.table == bindparam("of"), Change.row_key == bindparam("spelt"))
    .order_by(Change.id.desc())
    .limit(bindparam("most"))
)


def changes_of(connection: Connection, table: Table, key: Key, limit: int = 20) -> list[HistoryLine]:
    """Return the newest changes of one row, newest first."""
    found = connection.execute(LINES, {"of": table.name, "spelt": str(key), "most": limit})
    return [_line(*line) for line in found]


def newest_change(connection: Connection, table: Table, key: Key) -> HistoryLine | None:
    """Return the newest change of one row."""
    return next(iter(changes_of(connection, table, key, limit=1)), None)


def has_missed(changes: Sequence[HistoryLine], row: Row) -> bool:
    """Whether another program has changed the row after the newest of its ``changes``, which nobody wrote down."""
    at, changed = changes[0].at if changes else None, row.values["changed"]
    return isinstance(at, datetime) and isinstance(changed, datetime) and changed > at + BESIDE


def was_just_set(connection: Connection, table: Table, key: Key, fields: Mapping[str, Any], seconds: float) -> bool:
    """Whether the same ``fields`` were set to something else in the last ``seconds``.

    One click in a row sets what the next one would change again: who clicks twice, or on what another has just changed,
    meant what stood there before.
    """
    change = newest_change(connection, table, key)
    if change is None or change.verb != "edit" or not isinstance(change.at, datetime):
        return False
    if (change.after or {}).keys() != fields.keys() or change.after == fields:
        return False
    age: timedelta = datetime.now(UTC) - change.at
    return abs(age.total_seconds()) < seconds  # the clocks of two nodes may differ


def _line(at: str, by: str, verb: str, before: str | None, after: str | None) -> HistoryLine:
    was, is_now = _fields(before), _fields(after)
    if verb not in ("create", "delete"):
        is_now = is_now or {}
        was = was or {}
    return HistoryLine(read_moment(at), by, verb, was, is_now)


def _fields(text: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in found.items()}
