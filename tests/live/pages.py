"""Pages without a database: rows that are told apart by id and edition, shown by the real renderer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from rowcast.live.audience import Audience
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.showing.table_renderer import TableRenderer
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row
from rowcast.tables.page_dependency import PageDependency
from rowcast.users import USERS

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES = (
    "Ada",
    "<img src=x onerror=alert(1)>",
    "</tr></hx-partial><script>",
    "a\rid: 1\r\rdata: x",
    "\u202eevE",
    "🎉 & é",
)
RENDERER = TableRenderer(USERS, Audience("en"))
DEPENDENCY = PageDependency(USERS, Listing(page=9))


def row(id: int | Key, edition: int = 0, changed: datetime = NOON) -> Row:
    """Return the row ``id`` as it is in its ``edition``: same edition, same fingerprint (of 8 bytes)."""
    key = id if isinstance(id, Key) else Key((id,))
    id = id if isinstance(id, int) else len(str(key))
    values = {
        "id": key.plain,
        "version": edition + 1,
        "created": NOON,
        "changed": changed,
        "username": NAMES[(id + edition) % len(NAMES)],
        "email": f"user{id}@example.org",
        "role": ("member", "administrator")[edition % 2],
        "status": "active",
    }
    return Row(key, f"{edition:08}".encode(), values)


def state(id: int = 7, **values: Any) -> dict[str, Any]:
    """Return what decides about the row ``id``, as the database keeps it."""
    plain = {"username_key": "mo", "email_key": "m@b.c", "role": "member", "status": "active", "changed": "2026-05-01"}
    return {"id": id, **plain, **values}


def page(
    rows: Mapping[Any, int],
    total: int | None = None,
    *,
    number: int = 1,
    read_at: datetime = NOON,
    changed: datetime = NOON,
) -> Page:
    """Return a page of ``rows``: the edition of each by its id, in order. It was asked for as page 9."""
    made = tuple(row(id, edition, changed) for id, edition in rows.items())
    return Page(Listing(page=9), made, len(made) if total is None else total, number, read_at)


def later(seconds: float) -> datetime:
    """Return a moment after the others."""
    return NOON + timedelta(seconds=seconds)


def outline(rows: Mapping[Any, int], total: int | None = None) -> PageSnapshot:
    """Return what is remembered of ``page(rows, total)``."""
    return PageSnapshot.of(page(rows, total))


EDITIONS = st.lists(st.integers(0, 12), unique=True, max_size=9).flatmap(
    lambda ids: st.fixed_dictionaries({id: st.integers(0, 2) for id in ids})
)
