"""ChangeSummary: what is said of changes counts what a reader would, the first at once and the others together."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given

from rowcast.live import change_summary
from rowcast.live.change_summary import QUIET, ChangeSummary, rows_changed
from rowcast.live.feed import Feed
from rowcast.live.html_encoder import HtmlEncoder
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page
from tests.live.pages import DEPENDENCY, EDITIONS, NOON, RENDERER, later, outline, page, row
from tests.live.source import Source, connect, targets, until
from tests.model import parts

pytestmark = pytest.mark.clock

FULL = {1: 0, 2: 0, 3: 0, 4: 0}


def led_to(*rows: int | tuple[int, int], total: int, number: int = 1) -> Page:
    """Return a page read a minute later: of rows as they were, and (id, edition) of those that changed meanwhile."""
    made = (row(found) if isinstance(found, int) else row(*found, changed=later(60)) for found in rows)
    return Page(Listing(page=9), tuple(made), total, number, later(60))


@pytest.mark.parametrize(
    ("new", "changed"),
    [
        pytest.param(led_to(1, 2, 3, 4, total=40), 0, id="nothing"),
        pytest.param(led_to(1, (2, 1), 3, 4, total=40), 1, id="one edited"),
        pytest.param(led_to(2, 3, 4, (1, 1), total=40), 1, id="one edited, so that it moved"),
        pytest.param(led_to(1, (2, 1), (3, 1), (4, 1), total=40), 3, id="three edited"),
        pytest.param(led_to(1, (9, 0), 2, 3, total=41), 1, id="one added, the last made room"),
        pytest.param(led_to(1, (8, 0), (9, 0), 2, total=42), 2, id="two added, two made room"),
        pytest.param(led_to(1, 3, 4, 5, total=39), 1, id="one deleted, the next filled its room"),
        pytest.param(led_to(1, 2, 3, 5, total=39), 1, id="the last deleted, the next filled its room"),
        pytest.param(led_to(1, (9, 0), 3, 4, total=40), 2, id="one deleted and one added"),
        pytest.param(led_to(1, 3, (4, 1), 5, total=39), 2, id="one deleted and one edited"),
        pytest.param(led_to(2, 3, 4, 5, total=40), 1, id="one edited, so that it left"),
        pytest.param(led_to(1, (9, 1), 2, 3, total=40), 1, id="one edited, so that it came"),
        pytest.param(led_to(2, 3, 4, 5, total=39, number=2), 1, id="one deleted on the page before"),
        pytest.param(led_to(0, 1, 2, 3, total=41, number=2), 1, id="one added on the page before"),
        pytest.param(led_to(1, 2, 3, 4, total=43), 3, id="three added on pages after"),
        pytest.param(led_to((9, 0), 1, 2, 3, total=43), 3, id="one added here and two on pages after"),
        pytest.param(led_to(total=0), 40, id="all deleted"),
    ],
)
def test_what_was_added_changed_or_deleted_counts_and_what_only_shifted_does_not(new: Page, changed: int) -> None:
    old = Page(Listing(page=9), tuple(map(row, FULL)), 40, new.number, later(30))
    assert rows_changed(PageSnapshot.of(old), new) == changed


def test_a_last_page_whose_one_row_is_deleted_counts_once_though_all_rows_of_the_one_before_show() -> None:
    old = Page(Listing(page=9), (row(5),), 5, 2, later(30))
    assert rows_changed(PageSnapshot.of(old), led_to(1, 2, 3, 4, total=4)) == 1


@given(EDITIONS, EDITIONS)
def test_it_is_never_nothing_when_the_rows_of_a_page_are_others(old: dict[int, int], new: dict[int, int]) -> None:
    assert (rows_changed(outline(old), page(new)) == 0) == (old == new)


def test_the_first_change_is_told_at_once_and_the_next_ones_together_later() -> None:
    told = ChangeSummary(HtmlEncoder(RENDERER).summary)
    assert told.after(page({1: 0, 2: 0, 3: 0}), 0) == ""
    assert "1 row changed" in told.after(page({1: 1, 2: 0, 3: 0}), 10)
    assert told.after(page({1: 1, 2: 1, 3: 0}), 11) == ""
    assert told.due == 10 + QUIET
    assert told.after(page({1: 2, 2: 2, 3: 0}), 12) == ""
    assert "2 rows changed" in told.after(page({1: 2, 2: 2, 3: 0}), told.due), "each row once, however often it changed"
    assert told.due == math.inf
    assert told.after(page({1: 2, 2: 2, 3: 0}), 100) == ""


def test_what_came_and_went_in_between_is_not_told() -> None:
    told = ChangeSummary(HtmlEncoder(RENDERER).summary)
    told.after(page({1: 0}), 0)
    told.after(page({1: 1}), 10)
    assert told.after(page({1: 1, 2: 0}), 11) == ""
    assert told.after(page({1: 1}), 12) == ""
    assert told.due == math.inf


def test_the_same_text_is_told_again_by_an_element_that_is_new() -> None:
    (part,) = parts(_told_of(1))
    assert (part.target, part.swap, part.content) == ("summary", "innerHTML", "<span>1 row changed</span>")
    assert "1,234 rows changed" in _told_of(1234)


async def test_a_feed_tells_all_readers_the_same_and_not_more_often_than_it_may(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_summary, "QUIET", 0.4)
    feed = Feed(source.read, HtmlEncoder(RENDERER), DEPENDENCY, heartbeat=60, remembered=32)
    await feed.start()
    wires = [connect(feed, source)[1] for _ in range(2)]
    writer = wires[0]
    began = asyncio.get_running_loop().time()
    for edition in range(1, 9):
        source.rows[1 + edition % 3] = edition
        feed.invalidate()
        await until(lambda: writer.last_id == source.revision)
        await asyncio.sleep(0.05)
    took = asyncio.get_running_loop().time() - began
    assert "summary" in targets(writer, 1), "the first change is told with the step itself"
    await until(lambda: targets(writer, -1) == ["summary"])
    told = [part.content for event in writer.events for part in parts(event.data) if part.target == "summary"]
    assert told[0] == "<span>1 row changed</span>"
    assert 2 <= len(told) <= 2 + took / 0.4
    assert len(writer.events) > len(told) + 4, "this proves nothing unless most steps were not told"
    assert writer.events[-1].id == source.revision
    assert [event.data for event in writer.events[1:]] == [event.data for event in wires[1].events[1:]]
    count = len(writer.events)
    await asyncio.sleep(1)
    assert len(writer.events) == count, "what was told is not told again"
    feed.stop()


def _told_of(count: int) -> str:
    told = ChangeSummary(HtmlEncoder(RENDERER).summary)
    told.after(page({}, 0, read_at=NOON), 0)
    return told.after(page({1: 0}, count), 1)
