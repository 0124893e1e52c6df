"""Listing: what a reader asked for, as a value that round-trips with the query string."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from rowcast.i18n import Message, _
from rowcast.tables.table import Table
from rowcast.tables.text_normalization import fold

SIZES = (25, 50, 100)
DEFAULT_SIZE = 50
LONGEST_SEARCH = 100  # characters
BEYOND = 999_999_999  # the largest page number that is read; no table has so many


@dataclass(frozen=True)
class Listing:
    """Search text, filters, sort, page number and page size; equal listings are equal values.

    ``sort`` is a column's name, or ``-name`` for descending; empty for the table's own order. Always canonical when
    it comes from ``parse``: what equals the default is left out.
    """

    q: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    page: int = 1
    size: int = DEFAULT_SIZE

    @property
    def query(self) -> str:
        """The canonical query string: keys sorted, defaults dropped."""
        parts: dict[str, Any] = dict(self.filters)
        if self.q:
            parts["q"] = self.q
        if self.sort:
            parts["sort"] = self.sort
        if self.page != 1:
            parts["page"] = self.page
        if self.size != DEFAULT_SIZE:
            parts["size"] = self.size
        return urlencode(sorted(parts.items()))

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or filter may hide rows."""
        return bool(self.q or self.filters)

    def but(self, **changes: Any) -> Listing:
        """Return this listing with ``changes``; anything but a new page number starts again at page 1."""
        return replace(self, **{"page": 1, **changes})

    def sorted_by(self, table: Table, column: str) -> Listing:
        """Return the listing that a click on the head of ``column`` asks for: ascending first, then the other way."""
        asked = f"-{column}" if (self.sort or table.sort) == column else column
        return self.but(sort="" if asked == table.sort else asked)

    def order(self, table: Table) -> tuple[ColumnElement[Any], ...]:
        """Return what the rows are ordered by; it ends in the primary key, so that equal values have one order."""
        backwards = self.is_backwards(table)
        return tuple(_order(column, backwards) for column in dict.fromkeys((self.sort_key(table), *table.key_columns)))

    def sort_key(self, table: Table) -> InstrumentedAttribute[Any]:
        """Return what the rows are ordered by first."""
        key: InstrumentedAttribute[Any] = table.by_name[(self.sort or table.sort).removeprefix("-")].sort_key
        return key

    def is_backwards(self, table: Table) -> bool:
        """Whether the last comes first."""
        return (self.sort or table.sort).startswith("-")


def parse(table: Table, pairs: Iterable[tuple[str, str]]) -> tuple[Listing, dict[str, Message]]:
    """Return the listing that the query string ``pairs`` ask for, and what was wrong with them by name.

    What cannot be understood is left out, so the listing is the nearest sensible one.
    """
    problems: dict[str, Message] = {}
    found: dict[str, Any] = {}
    filters: dict[str, str] = {}
    for name, value in pairs:
        if not value:
            continue
        if name == "q":
            found["q"] = _search(value)
        elif name == "sort" and value.removeprefix("-") in table.by_name:
            found["sort"] = "" if value == table.sort else value
        elif name == "sort":
            problems[name] = _("There is no column “%(value)s” to sort by.", value=value)
        elif name == "page" and re.fullmatch("0{0,9}[1-9][0-9]{0,8}", value):
            found["page"] = int(value)
        elif name == "page":
            problems[name] = _("“%(value)s” is not a page number.", value=value)
        elif name == "size" and value in map(str, SIZES):
            found["size"] = int(value)
        elif name == "size":
            problems[name] = _("A page has %(sizes)s rows, not “%(value)s”.", sizes=SIZES, value=value)
        elif name not in (column.name for column in table.filters):
            problems[name] = _("There is no filter “%(name)s”.", name=name)
        elif value not in (table.by_name[name].choices or ()):
            label = table.by_name[name].label
            problems[name] = _("“%(value)s” is not one of the choices for “%(name)s”.", value=value, name=label)
        else:
            filters[name] = value
    return Listing(filters=tuple(sorted(filters.items())), **found), problems


def _order(key: InstrumentedAttribute[Any], backwards: bool) -> ColumnElement[Any]:
    order = key.desc() if backwards else key.asc()
    if not key.property.columns[0].nullable:
        return order  # to say more would keep PostgreSQL from its index
    return order.nulls_last() if backwards else order.nulls_first()


def _search(text: str) -> str:
    # Cut first: to normalise some texts takes a time that grows with the square of their length.
    text = text[:LONGEST_SEARCH]
    # No row holds control characters, so they can only be noise from a copied text.
    shown = "".join(" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in text)
    found = unicodedata.normalize("NFC", shown).strip()[:LONGEST_SEARCH].strip()
    return found if fold(found) else ""  # what has nothing to be found by is in every row
