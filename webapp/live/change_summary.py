"""ChangeSummary: how many rows changed, summed up for people who hear the page; not each step is said."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import takewhile

from rowcast.live.page_snapshot import PageSnapshot
from rowcast.tables.page import Page

QUIET = 5.0  # seconds between two texts


class ChangeSummary:
    """What a feed has said of its page: the first change at once, those that follow together.

    ``say`` makes the text of a number of rows; without it nothing is ever said.

    ``due`` is when something is to be said even if nothing more happens, in seconds of the clock given to ``after``.
    """

    due = math.inf

    def __init__(self, say: Callable[[int], str] | None) -> None:
        self._say = say
        self._told: PageSnapshot | None = None  # the page up to which all is said
        self._quiet_until = -math.inf

    def after(self, page: Page, now: float) -> str:
        """Return what sums up what led to ``page`` since the last time; empty when there is nothing to say."""
        self.due = math.inf
        if self._say is None:
            return ""
        changed = rows_changed(self._told, page) if self._told else 0
        if changed and now < self._quiet_until:
            self.due = self._quiet_until
            return ""
        if changed:
            self._quiet_until = now + QUIET
        if changed or self._told is None:
            self._told = PageSnapshot.of(page)
        return self._say(changed) if changed else ""


def rows_changed(old: PageSnapshot, new: Page) -> int:
    """Return how many rows were added, changed or deleted between ``old`` and ``new``, as far as these pages tell.

    A row that only made room for another, or filled the room that another left, does not count: the other does. Of
    rows that came or went on the pages before, one shows here as shifted; of those after, only the total tells.
    """
    before = old.rows
    now = {row.key for row in new.rows}
    edited = sum(before.get(row.key, row.fingerprint) != row.fingerprint for row in new.rows)
    came = len(now - before.keys())
    filled = sum(1 for _ in takewhile(lambda row: row.key not in before and old.is_later_than(row), reversed(new.rows)))
    gone = len(before.keys() - now)
    made_room = min(came - filled, sum(1 for _ in takewhile(lambda key: key not in now, reversed(old.keys))))
    return edited + max(came - filled + gone - made_room, abs(new.total - old.total))
