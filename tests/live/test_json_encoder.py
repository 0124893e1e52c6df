"""JsonEncoder: the steps, made one after another by a model that shares no code with ours, give the new page."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowcast.live.feed import RETRY, Feed
from rowcast.live.frame import frame
from rowcast.live.json_encoder import JsonEncoder
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.live.subscriber import Subscriber
from rowcast.tables.page import Page
from rowcast.tables.serialization import page_as_json, row_as_json
from tests.copy import STEPS, Copy
from tests.live.pages import DEPENDENCY, EDITIONS, NAMES, RENDERER, outline, page
from tests.live.source import Source, until
from tests.live.writer import MemoryWire
from tests.model import Decoder

pytestmark = pytest.mark.clock

Rows = dict[int, int]
DOCUMENTS = JsonEncoder(RENDERER.seed)
EARLIER = st.integers(0, 8)  # full pages before the last one, which is shown when page 9 is asked for


def fresh(page: Page) -> Copy:
    """Return the page as a program gets it that asks now."""
    document = {**page_as_json(page, page.revision(RENDERER.seed)), "rows": [row_as_json(row) for row in page.rows]}
    return Copy(json.loads(json.dumps(document)))


def receive(kept: Copy, told: str, now: Page) -> None:
    """Let the program receive what was told, as one message that leads to ``now``."""
    (event,) = Decoder().feed(frame(now.revision(RENDERER.seed), told).data)
    kept.receive(event)


def difference(old: PageSnapshot | None, new: Page) -> tuple[str, bool]:
    """Return what leads from one page to another."""
    return DOCUMENTS.difference(old, new, new.revision(RENDERER.seed))


def told(old: Rows, new: Rows) -> list[dict[str, Any]]:
    """Return the steps from one page to another."""
    body, _ = difference(outline(old), page(new))
    return list(json.loads(body)["steps"]) if body else []


@given(EDITIONS, EDITIONS, EARLIER, EARLIER)
def test_the_steps_turn_the_old_page_into_the_new_one(old: Rows, new: Rows, before: int, after: int) -> None:
    shown, now = (
        page(rows, (number if rows else 0) * 50 + len(rows), number=(number if rows else 0) + 1)
        for rows, number in ((old, before), (new, after))
    )
    kept = fresh(shown)
    body, replacing = difference(PageSnapshot.of(shown), now)
    if body:
        receive(kept, body, now)
    assert kept.state == fresh(now).state
    assert replacing == ("reset" in kept.steps)


@given(st.permutations(range(9)), st.permutations(range(9)), st.sets(st.integers(0, 8), max_size=3))
def test_rows_that_only_move_are_moved_by_single_steps(old: list[int], new: list[int], changed: set[int]) -> None:
    # Among rows that stay, so that to replace them all is never shorter.
    others = range(100, 150)
    before = dict.fromkeys([*old, *others], 0)
    after = dict.fromkeys([*new, *others], 0) | dict.fromkeys(changed, 1)
    kept = fresh(page(before))
    if steps := told(before, after):
        receive(kept, difference(outline(before), page(after))[0], page(after))
        assert {step["step"] for step in steps} <= {"move", "update"}
        assert len({step["row"]["id"] for step in steps}) == len(steps), "a row that moved says its values as well"
    assert kept.state == fresh(page(after)).state


@given(EDITIONS, EDITIONS)
def test_a_reset_leads_from_any_page_to_now(shown: Rows, new: Rows) -> None:
    kept = fresh(page(shown, 500, number=3))
    body, replacing = difference(None, page(new))
    assert replacing
    receive(kept, body, page(new))
    assert kept.steps == ["reset"]
    assert kept.state == fresh(page(new)).state


def test_each_kind_of_step_is_told_as_documented() -> None:
    rows = dict.fromkeys(range(1, 30), 0)
    without = {id: 0 for id in rows if id != 7}
    cases: list[tuple[Rows, Rows, list[dict[str, Any]]]] = [
        (rows, without, [{"step": "delete", "id": 7}]),
        (without, rows, [{"step": "insert", "after": 6, "row": row_as_json(page(rows).rows[6])}]),
        (rows, {29: 0, **rows}, [{"step": "move", "after": None, "row": row_as_json(page(rows).rows[28])}]),
        (rows, rows | {3: 1}, [{"step": "update", "row": row_as_json(page(rows | {3: 1}).rows[2])}]),
        (rows, {1: 0}, [{"step": "reset", "rows": [row_as_json(page({1: 0}).rows[0])]}]),
    ]
    assert [told(old, new) for old, new, _ in cases] == [steps for *_, steps in cases]
    assert {steps[0]["step"] for *_, steps in cases} == STEPS.keys()


def test_equal_pages_are_not_told_and_a_total_alone_is() -> None:
    assert difference(outline({1: 0}), page({1: 0})) == ("", False)
    document = json.loads(difference(outline({1: 0}, 50), page({1: 0}, 51, number=2))[0])
    assert (document["total"], document["page"], document["pages"], document["steps"]) == (51, 2, 2, [])


def test_hostile_names_come_back_as_they_were() -> None:
    names = dict.fromkeys(range(len(NAMES)), 0)
    kept = fresh(page({}))
    receive(kept, difference(None, page(names))[0], page(names))
    assert [row["username"] for row in kept.rows] == list(NAMES)


async def test_a_feed_in_json_greets_tells_and_beats_in_one_shape(source: Source) -> None:
    feed = Feed(source.read, DOCUMENTS, DEPENDENCY, heartbeat=0.3, remembered=32)
    await feed.start()
    writer = MemoryWire(Copy({**json.loads(DOCUMENTS.nothing(await source.read(), source.revision)), "rows": []}))
    subscriber = Subscriber(writer, life=60, stall=60)
    feed.subscribe(subscriber, "")
    source.rows[40] = 0
    feed.invalidate()
    await until(lambda: len(writer.events) == 3)
    greeting, change, beat = writer.events
    assert (greeting.id, greeting.retry) == (json.loads(greeting.data)["revision"], RETRY)
    assert [[step["step"] for step in json.loads(event.data)["steps"]] for event in writer.events] == [
        ["reset"],
        ["insert"],
        [],
    ]
    assert change.id == beat.id == source.revision, "the revision is the one of the page in HTML"
    feed.confirm(subscriber)
    await asyncio.sleep(0)
    assert len(writer.events) == 3, "a program is asked for no answer"
    again = MemoryWire()
    feed.subscribe(Subscriber(again, life=60, stall=60), source.revision)
    assert json.loads(again.events[0].data)["steps"] == [], "who comes back with all of it is told so"
    feed.stop()
