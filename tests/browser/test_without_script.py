"""JavaScript off: every page, link and form works, and the table refreshes itself without touching a form."""

from __future__ import annotations

import re

from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.window import Desk, fill
from tests.running import ADD_USER, Server

REFRESHED = 8_000  # milliseconds; the frame refreshes itself every five seconds


def plain(desk: Desk, path: str = "/users") -> Page:
    return desk.open(path, live=False, java_script_enabled=False)


def table(page: Page) -> FrameLocator:
    """The table that a reader without script sees."""
    return page.frame_locator("iframe")


def test_a_user_is_added_edited_and_deleted_by_plain_forms(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = plain(desk)
    page.get_by_role("link", name="Add a user").click()
    fill(page, "Ada", "not an address")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("looks like name@example.org")).to_be_visible()
    expect(page.get_by_label("User name", exact=True)).to_have_value("Ada")
    fill(page, "Ada", "ada@example.org")
    page.get_by_role("button", name="Add").click()
    expect(page).to_have_url(f"{desk.address}/users")
    expect(page.locator("#flash")).to_contain_text("Added Ada")
    users = table(page).locator("#users tr")
    expect(users).to_have_count(4)

    users.filter(has_text="ada@example.org").get_by_role("link", name="Edit").click()
    fill(page, "Ada Lovelace", "ada@example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved Ada Lovelace")
    expect(users.first).to_contain_text("Ada Lovelace")

    users.first.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("This cannot be undone")).to_be_visible()
    expect(page.locator("body")).to_contain_text("Ada Lovelace")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#flash")).to_contain_text("Deleted Ada Lovelace")
    expect(users).to_have_count(3)


def test_search_sort_and_pages_are_plain_links_and_forms(server: Server, desk: Desk) -> None:
    server.add_users(60)
    page = plain(desk)
    users = table(page).locator("#users tr")
    page.get_by_role("searchbox").fill("user 0")
    page.get_by_role("combobox", name="Role").select_option("Member")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile("role=member"))
    expect(users).to_have_count(40)
    table(page).get_by_role("link", name="User name").click()
    expect(page).to_have_url(re.compile(r"sort=-username"))
    expect(users.first).to_contain_text("User 059")
    table(page).locator("#pager").get_by_role("link", name="25").click()
    table(page).locator("#pager").get_by_role("link", name="Next").click()
    expect(users).to_have_count(15)
    assert page.url == f"{desk.address}/users?page=2&q=user+0&role=member&size=25&sort=-username"


def test_one_click_in_a_row_changes_it_and_comes_back_to_the_listing(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = plain(desk, "/users?sort=-username")
    first = table(page).locator("#users tr").first
    first.get_by_role("button", name="Administrator").click()
    expect(page.locator("#flash")).to_contain_text("Saved User 003")
    expect(page).to_have_url(f"{desk.address}/users?sort=-username")
    expect(first.get_by_role("button", name="Member")).to_be_visible()


def test_the_table_is_there_once(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = plain(desk)
    expect(table(page).locator("#users")).to_be_visible()
    expect(page.locator("#users")).to_be_hidden()


def test_the_table_refreshes_itself_and_leaves_a_form_alone(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = plain(desk)
    page.get_by_role("searchbox").fill("typed so far")
    server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
    expect(table(page).locator("#users")).to_contain_text("Ada Lovelace", timeout=REFRESHED)
    expect(page.get_by_role("searchbox")).to_have_value("typed so far")


def test_a_conflict_shows_both_values(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = plain(desk)
    table(page).get_by_role("link", name="Edit").click()
    server.execute("UPDATE users SET email = 'theirs@example.org'")
    fill(page, "User 001", "mine@example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("mine@example.org")
    expect(page.locator("#field-email-told")).to_contain_text("theirs@example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved User 001")
