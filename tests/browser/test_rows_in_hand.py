"""What a reader has in hand in a row (focus, typing, a tick, something open) stays, whatever comes by the stream.

The rows are those that a table of one's own may have: with fields, details and popovers. The frames are ours, htmx too.
"""

from __future__ import annotations

import random
import re
from functools import cached_property
from typing import Any

import pytest
from jinja2 import Template
from playwright.sync_api import Page

from rowcast.live.audience import Audience
from rowcast.live.html_encoder import difference
from rowcast.showing.table_renderer import TableRenderer
from rowcast.showing.template_environment import environment
from rowcast.users import USERS
from tests.browser.window import BOTH_BROWSERS, Desk
from tests.live.pages import outline, page

STEPS = 20
SOURCE = """
{% for key, row in rows %}
<tr id="user-{{ key }}">
  <th scope="row"><a id="n{{ key }}" href="/users/{{ key }}" hx-get="/users/{{ key }}">{{ row["email"] }}</a></th>
  <td>{{ row["role"] }}</td>
  <td><label><input id="tick{{ key }}" type="checkbox"> mark</label></td>
  <td>{{ row["status"] }}</td>
  <td><input id="type{{ key }}" aria-label="note"></td>
  <td>{{ row["version"] }}</td>
  <td><details id="open{{ key }}"><summary id="more{{ key }}">more</summary>{{ row["role"] }}</details></td>
  <td><button id="ask{{ key }}" popovertarget="pop{{ key }}">menu</button><div id="pop{{ key }}" popover>menu</div></td>
  <td><button id="go{{ key }}" hx-post="/users/{{ key }}" hx-swap="none">{{ row["role"] }}</button></td>
</tr>
{% endfor %}
"""
FILL = """(rows) => {
    const table = document.getElementById("users")
    table.innerHTML = rows
    htmx.process(table)
}"""
RECEIVE = """async (text) => {
    const stream = document.getElementById("stream")
    await htmx.swap({text, sourceElement: stream, target: stream, swap: "none swapEmpty:false"})
}"""
TAKE = """([row, focus, text]) => {
    const at = (name) => document.getElementById(name + row)
    at("tick").checked = !at("tick").checked
    at("open").open = !at("open").open
    at("pop").togglePopover(true)
    at("type").value = text
    at(focus).focus()
    if (focus === "type") at("type").setSelectionRange(1, 2)
}"""
IN_HAND = """() => ({
    focus: document.activeElement.id,
    caret: [document.activeElement.selectionStart ?? 0, document.activeElement.selectionEnd ?? 0],
    rows: Object.fromEntries([...document.getElementById("users").children].map((row) => [row.id, [
        row.querySelector("[type=checkbox]").checked, row.querySelector("[aria-label]").value,
        row.querySelector("details").open, row.querySelector("[popover]").matches(":popover-open"),
    ]])),
})"""
LOOKS = """(rows) => {
    const fresh = document.createElement("table")
    if (rows !== null) fresh.innerHTML = `<tbody>${rows}</tbody>`
    const copy = (rows === null ? document.getElementById("users") : fresh.tBodies[0]).cloneNode(true)
    for (const one of copy.querySelectorAll("*"))
        for (const name of ["data-htmx-powered", "data-changed", "open"]) one.removeAttribute(name)
    return copy.innerHTML
}"""
FOCUSED = ("n", "tick", "type", "more", "ask", "go")


class Rows(TableRenderer):
    """Rows of a table of one's own."""

    @cached_property
    def _template_of_rows(self) -> Template:
        return environment("en").from_string(SOURCE)


def another(rows: dict[int, int], dice: random.Random) -> dict[int, int]:
    """Return the page after some writes: rows came, went, moved and changed; their editions by id."""
    ids = [id for id in rows if dice.random() > 0.1]
    for _ in range(dice.choice([0, 0, 1, 1, 2, 9])):
        if ids:
            ids.insert(dice.randrange(len(ids)), ids.pop(dice.randrange(len(ids))))
    for id in dice.sample(range(1, 30), 2):
        if id not in rows:
            ids.insert(dice.randint(0, len(ids)), id)
    return {id: rows.get(id, 0) + dice.choice([0, 0, 1]) for id in ids}


def taken(rows: dict[int, int], page: Page, dice: random.Random) -> dict[str, Any]:
    """Take something of a row in hand; return all that is in hand."""
    page.evaluate(TAKE, [dice.choice(list(rows)), dice.choice(FOCUSED), f"typed {dice.random()}"])
    found: dict[str, Any] = page.evaluate(IN_HAND)
    return found


@pytest.mark.only("sqlite")  # the frames are made here
@BOTH_BROWSERS
@pytest.mark.parametrize("seed", range(4))
def test_what_a_reader_has_in_hand_in_a_row_stays_as_long_as_the_row_does(desk: Desk, seed: int) -> None:
    desk.expected += ("Blocked aria-hidden",)
    dice, renderer = random.Random(seed), Rows(USERS, Audience("en"))
    rows = dict.fromkeys(range(1, 9), 0)
    window = desk.open()
    window.evaluate(FILL, renderer.rows(page(rows).rows))
    held = taken(rows, window, dice)
    for step in range(STEPS):
        new = another(rows, dice)
        body, _ = difference(None if step % 5 == 4 else outline(rows), page(new), renderer)
        window.evaluate(RECEIVE, body)
        now = window.evaluate(IN_HAND)
        assert window.evaluate(LOOKS, None) == window.evaluate(LOOKS, renderer.rows(page(new).rows))
        for id in new.keys() & rows.keys():
            assert now["rows"][f"user-{id}"] == held["rows"][f"user-{id}"], f"row {id}, step {step}"
        focused = re.search(r"\d+$", held["focus"])
        if focused and int(focused[0]) in new:
            assert (now["focus"], now["caret"]) == (held["focus"], held["caret"]), f"step {step}"
        rows, held = new, taken(new, window, dice) if new and dice.random() < 0.5 else now
