"""PageDiff: they lead from the old page to the new one, and no page needs fewer."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given

from rowcast.live.diff import InsertedRun, PageDiff, diff
from rowcast.tables.key import Key
from tests.live import pages
from tests.live.pages import outline, page

Rows = dict[Key, int]
EDITIONS = pages.EDITIONS.map(lambda rows: {Key((id,)): edition for id, edition in rows.items()})
ONE, TWO, THREE = Key((1,)), Key((2,)), Key((3,))


def apply(found: PageDiff, old: Rows, new: Rows) -> list[tuple[Key, int]]:
    """Apply as htmx does: every target is looked up in the old rows; one that is not there does nothing."""
    rows = [id for id in old if id not in {*found.deleted, *found.moved}]
    for insertion in found.inserted:
        if insertion.after is None:
            rows[:0] = insertion.keys
        elif insertion.after in old and insertion.after in rows:
            place = rows.index(insertion.after) + 1
            rows[place:place] = insertion.keys
    fresh = {id for insertion in found.inserted for id in insertion.keys if id not in found.moved}
    fresh |= {id for id in found.updated if id in old}
    return [(id, new[id] if id in fresh else old[id]) for id in rows]


def longest_common(old: list[Key], new: list[Key]) -> int:
    """Return how many rows can stay, by trying every choice of them."""
    common = [id for id in new if id in old]
    for size in range(len(common), 0, -1):
        for staying in combinations(common, size):
            if list(staying) == [id for id in old if id in staying]:
                return size
    return 0


@given(EDITIONS, EDITIONS)
def test_the_steps_turn_any_page_into_any_other(old: Rows, new: Rows) -> None:
    assert apply(diff(outline(old), page(new)), old, new) == list(new.items())


@given(EDITIONS, EDITIONS)
def test_as_many_rows_stay_where_they_are_as_can(old: Rows, new: Rows) -> None:
    found = diff(outline(old), page(new))
    assert len(old) - len(found.deleted) - len(found.moved) == longest_common(list(old), list(new))


@given(EDITIONS, EDITIONS)
def test_only_rows_that_differ_are_touched(old: Rows, new: Rows) -> None:
    found = diff(outline(old), page(new))
    inserted = [id for insertion in found.inserted for id in insertion.keys]
    assert found.moved == set(inserted) & set(old)
    assert set(found.deleted) == set(old) - set(new)
    assert set(found.updated) == {id for id in new if old.get(id, new[id]) != new[id]}
    assert len(inserted) == len(set(inserted))


@given(EDITIONS, EDITIONS)
def test_every_insertion_stands_on_a_row_that_stays(old: Rows, new: Rows) -> None:
    found = diff(outline(old), page(new))
    staying = set(old) - set(found.deleted) - found.moved
    anchors = [insertion.after for insertion in found.inserted]
    assert len(anchors) == len(set(anchors)), "neighbours travel in one insertion"
    assert set(anchors) <= {None, *staying}


@given(EDITIONS)
def test_equal_pages_have_no_steps(rows: Rows) -> None:
    assert not diff(outline(rows), page(rows))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param({ONE: 0}, {ONE: 1}, PageDiff(updated=(ONE,)), id="edit"),
        pytest.param({ONE: 0, TWO: 0}, {TWO: 0}, PageDiff(deleted=(ONE,), total=True), id="delete"),
        pytest.param(
            {ONE: 0},
            {TWO: 0, THREE: 0, ONE: 0},
            PageDiff(inserted=(InsertedRun(None, (TWO, THREE)),), total=True),
            id="first",
        ),
        pytest.param({ONE: 0}, {ONE: 0, TWO: 0}, PageDiff(inserted=(InsertedRun(ONE, (TWO,)),), total=True), id="last"),
        pytest.param(
            {ONE: 0, TWO: 0, THREE: 0},
            {TWO: 0, THREE: 0, ONE: 1},
            PageDiff(inserted=(InsertedRun(THREE, (ONE,)),), updated=(ONE,), moved=frozenset({ONE})),
            id="move",
        ),
        pytest.param(
            {}, {ONE: 0}, PageDiff(inserted=(InsertedRun(None, (ONE,)),), total=True), id="into an empty page"
        ),
    ],
)
def test_one_change_is_one_step(old: Rows, new: Rows, expected: PageDiff) -> None:
    assert diff(outline(old), page(new)) == expected


def test_a_total_that_differs_is_a_step_though_the_rows_are_the_same() -> None:
    assert diff(outline({1: 0}, total=60), page({1: 0}, total=61)) == PageDiff(total=True)


def test_a_thousand_rows_turned_round_take_no_noticeable_time() -> None:
    rows = dict.fromkeys(range(1000), 0)
    turned = dict(reversed(rows.items()))
    assert len(diff(outline(rows), page(turned)).moved) == 999
