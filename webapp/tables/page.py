"""Page: the rows that a listing has right now, with the total and a revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Select, select

from rowcast.tables.key import Key, content
from rowcast.tables.key_clause import bound, can_hold, is_row
from rowcast.tables.listing import Listing
from rowcast.tables.matching_rows import count_all, find, rows
from rowcast.tables.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One row as columns: its key, a fingerprint of all that was read of it (8 bytes), and the values by name."""

    key: Key
    fingerprint: bytes
    values: Mapping[str, Any]

    @property
    def tag(self) -> str:
        """What tells this row from all that it was and will be, for those who ask by HTTP.

        The version alone does not: a program that loads an older backup sets it back.
        """
        return f"{self.values['version']}-{self.fingerprint.hex()}"


@dataclass(frozen=True)
class Page:
    """The rows of ``listing`` at one moment. Asked for more pages than there are, it is that of the last, ``number``.

    When there ``is_more`` than ``total``, nobody counted how much. A narrowed listing then has no pages beyond it.
    ``ends`` is what the first and the last row are ordered by, as the database keeps it.
    """

    listing: Listing
    rows: tuple[Row, ...]
    total: int
    number: int
    read_at: datetime
    is_more: bool = False
    ends: tuple[Any, Any] | None = None

    @cached_property
    def keys(self) -> frozenset[Key]:
        """The keys of the rows."""
        return frozenset(row.key for row in self.rows)

    @property
    def pages(self) -> int:
        """How many pages there are, as far as is known; an empty listing has one."""
        pages = _pages(self.total, self.listing.size)
        return pages + (self.is_more and self.number == pages and not self.listing.is_narrowed)

    @property
    def first(self) -> int:
        """The place of the first row in the whole listing, counted from 1."""
        return (self.number - 1) * self.listing.size + 1

    @property
    def links(self) -> list[int | None]:
        """The page numbers to offer: the ends, and those around this one; None stands for what is left out."""
        near = {1, self.pages, *range(max(1, self.number - 2), min(self.pages, self.number + 2) + 1)}
        links: list[int | None] = []
        for number in sorted(near):
            if links and number - (links[-1] or 0) > 1:
                links.append(None)
            links.append(number)
        return links

    def revision(self, seed: str) -> str:
        """Return the digest of the page's content (24 hexadecimal digits), the same on any process and node.

        ``seed`` stands for what else decides how the page looks: the table, the templates, the audience.
        """
        total = f"{self.total}{'+' * self.is_more}"
        head = f"{seed}\n{self.listing.query}\n{total}\n".encode()
        rows = content([(row.key, row.fingerprint) for row in self.rows])
        return blake2b(head + rows, digest_size=12).hexdigest()


def page_of(connection: Connection, table: Table, listing: Listing) -> Page:
    """Return the page of ``listing``; ``connection`` is in a read transaction, so rows and total are of one moment."""
    now, size = datetime.now(UTC), listing.size
    hits = find(connection, table, listing)
    total, number = hits.total, listing.page
    if listing.is_narrowed or not hits.is_more:
        number = min(number, _pages(total, size))

    def read(number: int) -> list[Any]:
        query = rows(connection.dialect, table, listing, hits, (number - 1) * size, size + hits.is_more)
        return list(connection.execute(query).all())

    found = read(number)
    if not found and number > 1:  # past the end of a table that nobody counted
        number = _pages(count_all(connection, table), size)
        found = read(number)
    is_more = hits.is_more and (listing.is_narrowed or len(found) > size)
    found = found[:size]
    shown = tuple(_row(table, values[:-1]) for values in found)
    ends = (found[0][-1], found[-1][-1]) if found else None
    listing = replace(listing, page=number)
    return Page(listing, shown, max(total, (number - 1) * size + len(shown)), number, now, is_more, ends)


def page_of_row(connection: Connection, table: Table, key: Key) -> Page:
    """Return the page of one row alone, which is empty when there is none with this key."""
    now, row = datetime.now(UTC), row_of(connection, table, key)
    shown = () if row is None else (row,)
    return Page(Listing(), shown, len(shown), 1, now)


def row_of(connection: Connection, table: Table, key: Key, *, is_locked: bool = False) -> Row | None:
    """Return one row, ``is_locked`` where rows can be; None when there is none with this key."""
    if not can_hold(connection.dialect, key):
        return None
    values = connection.execute(_one(table, is_locked), bound(table, key)).one_or_none()
    return None if values is None else _row(table, values)


@cache
def _one(table: Table, is_locked: bool) -> Select[Any]:
    found = select(*table.attributes).where(is_row(table))
    # NO KEY: it need not wait for those who add rows that refer to this one, nor they for it.
    return found.with_for_update(key_share=True) if is_locked else found


def _row(table: Table, read: Any) -> Row:
    values = tuple(read)
    # ascii(), not repr(): what repr() escapes depends on the Python version, and nodes may differ in it.
    digest = blake2b(ascii(values).encode(), digest_size=8).digest()
    return Row(Key(values[: table.key_width]), digest, dict(zip(table.names, values, strict=True)))


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))
