"""Diff: the fewest deletions, insertions, moves and updates that turn one page into the next. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from rowcast.live.page_snapshot import PageSnapshot
from rowcast.tables.key import Key
from rowcast.tables.page import Page


@dataclass(frozen=True, slots=True)
class InsertedRun:
    """Rows ``keys``, neighbours in this order, come after row ``after`` (None: first). ``after`` stays where it is."""

    after: Key | None
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class PageDiff:
    """The difference between two pages. A row that moved is in an insertion, and in ``moved``.

    Applied in this order: deletions, insertions, updates; all positions are those of rows that stay where they are.
    """

    deleted: tuple[Key, ...] = ()
    inserted: tuple[InsertedRun, ...] = ()
    updated: tuple[Key, ...] = ()
    moved: frozenset[Key] = frozenset()
    total: bool = False  # whether the total, and with it the page links, differs

    def __bool__(self) -> bool:
        return bool(self.deleted or self.inserted or self.updated or self.total)


def diff(old: PageSnapshot, new: Page) -> PageDiff:
    """Return the fewest steps from ``old`` to ``new``.

    The most rows that keep their relative order stay where they are: a longest increasing subsequence of their old
    positions (Schensted 1961), found in O(n log n).
    """
    before = old.rows
    total = (old.total, old.is_more) != (new.total, new.is_more)
    if [row.key for row in new.rows] == list(before):
        pairs = zip(new.rows, before.values(), strict=True)
        return PageDiff(updated=tuple(row.key for row, known in pairs if row.fingerprint != known), total=total)
    position = {key: index for index, key in enumerate(before)}
    common = [row.key for row in new.rows if row.key in position]
    staying = {common[index] for index in _longest_increasing([position[key] for key in common])}
    insertions: list[InsertedRun] = []
    run: list[Key] = []
    after: Key | None = None
    for row in new.rows:
        if row.key not in staying:
            run.append(row.key)
            continue
        if run:
            insertions.append(InsertedRun(after, tuple(run)))
            run = []
        after = row.key
    if run:
        insertions.append(InsertedRun(after, tuple(run)))
    return PageDiff(
        deleted=tuple(key for key in before if key not in new.keys),
        inserted=tuple(insertions),
        updated=tuple(row.key for row in new.rows if before.get(row.key, row.fingerprint) != row.fingerprint),
        moved=frozenset(common) - staying,
        total=total,
    )


def _longest_increasing(values: Sequence[int]) -> list[int]:
    """Return the indices of a longest strictly increasing subsequence of ``values``."""
    tails: list[int] = []  # tails[n]: the smallest value that ends a subsequence of length n + 1
    ends: list[int] = []  # where that value stands
    before: list[int] = []  # for each index, the index before it in its subsequence
    for index, value in enumerate(values):
        length = bisect_left(tails, value)
        before.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(value)
            ends.append(index)
        else:
            tails[length], ends[length] = value, index
    found: list[int] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(index)
        index = before[index]
    return found[::-1]
