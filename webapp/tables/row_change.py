"""RowChange: one row that any program has written, before and after. Pure data, as a change log or NOTIFY tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from rowcast.tables.key import Key

RowState = Mapping[str, Any]  # what decides about a row (Table.query_columns), as the database keeps it


@dataclass(frozen=True)
class RowChange:
    """A row that was written: how it was, and how it became (None: it was not there); ``key_names`` make its key."""

    before: RowState | None
    after: RowState | None
    key_names: tuple[str, ...]

    @cached_property
    def states(self) -> tuple[RowState, ...]:
        """The row as it was and as it became, as far as it was there."""
        return tuple(state for state in (self.before, self.after) if state is not None)

    @cached_property
    def keys(self) -> frozenset[Key]:
        """The keys that the row had."""
        return frozenset(Key(state[name] for name in self.key_names) for state in self.states)

    @cached_property
    def differing(self) -> frozenset[str]:
        """What is not as it was; all if the row came or went."""
        if self.before is None or self.after is None:
            return frozenset(name for state in self.states for name in state)
        return frozenset(name for name, value in self.before.items() if self.after[name] != value)

    @cached_property
    def is_odd(self) -> bool:
        """Whether a value is none that every row should have."""
        return any(is_odd_value(value) for state in self.states for value in state.values())


def is_odd_value(value: Any) -> bool:
    """Whether ``value`` is no plain text, number or moment, nor nothing: U+FFFD stands for bytes that are no text."""
    if isinstance(value, str):
        return "\ufffd" in value or "\0" in value
    return not isinstance(value, int | datetime | None)
