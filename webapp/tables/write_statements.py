"""INSERT, UPDATE and DELETE statements, made once for each table: making one takes longer than running it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update, bindparam, delete, insert, select, update

from rowcast.tables.history import Change
from rowcast.tables.key_clause import is_other_row, is_row
from rowcast.tables.table import Column, Table

RECORD = insert(Change)


@cache
def inserting(table: Table) -> Insert:
    """Return what adds a row."""
    return insert(table.model)


@cache
def updating(table: Table) -> Update:
    """Return what changes the row whose key is bound."""
    return update(table.model).where(is_row(table))


@cache
def deleting(table: Table) -> Delete:
    """Return what deletes the row whose key is bound."""
    return delete(table.model).where(is_row(table))


@cache
def others(table: Table, column: Column) -> Select[Any]:
    """Return the query for another row than the one whose key is bound, with ``value`` to compare ``column`` by."""
    found = select(*table.key_columns).where(column.sort_key == bindparam("value"), is_other_row(table))
    return found.limit(1)


def columns(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` by the keys of the table's columns, instead of by attribute."""
    found = table.model.__mapper__.columns
    return {found[name].key: value for name, value in values.items()}
