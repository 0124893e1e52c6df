"""Tables whose key is text, or of two columns: frames lead from any page to any other, and can be remembered."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rowcast.live.audience import Audience
from rowcast.live.frame import frame
from rowcast.live.html_encoder import difference, part
from rowcast.live.json_encoder import JsonEncoder
from rowcast.live.page_snapshot import PageSnapshot, pack, unpack
from rowcast.showing.table_renderer import TableRenderer
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing
from rowcast.tables.page import Page, Row
from rowcast.tables.table import Table
from tests.live.pages import NOON
from tests.model import Decoder, Screen
from tests.other_tables import KEYS, TABLES, fields

Rows = dict[Key, int]


@cache
def renderer(table: Table) -> TableRenderer:
    return TableRenderer(table, Audience("en"))


def editions(table: Table) -> st.SearchStrategy[Rows]:
    """Return rows, each in an edition of its own."""
    return st.lists(st.sampled_from(KEYS[table]), unique=True, max_size=9).flatmap(
        lambda keys: st.fixed_dictionaries({key: st.integers(0, 2) for key in keys})
    )


TWO = st.sampled_from(TABLES).flatmap(lambda table: st.tuples(st.just(table), editions(table), editions(table)))


def page(table: Table, rows: Rows) -> Page:
    more = {"created": NOON, "changed": NOON}
    made = (
        Row(key, f"{edition:08}".encode(), {**fields(table, key, name=f"{edition}"), **more, "version": edition + 1})
        for key, edition in rows.items()
    )
    return Page(Listing(page=9), tuple(made), len(rows), 1, NOON)


def screen(table: Table, shown: Page) -> Screen:
    revision = shown.revision("")
    html = renderer(table).render("_listing.html", page=shown, listing=shown.listing, revision=revision)
    return Screen(html, table.name)


@given(TWO)
def test_a_frame_turns_the_old_page_into_the_new_one(made: tuple[Table, Rows, Rows]) -> None:
    table, old, new = made
    reader = screen(table, page(table, old))
    body, _ = difference(PageSnapshot.of(page(table, old)), page(table, new), renderer(table))
    (event,) = Decoder().feed(frame("r", body or part("log", "append")).data)
    reader.receive(event)
    assert reader.state == screen(table, page(table, new)).state


@given(TWO)
def test_steps_name_rows_by_the_values_of_their_keys(made: tuple[Table, Rows, Rows]) -> None:
    table, old, new = made
    body, _ = JsonEncoder("").difference(PageSnapshot.of(page(table, old)), page(table, new), "r")
    rows = list(old)
    values = {json.dumps(key.plain): key for key in KEYS[table]}
    for step in json.loads(body)["steps"] if body else ():
        row = table.key_of(step["row"]) if "row" in step else None
        if step["step"] == "reset":
            rows = [table.key_of(row) for row in step["rows"]]
        elif step["step"] in ("delete", "move"):
            rows.remove(row or values[json.dumps(step["id"])])
        if row and step["step"] in ("insert", "move"):
            after = step["after"]
            rows.insert(0 if after is None else rows.index(values[json.dumps(after)]) + 1, row)
    assert rows == list(new)


@given(TWO)
def test_two_pages_have_one_revision_only_if_they_show_the_same(made: tuple[Table, Rows, Rows]) -> None:
    table, old, new = made
    same = list(old.items()) == list(new.items())
    assert (page(table, old).revision("") == page(table, new).revision("")) == same


@given(TWO)
def test_a_snapshot_comes_back(made: tuple[Table, Rows, Rows]) -> None:
    table, rows, _ = made
    snapshot = PageSnapshot.of(page(table, rows))
    text = pack(snapshot)
    assert re.fullmatch(r"[\w-]*", text), "it stands in an address as it is"
    assert unpack(text, table.key_type) == snapshot
    assert list(unpack(text, table.key_type).rows.items()) == list(snapshot.rows.items())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_snapshot_are_refused(table: Table, data: bytes) -> None:
    text = pack(PageSnapshot.of(page(table, {})))
    for junk in (text + data.hex(), data.hex(), text[:-1]):
        try:
            assert len(unpack(junk, table.key_type).keys) <= 100
        except ValueError:
            continue
