"""Keyboard from end to end: Tab and Enter reach everything."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.window import Desk, expect_fresh, names, row
from tests.running import Server

MOST = 60  # presses of Tab that anything may be away


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{target} is more than {MOST} presses of Tab away")


def test_a_user_is_added_edited_and_deleted_by_keyboard(server: Server, desk: Desk) -> None:
    server.add_users(2)
    page = desk.open()
    tab_to(page, page.get_by_role("link", name="Add a user"))
    page.keyboard.press("Enter")
    username = page.get_by_label("User name", exact=True)
    expect(username).to_be_focused()
    page.keyboard.type("Ada Lovelace")
    tab_to(page, page.get_by_label("E-mail", exact=True))
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Added Ada Lovelace")
    expect(row(page, "Ada Lovelace")).to_be_visible()

    tab_to(page, row(page, "Ada Lovelace").get_by_role("link", name="Edit"))
    page.keyboard.press("Enter")
    expect(username).to_have_value("Ada Lovelace")
    expect(username).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Augusta Ada King")
    tab_to(page, page.locator("#form").get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Saved Augusta Ada King")

    tab_to(page, row(page, "Augusta Ada King").get_by_role("link", name="Delete"))
    page.keyboard.press("Enter")
    confirm = page.locator("#panel").get_by_role("button", name="Delete")
    expect(confirm).to_be_visible()
    if not confirm.evaluate("(element) => element === document.activeElement"):
        tab_to(page, confirm)
    page.keyboard.press("Enter")
    expect(page.locator("#flash")).to_contain_text("Deleted Augusta Ada King")
    expect(row(page, "Augusta Ada King")).to_have_count(0)
    assert names(page) == ["User 001", "User 002"]
    expect_fresh(page)


def test_the_focus_stays_on_a_button_that_changes_its_row(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    tab_to(page, row(page, "User 002").get_by_role("button", name="Member"))
    for now in ("Administrator", "Member"):
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.keyboard.press("Enter")
        expect(row(page, "User 002").get_by_role("button", name=now)).to_be_focused()
    expect_fresh(page)


def test_sorting_and_page_two_are_reached_by_keyboard(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25&q=user")
    tab_to(page, page.get_by_role("columnheader", name="E-mail").get_by_role("link"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="E-mail")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("columnheader", name="E-mail").get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="E-mail")).to_have_attribute("aria-sort", "descending")
    page.keyboard.press("Shift+Tab")
    following = page.locator("#pager").get_by_role("link", name="Next")
    following.focus()  # 25 rows of five stops lie between: a hundred presses prove nothing more
    page.keyboard.press("Enter")
    expect(page.locator("#users tr")).to_have_count(5)
    assert page.url == f"{desk.address}/users?page=2&q=user&size=25&sort=-email"


def test_the_first_stop_leads_past_the_heading_to_the_table(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the table")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("columnheader", name="User name").get_by_role("link"))
