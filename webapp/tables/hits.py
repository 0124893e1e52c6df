"""Hits: how many rows a listing has, and where they are, found in a time that does not grow with the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, column, func, literal_column, or_, select, type_coerce
from sqlalchemy import table as sql_table
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import NullType

from webapp.tables.listing import Listing
from webapp.tables.table import Table
from webapp.tables.text import fold

COUNTED = 10_000  # rows, full pages of any size; that there are more is told, how many more is not
SHORTEST = 3  # characters of a text that an index of trigrams can find


@dataclass(frozen=True)
class Hits:
    """The rows of a listing: ``count``, at most one more than COUNTED; ``ids`` finds them all when that is quick."""

    count: int
    ids: Select[Any] | None = None

    @property
    def total(self) -> int:
        """How many rows there are, as far as they are counted."""
        return min(self.count, COUNTED)

    @property
    def is_more(self) -> bool:
        """Whether there are more than are counted."""
        return self.count > COUNTED


async def find(connection: AsyncConnection, table: Table, listing: Listing) -> Hits:
    """Count the rows of ``listing``."""
    ids = select(table.model.id).where(*_matching(table, listing))
    by_text = _by_trigrams(connection, table, listing)
    if by_text is not None:
        count = await _count(connection, by_text)
        if count <= COUNTED:
            ids = ids.where(table.model.id.in_(by_text))
        elif not listing.filters:
            return Hits(count)
    count = await _count(connection, ids)
    return Hits(count, ids if listing.is_narrowed and count <= COUNTED else None)


def rows(
    connection: AsyncConnection, table: Table, listing: Listing, hits: Hits, offset: int, limit: int
) -> Select[Any]:
    """Return the query for some of the rows, in order; the last column is what they are ordered by, as it is kept."""
    key, order = table.model.id, listing.order(table)
    found = select(*table.attributes, type_coerce(listing.sort_key(table), NullType())).order_by(*order)
    if hits.ids is not None:  # few: all of them are put in order
        return found.where(key.in_(hits.ids)).offset(offset).limit(limit)
    # Many: the order's own index is followed until there are enough. Of what comes before, only the index is read.
    ids = select(key).where(*_matching(table, listing, is_followed=_is_sqlite(connection)))
    return found.where(key.in_(ids.order_by(*order).offset(offset).limit(limit)))


def every_row(connection: AsyncConnection, table: Table, listing: Listing, hits: Hits) -> Select[Any]:
    """Return the query for all the rows, in order."""
    found = select(*table.attributes).order_by(*listing.order(table))
    if hits.ids is not None:
        return found.where(table.model.id.in_(hits.ids))
    return found.where(*_matching(table, listing, is_followed=_is_sqlite(connection)))


async def count_all(connection: AsyncConnection, table: Table) -> int:
    """Count the rows of ``table``, however many there are."""
    return (await connection.execute(select(func.count()).select_from(table.model))).scalar_one()


async def _count(connection: AsyncConnection, found: Select[Any]) -> int:
    some = found.limit(COUNTED + 1).subquery()
    return (await connection.execute(select(func.count()).select_from(some))).scalar_one()


def _matching(table: Table, listing: Listing, *, is_followed: bool = False) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name, value in listing.filters:
        filtered: Any = table.by_name[name].value
        if is_followed:  # SQLite would take the index of a filter that most rows pass, and sort them all
            filtered = UnaryExpression(filtered, operator=custom_op("+"))
        conditions.append(filtered == value)
    if listing.q:
        text = fold(listing.q)
        conditions.append(or_(*(c.sort_key.contains(text, autoescape=True) for c in table.columns if c.searched)))
    return conditions


def _by_trigrams(connection: AsyncConnection, table: Table, listing: Listing) -> Select[Any] | None:
    """Return the query for the ids of the rows with the text; PostgreSQL takes its index of trigrams by itself."""
    text = fold(listing.q)
    if not table.trigrams or len(text) < SHORTEST or not _is_sqlite(connection):
        return None
    index = sql_table(table.trigrams, column("rowid"))
    quoted = text.replace('"', '""')
    return select(index.c.rowid).where(literal_column(table.trigrams).op("MATCH")(f'"{quoted}"'))


def _is_sqlite(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "sqlite"
