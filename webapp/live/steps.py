"""Steps: the fewest differences that turn one page into the next. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.tables.page import Page, Row

CLOCKS_DIFFER = timedelta(seconds=1)  # between the writer that stamped a row and the reader of the page


@dataclass(frozen=True, slots=True)
class Outline:
    """What is remembered of a page that was: each row's id and fingerprint in order, the total, when it was read.

    Packed, 16 bytes a row: every feed remembers many pages.
    """

    ids: array[int]
    fingerprints: bytes
    total: int
    is_more: bool
    read_at: datetime

    @classmethod
    def of(cls, page: Page) -> Outline:
        """Return the outline of ``page``."""
        fingerprints = b"".join(row.fingerprint for row in page.rows)
        return cls(array("q", (row.id for row in page.rows)), fingerprints, page.total, page.is_more, page.read_at)

    @property
    def rows(self) -> dict[int, bytes]:
        """The fingerprints by id, in the order of the page."""
        return {id: self.fingerprints[at * 8 : at * 8 + 8] for at, id in enumerate(self.ids)}

    def is_later_than(self, row: Row) -> bool:
        """Whether ``row`` was as it is now when the page was read, on it or elsewhere."""
        return bool(row.values["changed"] < self.read_at - CLOCKS_DIFFER)


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows ``ids``, neighbours in this order, come after row ``after`` (None: first). ``after`` stays where it is."""

    after: int | None
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """The difference between two pages. A moved row is among ``deleted`` and in an insertion, and in ``moved``.

    Applied in this order: deletions, insertions, updates; all positions are those of rows that stay.
    """

    deleted: tuple[int, ...] = ()
    inserted: tuple[Insertion, ...] = ()
    updated: tuple[int, ...] = ()
    moved: frozenset[int] = frozenset()
    total: bool = False  # whether the total, and with it the page links, differs

    def __bool__(self) -> bool:
        return bool(self.deleted or self.inserted or self.updated or self.total)


def steps(old: Outline, new: Page) -> Steps:
    """Return the fewest steps from ``old`` to ``new``.

    The most rows that keep their relative order stay where they are: a longest increasing subsequence of their old
    positions (Schensted 1961), found in O(n log n).
    """
    before = old.rows
    position = {id: index for index, id in enumerate(old.ids)}
    common = [row.id for row in new.rows if row.id in position]
    staying = {common[index] for index in _longest_increasing([position[id] for id in common])}
    insertions: list[Insertion] = []
    run: list[int] = []
    after: int | None = None
    for row in new.rows:
        if row.id not in staying:
            run.append(row.id)
            continue
        if run:
            insertions.append(Insertion(after, tuple(run)))
            run = []
        after = row.id
    if run:
        insertions.append(Insertion(after, tuple(run)))
    return Steps(
        deleted=tuple(id for id in old.ids if id not in staying),
        inserted=tuple(insertions),
        updated=tuple(row.id for row in new.rows if row.id in staying and row.fingerprint != before[row.id]),
        moved=frozenset(common) - staying,
        total=(old.total, old.is_more) != (new.total, new.is_more),
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
