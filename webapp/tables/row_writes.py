"""Creates, edits and deletes a row, with the Change that records it, in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Update

from rowcast.i18n import Message
from rowcast.tables import write_statements
from rowcast.tables.key import INTEGERS, Key
from rowcast.tables.key_clause import bound
from rowcast.tables.page import Row, row_of
from rowcast.tables.serialization import plain_value
from rowcast.tables.table import Table
from rowcast.tables.text_normalization import fold
from rowcast.tables.three_way_merge import contested


class ValueTaken(Exception):
    """Another row has this value: ``errors`` says so by column."""

    def __init__(self, errors: dict[str, Message]) -> None:
        self.errors = errors


class RowNotFound(Exception):
    """There is no row with this key (any more)."""


class VersionConflict(Exception):
    """The row is not as the writer says that it saw it; ``row`` is how it is now."""

    def __init__(self, row: Row) -> None:
        self.row = row


class PreconditionFailed(VersionConflict):
    """The row is not one that the writer expects."""


def create(connection: Connection, table: Table, fields: Mapping[str, Any], *, by: str) -> Row:
    """Add a row with ``fields``; raises ValueTaken."""
    now = datetime.now(UTC)
    kept = _kept(table, fields)
    _check_taken(connection, table, None, kept)
    values = write_statements.columns(table, {"version": 1, "created": now, "changed": now, **kept})
    key = Key(_change(connection, write_statements.inserting(table), values).inserted_primary_key)
    _record(connection, table, key, "create", by, None, fields)
    return _current(connection, table, key)


def edit(
    connection: Connection,
    table: Table,
    key: Key,
    fields: Mapping[str, Any],
    *,
    version: int | None,
    by: str,
    expected: Callable[[Row], bool] | None = None,
    given: Mapping[str, Any] | None = None,
) -> Row:
    """Set ``fields`` of a row; no effect, and no Change, when they are so already.

    ``version`` is the one that the writer saw, None to set the fields whatever it is; ``expected`` looks at the row
    before anything is set. What the writer was ``given`` may be of an older version, as long as nobody else changed
    the same fields. Raises RowNotFound, PreconditionFailed, VersionConflict, ValueTaken.
    """
    row = found(connection, table, key, expected)
    before = {name: row.values[name] for name, value in fields.items() if row.values[name] != value}
    if not before:
        return row
    if contested(given or {}, fields, row.values):
        _check_version(row, version)
    after = {name: fields[name] for name in before}
    kept = _kept(table, after)
    _check_taken(connection, table, key, kept)
    values = write_statements.columns(
        table, {"version": _next(row.values["version"]), "changed": datetime.now(UTC), **kept}
    )
    _change(connection, write_statements.updating(table), {**bound(table, key), **values})
    key = table.key_of({**row.values, **after})  # fields may be part of it
    _record(connection, table, key, "edit", by, before, after)
    return _current(connection, table, key)


def delete(
    connection: Connection,
    table: Table,
    key: Key,
    *,
    version: int | None,
    by: str,
    expected: Callable[[Row], bool] | None = None,
) -> Row:
    """Delete a row and return how it was; ``version`` and ``expected`` as for edit."""
    row = found(connection, table, key, expected)
    _check_version(row, version)
    _change(connection, write_statements.deleting(table), bound(table, key))
    before = {column.name: row.values[column.name] for column in table.fields}
    _record(connection, table, key, "delete", by, before, None)
    return row


def taken_among(connection: Connection, table: Table, key: Key | None, fields: Mapping[str, Any]) -> dict[str, Message]:
    """Return which of ``fields`` another row has than ``key``, and what is said of it, by column."""
    return _taken(connection, table, key, _kept(table, fields))


def found(connection: Connection, table: Table, key: Key, expected: Callable[[Row], bool] | None) -> Row:
    """Return a row, locked where rows can be, so that what is decided about it stays true until it is written.

    Raises RowNotFound, and PreconditionFailed when it is not as ``expected``.
    """
    row = _current(connection, table, key, is_locked=True)
    if expected is not None and not expected(row):
        raise PreconditionFailed(row)
    return row


def _check_version(row: Row, version: int | None) -> None:
    if version not in (None, row.values["version"]):
        raise VersionConflict(row)


def _next(version: int) -> int:
    # After the largest that another program can have set comes one that no form has seen.
    return version + 1 if version < INTEGERS[-1] else INTEGERS[0]


def _kept(table: Table, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``fields``, and by what they are compared."""
    folded = {column.key.key: column.name for column in table.columns if column.key is not None}
    return {**fields, **{key: fold(fields[name]) for key, name in folded.items() if name in fields}}


def _check_taken(connection: Connection, table: Table, key: Key | None, kept: Mapping[str, Any]) -> None:
    if taken := _taken(connection, table, key, kept):
        raise ValueTaken(taken)


def _taken(connection: Connection, table: Table, key: Key | None, kept: Mapping[str, Any]) -> dict[str, Message]:
    taken = {}
    for column in table.columns:
        if column.taken and column.name in kept:
            asked = {"value": kept[column.sort_key.key], **bound(table, key)}
            if connection.execute(write_statements.others(table, column), asked).first() is not None:
                taken[column.name] = column.taken
    return taken


def _change(connection: Connection, statement: Insert | Update | Delete, values: Mapping[str, Any]) -> Any:
    done = connection.execute(statement, values)
    if done.rowcount != 1:
        raise RuntimeError("a trigger of the database kept a row from being written")
    return done


def _record(connection: Connection, table: Table, key: Key, verb: str, by: str, before: Any, after: Any) -> None:
    line: dict[str, Any] = {"at": datetime.now(UTC), "by": by, "verb": verb, "table_name": table.name}
    line |= {"row_key": str(key), "before": before and _plain(before), "after": after and _plain(after)}
    connection.execute(write_statements.RECORD, line)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    # The history is JSON, and what another program wrote here need not be.
    return {name: plain_value(value) for name, value in fields.items()}


def _current(connection: Connection, table: Table, key: Key, *, is_locked: bool = False) -> Row:
    row = row_of(connection, table, key, is_locked=is_locked)
    if row is None:
        raise RowNotFound
    return row
