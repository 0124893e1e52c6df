"""MatchingRows: counts the rows of a listing, and finds them, in a time that does not grow with the table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Select, case, func, literal_column, select, type_coerce
from sqlalchemy.types import NullType

from rowcast.tables.key_clause import is_among
from rowcast.tables.listing import Listing
from rowcast.tables.table import Table
from rowcast.tables.where_clause import by_trigrams, matching

COUNTED = 10_000  # rows, full pages of any size; that there are more is told, how many more is not
FEW = 200  # rows; a text that no more have is looked up once, for the count and the rows together


@dataclass(frozen=True)
class MatchingRows:
    """The rows of a listing: ``count``, at most one more than COUNTED; ``keys`` finds them all when that is quick."""

    count: int
    keys: Select[Any] | None = None

    @property
    def total(self) -> int:
        """How many rows there are, as far as they are counted."""
        return min(self.count, COUNTED)

    @property
    def is_more(self) -> bool:
        """Whether there are more than are counted."""
        return self.count > COUNTED


def find(connection: Connection, table: Table, listing: Listing) -> MatchingRows:
    """Count the rows of ``listing``."""
    is_sqlite = _is_sqlite(connection.dialect)
    if is_sqlite and not listing.is_narrowed:
        return MatchingRows(connection.execute(_some(table, COUNTED)).scalar_one())
    keys = select(*table.key_columns).where(*matching(table, listing))
    by_text = by_trigrams(table, listing) if is_sqlite else None
    if by_text is not None:
        some = connection.scalars(by_text.limit(FEW + 1)).all()
        by_text = by_text if len(some) > FEW else _these(some)
        count = len(some) if len(some) <= FEW else _count(connection, by_text)
        if count <= COUNTED:
            keys = keys.where(literal_column("rowid").in_(by_text))
        elif not listing.filters:
            return MatchingRows(count)
    count = _count(connection, keys)
    return MatchingRows(count, keys if listing.is_narrowed and count <= COUNTED else None)


def rows(dialect: Dialect, table: Table, listing: Listing, hits: MatchingRows, offset: int, limit: int) -> Select[Any]:
    """Return the query for some of the rows, in order; the last column is what they are ordered by, as it is kept."""
    if hits.keys is None:
        return _followed(_is_sqlite(dialect), table, listing, offset, limit)
    # Few: all of them are put in order.
    found = _in_order(table, listing)
    return found.where(is_among(table, hits.keys)).offset(offset).limit(limit)


def every_row(dialect: Dialect, table: Table, listing: Listing, hits: MatchingRows) -> Select[Any]:
    """Return the query for all the rows, in order."""
    found = select(*table.attributes).order_by(*listing.order(table))
    if hits.keys is not None:
        return found.where(is_among(table, hits.keys))
    return found.where(*matching(table, listing, is_followed=_is_sqlite(dialect)))


def count_all(connection: Connection, table: Table) -> int:
    """Count the rows of ``table``, however many there are."""
    return connection.execute(_all(table)).scalar_one()


def _count(connection: Connection, found: Select[Any]) -> int:
    some = found.limit(COUNTED + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


# To make a statement takes longer than to run it.
@lru_cache(maxsize=512)
def _followed(is_sqlite: bool, table: Table, listing: Listing, offset: int, limit: int) -> Select[Any]:
    # Many: the order's own index is followed until there are enough. Of what comes before, only the index is read.
    keys = select(*table.key_columns).where(*matching(table, listing, is_followed=is_sqlite))
    keys = keys.order_by(*listing.order(table)).offset(offset).limit(limit)
    return _in_order(table, listing).where(is_among(table, keys))


def _in_order(table: Table, listing: Listing) -> Select[Any]:
    sort_key = type_coerce(listing.sort_key(table), NullType())
    return select(*table.attributes, sort_key).order_by(*listing.order(table))


@cache
def _some(table: Table, most: int) -> Select[Any]:
    # To go to the row after those that are counted takes a quarter of the time of counting them.
    beyond = select(*table.key_columns).offset(most).limit(1).exists()
    return select(case((beyond, most + 1), else_=_all(table).scalar_subquery()))


@cache
def _all(table: Table) -> Select[int]:
    return select(func.count()).select_from(table.model)


def _these(rowids: Sequence[int]) -> Select[Any]:
    # As one value: the statement is the same for any number of them.
    return select(func.json_each(json.dumps(list(rowids))).table_valued("value").c.value)


def _is_sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"
