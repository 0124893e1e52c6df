"""The row that is open follows as the table does: in the panel, on a page of its own; a form says that it changed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import BOTH_BROWSERS, Desk, edit, fill, row
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")

REFRESHED = 8_000  # milliseconds; without script a frame refreshes itself every five seconds
RENAME = "UPDATE users SET username = ?, version = version + 1 WHERE username = ?"


def address(page: Page, name: str) -> str:
    """Return where the row of the user ``name`` is."""
    return str(row(page, name).get_by_role("link", name=name).get_attribute("href"))


def open_row(page: Page, name: str) -> None:
    """Open a row in the panel, and wait until its stream has begun."""
    with page.expect_response(re.compile("/notice$")):
        row(page, name).get_by_role("link", name=name).click()
    expect(page.locator("#panel h2")).to_have_text(name)


@BOTH_BROWSERS
def test_a_row_in_the_panel_follows_on_the_page_and_off_it(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25")
    open_row(page, "User 003")
    page.locator("#panel").get_by_role("link", name="Edit").focus()
    server.execute(RENAME, "User 003b", "User 003")
    expect(page.locator("#panel h2")).to_have_text("User 003b")
    expect(page.locator("#panel").get_by_role("link", name="Edit")).to_be_focused()
    row(page, "User 003b").get_by_role("button", name="Administrator").click()
    expect(page.locator("#panel .values")).to_contain_text("Member")
    expect(page.locator("#panel .history ins")).to_have_text("Member")
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page.locator("#users tr")).to_have_count(5)
    server.execute(RENAME, "User 003c", "User 003b")
    expect(page.locator("#panel h2")).to_have_text("User 003c")
    server.execute("DELETE FROM users WHERE username = 'User 003c'")
    expect(page.locator("#panel")).to_contain_text("This user was deleted meanwhile.")
    expect(page.locator("#panel").get_by_role("link", name="Edit")).to_have_count(0)
    page.locator("#panel").get_by_role("link", name="Close").click()
    expect(page.locator("#shown")).to_have_count(0)
    page.wait_for_timeout(700)  # longer than the badge waits before it says that something is lost
    expect(page.locator("#badge .live")).to_be_visible()


@BOTH_BROWSERS
def test_a_row_on_a_page_of_its_own_follows_and_leads_back_to_its_listing(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open("/users?q=user&sort=-email")
    at = desk.address + address(page, "User 002")
    with page.expect_response(re.compile("/notice")):
        page.evaluate("(address) => { location.href = address }", at)
    server.execute(RENAME, "User 002b", "User 002")
    expect(page.get_by_role("heading", level=2)).to_have_text("User 002b")
    server.execute("DELETE FROM users WHERE username = 'User 002b'")
    expect(page.locator("#shown")).to_contain_text("This user was deleted meanwhile.")
    page.get_by_role("link", name="Close").click()
    expect(page).to_have_url(f"{desk.address}/users?q=user&sort=-email")
    expect(page.locator("#users tr")).to_have_count(2)


@BOTH_BROWSERS
def test_a_form_of_a_row_that_is_not_on_the_page_says_that_it_changed_and_keeps_what_is_typed(
    server: Server, desk: Desk
) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25")
    edit(page, "User 003")
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page.locator("#users tr")).to_have_count(5)
    fill(page, "Typed so far", "typed@example.org")
    server.execute(RENAME, "User 003b", "User 003")
    notice = page.locator("[id^=notice-user-]")
    expect(notice).to_contain_text("User 003b")
    expect(page.get_by_label("User name", exact=True)).to_have_value("Typed so far")
    expect(page.get_by_label("E-mail", exact=True)).to_be_focused()
    server.execute("DELETE FROM users WHERE username = 'User 003b'")
    expect(notice).to_contain_text("deleted")
    expect(page.get_by_label("User name", exact=True)).to_have_value("Typed so far")


def test_without_script_a_row_refreshes_itself_and_what_is_done_with_it_stays(server: Server, desk: Desk) -> None:
    server.add_users(1)
    at = address(desk.open(), "User 001")
    page = desk.open(at, live=False, java_script_enabled=False)
    expect(page.frame_locator("iframe").locator("h2")).to_have_text("User 001")
    expect(page.locator("#shown h2")).to_be_hidden()
    edit_link = page.get_by_role("link", name="Edit")
    edit_link.focus()
    server.execute(RENAME, "Ada", "User 001")
    expect(page.frame_locator("iframe").locator("h2")).to_have_text("Ada", timeout=REFRESHED)
    expect(edit_link).to_be_focused()
