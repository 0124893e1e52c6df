"""Create, edit, delete: the row and the Change that records it, in the caller's one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.messages import Message
from webapp.tables.history import Change
from webapp.tables.model import Tracked
from webapp.tables.page import Row, row_of
from webapp.tables.table import Column, Table
from webapp.tables.text import fold


class Taken(Exception):
    """Another row has this value: ``errors`` says so by column."""

    def __init__(self, errors: dict[str, Message]) -> None:
        self.errors = errors


class Missing(Exception):
    """There is no row with this id (any more)."""


class Conflict(Exception):
    """The row is not as the writer says that it saw it; ``row`` is how it is now."""

    def __init__(self, row: Row) -> None:
        self.row = row


class Unexpected(Conflict):
    """The row is not one that the writer expects."""


def create(session: Session, table: Table, fields: Mapping[str, Any], *, by: str) -> Row:
    """Add a row with ``fields``; raises Taken."""
    now = datetime.now(UTC)
    entity = table.model(version=1, created=now, changed=now)
    _assign(session, table, entity, fields)
    session.add(entity)
    session.flush()
    _record(session, table, entity.id, "create", by, None, fields)
    return _current(session, table, entity.id)


def edit(
    session: Session,
    table: Table,
    id: int,
    fields: Mapping[str, Any],
    *,
    version: int | None,
    by: str,
    expected: Callable[[Row], bool] | None = None,
) -> Row:
    """Set ``fields`` of a row; no effect, and no Change, when they are so already.

    ``version`` is the one that the writer saw, None to set the fields whatever it is; ``expected`` looks at the row
    before anything is set. Raises Missing, Unexpected, Conflict, Taken.
    """
    entity = _find(session, table, id)
    if expected is not None:
        _check(session, table, id, expected)
    before = {name: getattr(entity, name) for name, value in fields.items() if getattr(entity, name) != value}
    if before:
        _check_version(session, table, entity, version)
        after = {name: fields[name] for name in before}
        _assign(session, table, entity, after)
        entity.version += 1
        entity.changed = datetime.now(UTC)
        session.flush()
        _record(session, table, id, "edit", by, before, after)
    return _current(session, table, id)


def delete(
    session: Session,
    table: Table,
    id: int,
    *,
    version: int | None,
    by: str,
    expected: Callable[[Row], bool] | None = None,
) -> Row:
    """Delete a row and return how it was; ``version`` and ``expected`` as for edit."""
    entity = _find(session, table, id)
    row = _current(session, table, id) if expected is None else _check(session, table, id, expected)
    _check_version(session, table, entity, version)
    session.delete(entity)
    session.flush()
    _record(session, table, id, "delete", by, {column.name: row.values[column.name] for column in table.fields}, None)
    return row


def _find(session: Session, table: Table, id: int) -> Tracked:
    # Locked, where rows can be, so that what is decided about it stays true until it is written.
    entity = session.get(table.model, id, with_for_update=True)
    if entity is None:
        raise Missing
    return entity


def _check(session: Session, table: Table, id: int, expected: Callable[[Row], bool]) -> Row:
    row = _current(session, table, id)
    if not expected(row):
        raise Unexpected(row)
    return row


def _check_version(session: Session, table: Table, entity: Tracked, version: int | None) -> None:
    if version not in (None, entity.version):
        raise Conflict(_current(session, table, entity.id))


def _assign(session: Session, table: Table, entity: Tracked, fields: Mapping[str, Any]) -> None:
    taken = {}
    for name, value in fields.items():
        column = table.by_name[name]
        setattr(entity, name, value)
        if column.key is not None:
            setattr(entity, column.key.key, fold(value))
        if column.taken and _is_taken(session, table, entity, column):
            taken[name] = column.taken
    if taken:
        raise Taken(taken)


def _is_taken(session: Session, table: Table, entity: Tracked, column: Column) -> bool:
    value = getattr(entity, column.sort_key.key)
    with session.no_autoflush:
        others = select(table.model.id).where(column.sort_key == value, table.model.id != entity.id)
        return session.execute(others).first() is not None


def _record(session: Session, table: Table, id: int, verb: str, by: str, before: Any, after: Any) -> None:
    now = datetime.now(UTC)
    session.add(Change(at=now, by=by, verb=verb, table=table.name, row_id=id, before=before, after=after))


def _current(session: Session, table: Table, id: int) -> Row:
    row = row_of(session.connection(), table, id)
    if row is None:
        raise Missing
    return row
