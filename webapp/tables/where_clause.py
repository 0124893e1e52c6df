"""The WHERE clause of a listing: its filters and its search, as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, UnaryExpression, column, literal_column, or_, select
from sqlalchemy import table as sql_table
from sqlalchemy.sql.operators import custom_op

from rowcast.tables.listing import Listing
from rowcast.tables.table import Table
from rowcast.tables.text_normalization import fold

SHORTEST = 3  # characters of a text that an index of trigrams can find


def matching(table: Table, listing: Listing, *, is_followed: bool = False) -> list[ColumnElement[bool]]:
    """Return the conditions; ``is_followed``: so that SQLite follows the index of the order, and no other."""
    conditions: list[ColumnElement[bool]] = []
    for name, value in listing.filters:
        filtered: Any = table.by_name[name].value
        if is_followed:  # it would take the index of a filter that most rows pass, and sort them all
            filtered = UnaryExpression(filtered, operator=custom_op("+"))
        conditions.append(filtered == value)
    if listing.q:
        text = fold(listing.q)
        conditions.append(or_(*(c.sort_key.contains(text, autoescape=True) for c in table.columns if c.searched)))
    return conditions


def by_trigrams(table: Table, listing: Listing) -> Select[Any] | None:
    """Return the query for the rowids of the rows with the text, None when the index cannot find it.

    For SQLite: PostgreSQL takes its index of trigrams by itself.
    """
    text = fold(listing.q)
    if not table.search_index or len(text) < SHORTEST:
        return None
    index = sql_table(table.search_index, column("rowid", BigInteger))
    quoted = text.replace('"', '""')
    return select(index.c.rowid).where(literal_column(table.search_index).op("MATCH")(f'"{quoted}"'))
