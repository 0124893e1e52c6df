"""Change: one line of history, who did what to which row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.tables.key import Key
from rowcast.tables.model import Base, UtcDateTime
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


OF_ROW = (
    select(Change.at, Change.by, Change.verb, Change.before, Change.after)
    .where(Change.table == bindparam("of"), Change.row_key == bindparam("spelt"))
    .order_by(Change.id.desc())
    .limit(bindparam("most"))
)


def changes_of(connection: Connection, table: Table, key: Key, limit: int = 20) -> list[Any]:
    """Return the newest changes of one row, newest first."""
    return list(connection.execute(OF_ROW, {"of": table.name, "spelt": str(key), "most": limit}))


def newest_change(connection: Connection, table: Table, key: Key) -> Any | None:
    """Return the newest change of one row."""
    return next(iter(changes_of(connection, table, key, limit=1)), None)


def fields_of(told: Any) -> dict[str, Any]:
    """Return the fields that a change tells of; none where another program wrote something else there."""
    return told if isinstance(told, dict) else {}


def was_just_set(connection: Connection, table: Table, key: Key, fields: Mapping[str, Any], seconds: float) -> bool:
    """Whether the same ``fields`` were set to something else in the last ``seconds``.

    One click in a row sets what the next one would change again: who clicks twice, or on what another has just changed,
    meant what stood there before.
    """
    change = newest_change(connection, table, key)
    if change is None or change.verb != "edit":
        return False
    after = fields_of(change.after)
    if after.keys() != fields.keys() or after == fields:
        return False
    age: timedelta = datetime.now(UTC) - change.at
    return abs(age.total_seconds()) < seconds  # the clocks of two nodes may differ
