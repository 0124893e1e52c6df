"""Keyboard from end to end: Tab, Enter, Space, arrows and letters reach everything, and the focus is always seen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.window import BOTH_BROWSERS, Desk, expect_fresh, names, row
from tests.running import ADD_USER, Server

pytestmark = pytest.mark.only("sqlite")

MOST = 60  # presses of Tab that anything may be away
ACTIVE = "(element) => element === document.activeElement"
# What has the focus, and whether that is seen: by an outline or a border of another colour, within the window.
FOCUS = """() => {
    const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect()
    return {
        text: element.id || element.textContent.trim() || element.tagName,
        is_body: element === document.body,
        outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        colour: style.outlineColor,
        opacity: parseFloat(style.opacity),
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0,
    }
}"""

REPLACED = """() => document.addEventListener("htmx:sse:after:message", ({detail}) => {
    window.isReplaced ||= detail.message.data.includes('hx-target="#users" hx-swap="innerMorph"')
})"""


def see_focus(page: Page) -> str:
    """See that something has the focus, and that a reader sees so; return what it is."""
    focus = page.evaluate(FOCUS)
    assert not focus["is_body"], "nothing has the focus"
    assert focus["outline"] >= 1, f"the focus on {focus['text']!r} has no outline"
    assert focus["colour"] not in ("transparent", "rgba(0, 0, 0, 0)"), focus
    assert focus["opacity"] == 1, f"{focus['text']!r} cannot be seen"
    assert focus["inside"], f"{focus['text']!r} is outside of the window"
    return str(focus["text"])


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press Tab until the element has the focus; every stop on the way is seen to have it."""
    for _ in range(MOST):
        page.keyboard.press(key)
        if not page.evaluate(FOCUS)["is_body"]:  # between the end of the page and its beginning stands the browser
            see_focus(page)
        if target.evaluate(ACTIVE):
            return
    raise AssertionError(f"{target} is more than {MOST} presses of {key} away")


def test_a_user_is_added_found_edited_and_deleted_by_keyboard(server: Server, desk: Desk) -> None:
    server.add_users(2)
    page = desk.open()
    tab_to(page, page.get_by_role("link", name="Add a user"))
    page.keyboard.press("Enter")
    username = page.get_by_label("User name", exact=True)
    expect(username).to_be_focused()
    page.keyboard.type("Ada Lovelace")
    tab_to(page, page.get_by_label("E-mail", exact=True))
    page.keyboard.type("ada@example.org")
    tab_to(page, page.locator("#form").get_by_label("Role"))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#form").get_by_label("Role")).to_have_value("administrator")
    page.keyboard.press("Tab")
    tab_to(page, page.locator("#form").get_by_role("button", name="Add"))
    page.keyboard.press("Space")
    expect(page.locator("#flash")).to_contain_text("Added Ada Lovelace")
    expect(row(page, "Ada Lovelace").get_by_role("button", name="Administrator")).to_be_visible()
    expect(username).to_be_focused()
    see_focus(page)

    tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type("lovelace")
    expect(page.locator("#users tr")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_be_focused()
    tab_to(page, page.locator("#search").get_by_label("Role"))
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("q=lovelace&role=administrator"))

    tab_to(page, row(page, "Ada Lovelace").get_by_role("link", name="Ada Lovelace"))
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2")).to_be_focused()
    see_focus(page)
    tab_to(page, page.locator("#panel").get_by_role("link", name="Edit"))
    page.keyboard.press("Enter")
    expect(username).to_have_value("Ada Lovelace")
    expect(username).to_be_focused()
    see_focus(page)
    page.keyboard.press("Control+A")
    page.keyboard.type("Augusta Lovelace")
    tab_to(page, page.locator("#form").get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Saved Augusta Lovelace")
    expect(row(page, "Augusta Lovelace")).to_be_visible()
    see_focus(page)

    tab_to(page, row(page, "Augusta Lovelace").get_by_role("link", name="Delete"))
    page.keyboard.press("Enter")
    confirm = page.locator("#panel").get_by_role("button", name="Delete")
    expect(page.locator("#panel").get_by_role("link", name="Cancel")).to_be_focused()
    see_focus(page)
    tab_to(page, confirm, "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Deleted Augusta Lovelace")
    expect(page.locator("#flash span")).to_be_focused()
    expect(row(page, "Augusta Lovelace")).to_have_count(0)
    expect_fresh(page)


def test_sorting_pages_sizes_and_the_pause_are_reached_by_keyboard(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25&q=user")
    email = page.get_by_role("columnheader", name="E-mail")
    tab_to(page, email.get_by_role("link"))
    for order in ("ascending", "descending"):
        page.keyboard.press("Enter")
        expect(email).to_have_attribute("aria-sort", order)
        expect(email.get_by_role("link")).to_be_focused()
        see_focus(page)

    for link, now in (("Pause", "Resume"), ("Resume", "Pause")):
        tab_to(page, page.get_by_role("link", name=link), "Shift+Tab" if link == "Pause" else "Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name=now)).to_be_focused()
        see_focus(page)
        page.keyboard.press("Shift+Tab")

    # Backwards from the end: the rows have a hundred stops and more, that prove nothing.
    page.locator("#connection summary").focus()
    tab_to(page, page.locator("#pager").get_by_role("link", name="Next"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#users tr")).to_have_count(5)
    assert page.url == f"{desk.address}/users?page=2&q=user&size=25&sort=-email"
    tab_to(page, page.locator("#pager").get_by_role("link", name="50"))
    page.keyboard.press("Enter")
    expect(page.locator("#users tr")).to_have_count(30)


@BOTH_BROWSERS
def test_the_focus_stays_on_a_button_that_changes_its_row(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    tab_to(page, row(page, "User 002").get_by_role("button", name="Member"))
    for key, now in (("Enter", "Administrator"), ("Space", "Member")):
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.keyboard.press(key)
        expect(row(page, "User 002").get_by_role("button", name=now)).to_be_focused()
        see_focus(page)
        page.wait_for_timeout(700)  # quicker, it would be a double click
    expect_fresh(page)


@BOTH_BROWSERS
def test_the_focus_stays_where_it_is_when_another_changes_its_row_and_the_rows_around_it(
    server: Server, desk: Desk
) -> None:
    server.add_users(3)
    page = desk.open()
    link = row(page, "User 002").get_by_role("link", name="Edit")
    tab_to(page, link)
    server.execute("UPDATE users SET role = 'administrator', email = 'new@example.org' WHERE username = 'User 002'")
    expect(row(page, "User 002")).to_contain_text("new@example.org")
    expect(link).to_be_focused()
    server.execute(ADD_USER, "User 001b", "b@example.org", "member", "active")
    server.execute("DELETE FROM users WHERE username IN ('User 001', 'User 003')")
    expect(page.locator("#users tr")).to_have_count(2)
    expect(row(page, "User 001b")).to_be_visible()
    expect(link).to_be_focused()
    see_focus(page)
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name", exact=True)).to_have_value("User 002")


@BOTH_BROWSERS
def test_the_focus_goes_with_its_row_when_that_moves(server: Server, desk: Desk) -> None:
    server.add_users(6)
    page = desk.open("/users?sort=role")
    tab_to(page, row(page, "User 005").get_by_role("button", name="Member"))
    page.keyboard.press("Enter")
    expect(row(page, "User 005").get_by_role("button", name="Administrator")).to_be_focused()
    assert names(page)[:3] == ["User 003", "User 005", "User 006"]
    see_focus(page)
    expect(page.locator("#flash")).to_contain_text("User 005")
    link = row(page, "User 005").get_by_role("link", name="Edit")
    tab_to(page, link)
    server.execute("UPDATE users SET role = 'member', email = 'new@example.org' WHERE username = 'User 005'")
    expect(row(page, "User 005")).to_contain_text("new@example.org")
    assert names(page)[-1] == "User 005"
    expect(link).to_be_focused()
    see_focus(page)
    expect_fresh(page)


@BOTH_BROWSERS
def test_the_focus_stays_in_a_row_that_stays_when_all_are_replaced(server: Server, desk: Desk) -> None:
    server.add_users(50)
    page = desk.open("/users?sort=-email")
    tab_to(page, row(page, "User 049").get_by_role("link", name="Edit"))
    page.evaluate(REPLACED)
    server.execute("DELETE FROM users WHERE username <> 'User 049'")
    expect(page.locator("#users tr")).to_have_count(1)
    assert page.evaluate("window.isReplaced"), "this proves nothing unless they are"
    expect(row(page, "User 049").get_by_role("link", name="Edit")).to_be_focused()
    see_focus(page)


@BOTH_BROWSERS
@pytest.mark.parametrize(("key", "neighbour"), [("Tab", "User 003"), ("Shift+Tab", "User 001")])
def test_when_the_row_with_the_focus_is_deleted_the_next_key_leads_to_its_neighbour(
    server: Server, desk: Desk, key: str, neighbour: str
) -> None:
    server.add_users(4)
    page = desk.open()
    tab_to(page, row(page, "User 002").get_by_role("link", name="Edit"))
    server.execute("DELETE FROM users WHERE username = 'User 002'")
    expect(row(page, "User 002")).to_have_count(0)
    page.keyboard.press(key)
    see_focus(page)
    assert row(page, neighbour).evaluate("(row) => row.contains(document.activeElement)")


def test_the_first_stop_leads_past_the_heading_to_the_table(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the table")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    see_focus(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Pause")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("columnheader", name="User name").get_by_role("link")).to_be_focused()
    assert names(page) == ["User 001", "User 002", "User 003"]
