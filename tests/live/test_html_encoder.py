"""Frames: what htmx makes of one, by a model that shares no code with ours, is the new page."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rowcast.live.frame import Frame, frame, joined, rest
from rowcast.live.html_encoder import difference, part
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.tables.page import Page
from tests.live.pages import EDITIONS, NAMES, RENDERER, later, outline, page
from tests.model import Decoder, Screen, parts

Rows = dict[int, int]
EARLIER = st.integers(0, 8)  # full pages before the last one, which is shown when page 9 is asked for


def screen(page: Page) -> Screen:
    """Return the page as a reader sees it who has just asked for it."""
    revision = page.revision(RENDERER.seed)
    return Screen(RENDERER.render("_listing.html", page=page, listing=page.listing, revision=revision))


def receive(screen: Screen, made: Frame) -> None:
    """Let the reader receive ``made``, which must be one event."""
    (event,) = Decoder().feed(made.data)
    assert event.id == made.revision
    screen.receive(event)


def last_page(rows: Rows, earlier: int) -> Page:
    """Return the page of ``rows`` after ``earlier`` full ones; an empty page is the first and only one."""
    earlier = earlier if rows else 0
    return page(rows, earlier * 50 + len(rows), number=earlier + 1)


@given(EDITIONS, EDITIONS, EARLIER, EARLIER)
def test_a_frame_turns_the_old_page_into_the_new_one(old: Rows, new: Rows, before: int, after: int) -> None:
    old_page, new_page = last_page(old, before), last_page(new, after)
    reader = screen(old_page)
    body, _ = difference(PageSnapshot.of(old_page), new_page, RENDERER)
    receive(reader, frame("r", body))
    assert reader.state == screen(new_page).state


@given(st.lists(EDITIONS, min_size=3, max_size=6), st.data())
def test_a_frame_from_any_remembered_page_leads_to_now(history: list[Rows], data: st.DataObject) -> None:
    missed = data.draw(st.integers(0, len(history) - 2))
    reader = screen(page(history[missed]))
    body, _ = difference(outline(history[missed]), page(history[-1]), RENDERER)
    receive(reader, frame("r", body))
    assert reader.state == screen(page(history[-1])).state


@given(EDITIONS, EDITIONS)
def test_a_replacing_frame_leads_from_any_page_to_now(shown: Rows, new: Rows) -> None:
    reader = screen(last_page(shown, 3))
    body, replacing = difference(None, page(new), RENDERER)
    assert replacing
    receive(reader, frame("r", body))
    assert reader.state == screen(page(new)).state


@given(EDITIONS, EDITIONS)
def test_no_part_aims_at_a_row_that_the_same_frame_brings(old: Rows, new: Rows) -> None:
    body, replacing = difference(outline(old), page(new), RENDERER)
    rows = [part.target for part in parts(body) if part.target.startswith("user-")]
    assert set(rows) <= {f"user-{id}" for id in old}
    assert not (replacing and rows)


def test_equal_pages_make_no_frame() -> None:
    assert difference(outline({1: 0}), page({1: 0}), RENDERER) == ("", False)


def test_one_edited_row_costs_under_800_bytes() -> None:
    rows = dict.fromkeys(range(1, 51), 0)
    body, _ = difference(outline(rows), page(rows | {7: 1}), RENDERER)
    assert [(part.target, part.swap) for part in parts(body)] == [("user-7", "outerMorph")]
    (whole,) = frame("a" * 24, body).segments
    assert len(whole.chunk) < 800


def test_rows_are_all_replaced_where_that_takes_fewer_bytes() -> None:
    rows = dict.fromkeys(range(50), 0)
    assert difference(outline(rows), page({49: 0}), RENDERER)[1]
    assert difference(outline(rows), page({}), RENDERER)[1]
    assert not difference(outline(rows), page(rows | {1: 1}), RENDERER)[1]


def test_rows_that_only_change_are_never_replaced_for_then_none_would_light_up() -> None:
    rows = dict.fromkeys(range(50), 0)
    body, replacing = difference(outline(rows), page(dict.fromkeys(rows, 1)), RENDERER)
    assert not replacing
    assert {part.swap for part in parts(body) if part.target.startswith("user-")} == {"outerMorph"}


def test_a_row_that_moves_is_the_one_that_was_there_and_is_told_only_what_differs() -> None:
    rows = dict.fromkeys(range(1, 9), 0)
    for edition, told in ((0, ["after"]), (1, ["after", "outerMorph"])):
        new = {id: 0 for id in rows if id != 2} | {2: edition}
        body, _ = difference(outline(rows), page(new), RENDERER)
        assert [part.swap for part in parts(body) if part.target.startswith("user-")] == told
        assert parts(body)[0].content == '<tr id="user-2" hx-preserve></tr>'
        reader = screen(page(rows))
        receive(reader, frame("r", body))
        assert reader.state == screen(page(new)).state


def test_a_row_that_only_moves_takes_a_sixth_of_the_bytes_of_a_new_one() -> None:
    rows = dict.fromkeys(range(1, 51), 0)
    moved, _ = difference(outline(rows), page({id: 0 for id in rows if id != 2} | {2: 0}), RENDERER)
    added, _ = difference(outline(rows), page(rows | {51: 0}), RENDERER)
    assert len(moved) * 5 < len(added.partition('<hx-partial hx-target="#pager"')[0])


def test_a_row_that_changed_lights_up_and_the_second_time_in_the_other_way() -> None:
    marks = []
    for edition in (1, 2):
        body, _ = difference(outline({1: edition - 1}), page({1: edition}), RENDERER)
        reader = screen(page({1: edition - 1}))
        receive(reader, frame("r", body))
        marks.append(reader.element("user-1").get("data-changed"))
    assert set(marks) == {"0", "1"}


def test_a_new_row_lights_up_but_not_one_that_only_moved_up() -> None:
    old = page({1: 0}, read_at=later(10))
    for changed, lit in ((later(10), True), (later(0), False)):
        body, _ = difference(PageSnapshot.of(old), page({1: 0, 2: 0}, changed=changed), RENDERER)
        reader = screen(old)
        receive(reader, frame("r", body))
        assert (reader.element("user-2").get("data-changed") is not None) == lit
        assert reader.element("user-1").get("data-changed") is None


def test_hostile_names_stay_text() -> None:
    editions = dict.fromkeys(range(len(NAMES)), 0)
    reader = screen(page({}))
    receive(reader, frame("r", difference(None, page(editions), RENDERER)[0]))
    shown = [row.xpath("string(th)") for row in reader.element("users")]
    assert shown == [name.replace("\r", "\n") for name in NAMES]
    assert not reader.document.xpath("//tbody//img | //script")


def test_the_chunk_of_a_piece_is_its_bytes_with_their_length() -> None:
    (made,) = frame("r", part("users", "append", "é")).segments
    length, body = made.chunk.split(b"\r\n", 1)
    assert int(length, 16) == len(made.data)
    assert body == made.data + b"\r\n"


def test_a_frame_that_begins_for_one_reader_is_the_same_event_and_its_rest_is_held_once() -> None:
    begin, shared = part("log", "append", "é"), part("users", "append", "a\nb")
    tail = rest(shared)
    frames = [joined("r", begin, tail), joined("r", begin, tail)]
    assert [made.data for made in frames] == [frame("r", begin + shared).data] * 2
    assert frames[0].segments[1] is frames[1].segments[1]
