"""What one window does, the other shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.window import BOTH_BROWSERS, Desk, add, click, edit, expect_fresh, fill, names, row
from tests.running import ADD_USER, Server


def test_a_user_added_edited_and_deleted_in_one_window_changes_in_the_other(server: Server, desk: Desk) -> None:
    server.add_users(3)
    one, two = desk.open(), desk.open()
    add(one, "Ada Lovelace", "ada@example.org")
    expect(row(two, "Ada Lovelace")).to_contain_text("ada@example.org")
    assert names(two)[0] == "Ada Lovelace"
    expect(two.locator("#pager")).to_contain_text("of 4")

    edit(one, "Ada Lovelace")
    fill(one, "Zada Lovelace", "ada@example.org")
    one.locator("#form").get_by_role("button", name="Save").click()
    expect(one.locator("#flash")).to_contain_text("Saved Zada Lovelace")
    expect(row(two, "Zada Lovelace")).to_be_visible()
    assert names(two)[-1] == "Zada Lovelace"
    expect(row(two, "Ada Lovelace")).to_have_count(0)

    row(one, "Zada Lovelace").get_by_role("link", name="Delete").click()
    expect(one.locator("#panel")).to_contain_text("Zada Lovelace")
    expect(row(two, "Zada Lovelace")).to_be_visible()
    one.locator("#panel").get_by_role("button", name="Delete").click()
    expect(one.locator("#flash")).to_contain_text("Deleted Zada Lovelace")
    expect(row(two, "Zada Lovelace")).to_have_count(0)
    expect(two.locator("#pager")).to_contain_text("of 3")
    expect_fresh(one, two)


def test_role_and_status_change_with_one_click_again_and_again(server: Server, desk: Desk) -> None:
    server.add_users(2)
    one, two = desk.open(), desk.open()
    for shown, then in (("Member", "Administrator"), ("Administrator", "Member"), ("Active", "Closed")):
        click(one, "User 001", shown)
        expect(row(one, "User 001").get_by_role("button", name=then)).to_be_visible()
        expect(row(two, "User 001").get_by_role("button", name=then)).to_be_visible()
        one.wait_for_timeout(700)  # quicker, it would be a double click
    expect(one.locator("#flash")).to_contain_text("User 001: Status Closed")
    click(two, "User 001", "Closed")
    expect(row(one, "User 001").get_by_role("button", name="Active")).to_be_visible()
    expect_fresh(one, two)


def test_two_quick_clicks_in_one_row_both_count(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = desk.open()
    buttons = row(page, "User 001").locator("button")
    for _ in range(3):
        before = buttons.all_text_contents()
        buttons.nth(0).click()
        buttons.nth(1).click()
        for place, text in enumerate(before):
            expect(buttons.nth(place)).not_to_have_text(text)
    expect_fresh(page)


def test_a_row_leaves_and_enters_the_filter_of_the_other_window(server: Server, desk: Desk) -> None:
    server.add_users(9)
    one, two = desk.open(), desk.open("/users?role=administrator&sort=-email")
    assert names(two) == ["User 009", "User 006", "User 003"]
    click(one, "User 006", "Administrator")
    expect(row(two, "User 006")).to_have_count(0)
    expect(two.locator("#pager")).to_contain_text("of 2")
    click(one, "User 005", "Member")
    expect(row(two, "User 005")).to_be_visible()
    assert names(two) == ["User 009", "User 005", "User 003"]
    expect(two.locator("#pager")).to_contain_text("of 3")
    expect_fresh(one, two)


def test_page_links_come_and_go_with_the_total(server: Server, desk: Desk) -> None:
    server.add_users(25)
    page = desk.open("/users?size=25")
    expect(page.locator("#pager").get_by_role("link", name="Next")).to_have_count(0)
    server.add_users(1, "Another")
    expect(page.locator("#pager").get_by_role("link", name="Next")).to_be_visible()
    assert len(names(page)) == 25
    expect_fresh(page)
    server.execute("DELETE FROM users WHERE username = 'Another 001'")
    expect(page.locator("#pager").get_by_role("link", name="Next")).to_have_count(0)
    expect_fresh(page)


def test_the_last_page_becomes_the_one_before_when_its_rows_are_gone(server: Server, desk: Desk) -> None:
    server.add_users(26)
    page = desk.open("/users?size=25&page=2")
    assert names(page) == ["User 026"]
    server.execute("DELETE FROM users WHERE username = 'User 026'")
    expect(page.locator("#users tr")).to_have_count(25)
    expect_fresh(page)


def test_an_empty_directory_says_so_until_the_first_user_comes(desk: Desk) -> None:
    page = desk.open()
    expect(page.get_by_text("No users yet")).to_be_visible()
    add(desk.open(), "Ada Lovelace", "ada@example.org")
    expect(row(page, "Ada Lovelace")).to_be_visible()
    expect(page.get_by_text("No users yet")).to_be_hidden()
    expect_fresh(page)


@pytest.mark.only("sqlite")
@BOTH_BROWSERS
@pytest.mark.parametrize("path", ["/users", "/users/table"])
def test_windows_of_one_browser_on_one_listing_are_all_live(server: Server, desk: Desk, path: str) -> None:
    server.add_users(1)
    one = desk.open(path, live=False)
    expect(one.locator("#badge")).to_have_text("Live")
    two = desk.open(path, live=False, beside=one)
    expect(two.locator("#badge")).to_have_text("Live")
    server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
    for window in (one, two):
        expect(row(window, "Ada Lovelace")).to_be_visible()
