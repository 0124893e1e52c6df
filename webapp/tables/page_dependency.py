"""PageDependency: whether rows that were written can have changed what a page shows. Pure: asks no database.

A page is made of the rows that match, in their order, of which it shows some, and of how many there are. So a row that
was written leaves it as it is when

- nothing differs that decides whether it matches and where it stands, and it is not on the page; or
- it did not match before and does not match now; or
- it matched before and matches now, and was before the first row shown and is, or was after the last and is.

Of several rows, each is judged by the page as it was read: one that leaves it as it is leaves it for the next as well.
That a row matches is taken for granted whenever it may: text is compared without regard to case, as SQLite does for
ASCII; a filter beside a search is not asked, for the search alone decides by which of two ways SQLite finds its rows
(matching_rows.py). And a row of odd text, of which databases and Python may think differently, changes every page.
Other text comes by code point, in both databases and in Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Enum

from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from rowcast.tables.row_change import RowChange, RowState, is_odd_value
from rowcast.tables.table import Table
from rowcast.tables.text_normalization import fold


class PageDependency:
    """What the pages of ``listing`` rest on, and so what can change them."""

    def __init__(self, table: Table, listing: Listing) -> None:
        self._searched = [c.sort_key.key for c in table.columns if c.searched] if listing.q else []
        self._text = fold(listing.q).casefold()
        self._filters = [(table.by_name[name].value.key, value) for name, value in listing.filters]
        self._matching = {*self._searched, *(name for name, _ in self._filters)}
        self._sort = listing.sort_key(table).key
        self._key_of = table.key_of
        self._query_columns = {*self._matching, self._sort, *table.key_names}
        self._is_backwards = listing.is_backwards(table)
        # PostgreSQL orders the values of an enum as they were declared.
        self._is_by_value = not isinstance(listing.sort_key(table).type, Enum)

    def may_change(self, page: Page, changes: Iterable[RowChange]) -> bool:
        """Whether ``changes`` may have changed ``page``, which is one of this listing."""
        return any(self._is_affected(page, change) for change in changes)

    def _is_affected(self, page: Page, change: RowChange) -> bool:
        if change.is_odd:
            return True
        if self._query_columns.isdisjoint(change.differing):
            return not change.keys.isdisjoint(page.keys)
        matching = [state for state in change.states if self._may_match(state)]
        if not matching:
            return False
        if len(matching) < 2 or not self._matching.isdisjoint(change.differing):
            return True
        return not change.keys.isdisjoint(page.keys) or not self._stays_out(page, *matching)

    def _may_match(self, state: RowState) -> bool:
        if self._searched:
            return any(self._has_text(state[name]) for name in self._searched)
        return all(state[name] == value or not isinstance(state[name], str) for name, value in self._filters)

    def _has_text(self, value: Any) -> bool:
        return self._text in value.casefold() if isinstance(value, str) else value is not None

    def _stays_out(self, page: Page, before: RowState, after: RowState) -> bool:
        """Whether the row was and is before the first row of the page, or after the last."""
        if page.ends is None or not self._is_by_value:
            return False
        first, last = page.rows[0].key, page.rows[-1].key
        if any(map(is_odd_value, (*page.ends, *first, *last))):
            return False
        was, now = (before[self._sort], self._key_of(before)), (after[self._sort], self._key_of(after))
        lowest, highest = (page.ends[0], first), (page.ends[1], last)
        if self._is_backwards:
            lowest, highest = highest, lowest
        try:
            return (was < lowest and now < lowest) or (was > highest and now > highest)
        except TypeError:  # values of two kinds; what comes first, the database knows
            return False


class RowDependency(PageDependency):
    """What the page of one row alone rests on: the row with this ``key``, whatever differs in it."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def may_change(self, page: Page, changes: Iterable[RowChange]) -> bool:
        """Whether the row is among ``changes``."""
        return any(change.is_odd or self._key in change.keys for change in changes)
