"""Serialisation of rows and pages for programs, as JSON and CSV have them."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any

from rowcast.tables.page import Page, Row

PLAIN = (str, int, list, dict, type(None))


def row_as_json(row: Row) -> dict[str, Any]:
    """Return a row as programs see it; moments in ISO 8601, UTC."""
    return {name: plain_value(value) for name, value in row.values.items()}


def page_as_json(page: Page, revision: str) -> dict[str, Any]:
    """Return what programs are told of a page, beside its rows."""
    return {
        "revision": revision,
        "total": page.total,
        "is_more": page.is_more,
        "page": page.number,
        "pages": page.pages,
        "size": page.listing.size,
    }


def plain_value(value: Any) -> Any:
    """Return ``value`` as JSON has it; what JSON has no word for, and other programs may have written, as text."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and isfinite(value):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)
