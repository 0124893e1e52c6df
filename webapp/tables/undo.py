"""Undo: takes the newest change of a row back, as long as nothing came after it, in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from rowcast.tables import row_writes
from rowcast.tables.history import HistoryLine, newest_change
from rowcast.tables.idempotency import Written
from rowcast.tables.key import Key
from rowcast.tables.page import Row
from rowcast.tables.row_writes import VersionConflict, found
from rowcast.tables.table import Table

TWICE = timedelta(seconds=5)  # in which a form that is sent twice comes again, when the first had to wait


def undo(
    connection: Connection,
    table: Table,
    key: Key,
    *,
    version: int | None,
    by: str,
    expected: Callable[[Row], bool] | None = None,
) -> Written:
    """Set what the newest change of the row set to what it was before, or delete the row that it added.

    That is a change like any other. ``version`` and ``expected`` as for edit. Raises what edit raises, and
    VersionConflict also when the row is not as that change left it: then another program wrote it.
    """
    row = found(connection, table, key, expected)
    change = newest_change(connection, table, key)
    if change is None or not _is_newest(change, row) or version not in (None, row.values["version"]):
        raise VersionConflict(row)
    if change.verb == "create":
        return Written.of("delete", row_writes.delete(connection, table, key, version=version, by=by))
    try:
        before = table.patch.model_validate(change.before).model_dump(exclude_unset=True)
    except ValidationError:  # what another program wrote into the history
        raise VersionConflict(row) from None
    row = row_writes.edit(connection, table, key, before, version=version, by=by)
    return Written.of("edit", row, before)


def is_newest_change(
    connection: Connection, table: Table, row: Row, fields: Mapping[str, Any], began: datetime, by: str
) -> bool:
    """Whether the newest change of the ``row`` is that ``by`` set these ``fields``: since ``began``, or just before.

    For who sets what is so already has changed nothing, unless the first half of a double click did.
    """
    if row.values["changed"] >= began:
        return True
    change = newest_change(connection, table, row.key)
    if change is None or change.verb != "edit" or change.by != by or not change.after:
        return False
    if not isinstance(change.at, datetime) or began - change.at > TWICE:
        return False
    return change.after.keys() <= fields.keys() and _is_newest(change, row)


def _is_newest(change: HistoryLine, row: Row) -> bool:
    # Whether the row is as it left it; other programs write neither history nor, perhaps, versions.
    before, after = change.before or {}, change.after or {}
    is_whole = change.verb == "create" or (change.verb == "edit" and before.keys() == after.keys())
    return is_whole and bool(after) and after.items() <= row.values.items()
