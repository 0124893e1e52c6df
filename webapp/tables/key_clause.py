"""SQL conditions on the key of a row, of however many columns it is."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Dialect, Integer, Select, and_, bindparam, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from rowcast.tables.key import Key
from rowcast.tables.table import Table


def is_row(table: Table) -> ColumnElement[bool]:
    """Return what is true of one row: the one whose key is ``bound``."""
    return and_(*(column == _parameter(table, place, column) for place, column in enumerate(table.key_columns)))


def is_other_row(table: Table) -> ColumnElement[bool]:
    """Return what is true of all other rows; of all, when no key is bound."""
    columns = enumerate(table.key_columns)
    return or_(*(column.is_distinct_from(_parameter(table, place, column)) for place, column in columns))


def bound(table: Table, key: Key | None) -> dict[str, Any]:
    """Return the parameters that stand for ``key`` in these conditions."""
    return {name: key and key[place] for place, name in enumerate(_names(table))}


def is_among(table: Table, keys: Select[Any]) -> ColumnElement[bool]:
    """Return what is true of the rows whose keys the query ``keys`` finds."""
    first, *others = table.key_columns
    return tuple_(first, *others).in_(keys) if others else first.in_(keys)


def can_hold(dialect: Dialect, key: Key) -> bool:
    """Whether the database can have such a key: to ask PostgreSQL for text with NUL is an error."""
    return dialect.name == "sqlite" or not any(isinstance(value, str) and "\0" in value for value in key)


def _parameter(table: Table, place: int, column: InstrumentedAttribute[Any]) -> BindParameter[Any]:
    # Of 64 bits, for an address may ask a smaller column for a larger number.
    type_ = BigInteger() if isinstance(column.type, Integer) else column.type
    return bindparam(_names(table)[place], type_=type_)


@cache
def _names(table: Table) -> tuple[str, ...]:
    # As no column is called: an UPDATE names a parameter for each after it.
    start = "key_of_row"
    while any(column.key.startswith(start) for column in table.model.__table__.columns):
        start += "_"
    return tuple(f"{start}_{place}" for place in range(len(table.key_columns)))
