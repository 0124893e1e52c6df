"""Three-way merge of a row: what a form was filled with, what was sent, and what the row holds now. Knows no SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def untouched(given: Mapping[str, Any], sent: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that are sent as they were ``given``: their writer has nothing to say about them."""
    return frozenset(name for name, value in given.items() if name in sent and as_sent(sent[name]) == as_sent(value))


def contested(given: Mapping[str, Any], mine: Mapping[str, Any], now: Mapping[str, Any]) -> frozenset[str]:
    """Return the fields that are neither as they were ``given`` nor as in ``mine``: another changed them meanwhile.

    Of what was not given, nobody knows who changed it.
    """
    differing = (name for name, value in mine.items() if now[name] != value)
    return frozenset(name for name in differing if name not in given or as_sent(given[name]) != as_sent(now[name]))


def as_sent(value: Any) -> Any:
    """Return ``value`` as a one-line field of a browser sends it back, without what is not told apart on the way."""
    return value.replace("\r", "").replace("\n", "").strip() if isinstance(value, str) else value
