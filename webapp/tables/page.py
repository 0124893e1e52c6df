"""Page: the rows that a listing has right now, with the total and a revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from webapp.tables.listing import Listing
from webapp.tables.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One row as columns: its id, a fingerprint of all that was read of it (8 bytes), and the values by name."""

    id: int
    fingerprint: bytes
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of ``listing`` at one moment. ``number`` is the page that is shown: the last, when asked for more."""

    listing: Listing
    rows: tuple[Row, ...]
    total: int
    number: int
    read_at: datetime

    @property
    def pages(self) -> int:
        """How many pages there are; an empty listing has one."""
        return _pages(self.total, self.listing.size)

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
        digest = blake2b(f"{seed}\n{self.listing.query}\n{self.total}\n".encode(), digest_size=12)
        for row in self.rows:
            digest.update(b"%d:%b" % (row.id, row.fingerprint))
        return digest.hexdigest()


async def read_page(connection: AsyncConnection, table: Table, listing: Listing) -> Page:
    """Read the page of ``listing``; ``connection`` is in a read transaction, so rows and total are of one moment."""
    now = datetime.now(UTC)
    counting = select(func.count()).select_from(table.model).where(*listing.matching(table))
    total = (await connection.execute(counting)).scalar_one()
    number = min(listing.page, _pages(total, listing.size))
    found = await connection.execute(replace(listing, page=number).select(table))
    return Page(listing, tuple(_row(table, values) for values in found), total, number, now)


async def read_row(connection: AsyncConnection, table: Table, id: int) -> Row | None:
    """Read one row; None when there is none with this id."""
    found = await connection.execute(select(*table.attributes).where(table.model.id == id))
    values = found.one_or_none()
    return None if values is None else _row(table, values)


def _row(table: Table, values: Any) -> Row:
    # ascii(), not repr(): what repr() escapes depends on the Python version, and nodes may differ in it.
    digest = blake2b(ascii(tuple(values)).encode(), digest_size=8).digest()
    return Row(values[0], digest, dict(zip((a.key for a in table.attributes), values, strict=True)))


def _pages(total: int, size: int) -> int:
    return max(1, -(-total // size))
