"""Search, filters, sort and pages: in the address, to be shared, reloaded and reached with Back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.window import Desk, expect_fresh, names, row, travel, wait_until
from tests.running import ADD_USER, Server

pytestmark = pytest.mark.only("sqlite")


def test_a_search_as_one_types_keeps_the_focus_and_gives_a_canonical_address(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open()
    search = page.get_by_role("searchbox")
    search.click()
    page.keyboard.type("user 01", delay=60)
    expect(page.locator("#users tr")).to_have_count(10)
    expect(page).to_have_url(f"{desk.address}/users?q=user+01")
    expect(search).to_be_focused()
    page.keyboard.type("7", delay=60)
    expect(page.locator("#users tr")).to_have_count(1)
    expect(search).to_have_value("user 017")
    expect_fresh(page)
    shared = desk.open(page.url.removeprefix(desk.address))
    assert names(shared) == ["User 017"]
    expect(shared.get_by_role("searchbox")).to_have_value("user 017")


def test_a_search_stays_live(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    page.get_by_role("searchbox").fill("ada")
    expect(page.locator("#users tr")).to_have_count(0)
    expect(page.get_by_text("No user matches")).to_be_visible()
    server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
    expect(row(page, "Ada Lovelace")).to_be_visible()
    expect_fresh(page)


def test_one_search_is_one_step_back(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25")
    page.get_by_role("searchbox").click()
    for typed in ("user 0", "2", "1"):
        page.keyboard.type(typed)
        expect(page).to_have_url(re.compile("q=user"))
        page.wait_for_timeout(300)  # longer than the search waits for the next letter
    expect(page).to_have_url(f"{desk.address}/users?q=user+021&size=25")
    travel(page, -1)
    expect(page).to_have_url(f"{desk.address}/users?size=25")
    expect(page.locator("#users tr")).to_have_count(25)
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect_fresh(page)
    server.execute("DELETE FROM users WHERE username = 'User 001'")
    expect(row(page, "User 001")).to_have_count(0)
    expect_fresh(page)


@pytest.mark.parametrize("column", ["User name", "E-mail", "Role", "Status", "Changed"])
def test_each_column_sorts_both_ways(server: Server, desk: Desk, column: str) -> None:
    server.add_users(12)
    page = desk.open("/users?q=user")
    head = page.get_by_role("columnheader", name=column)
    head.get_by_role("link").click()
    first = "descending" if column == "User name" else "ascending"  # by user name it is sorted already
    expect(head).to_have_attribute("aria-sort", first)
    before = names(page)
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending" if first == "descending" else "descending")
    wait_until(page, lambda: names(page) == before[::-1], "the order is not the other way round")
    expect(page.locator("[aria-sort]")).to_have_count(1)
    expect_fresh(page)


def test_back_goes_through_sort_and_pages(server: Server, desk: Desk) -> None:
    server.add_users(60)
    page = desk.open("/users?size=25")
    page.get_by_role("columnheader", name="E-mail").get_by_role("link").click()
    expect(page).to_have_url(f"{desk.address}/users?size=25&sort=email")
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page).to_have_url(f"{desk.address}/users?page=2&size=25&sort=email")
    expect(row(page, "User 026")).to_be_visible()
    page.locator("#pager").get_by_role("link", name="3", exact=True).click()
    expect(page.locator("#users tr")).to_have_count(10)
    expect(page.locator("#pager [aria-current=page]")).to_have_text("3")
    for shown in ("User 026", "User 001"):
        travel(page, -1)
        expect(row(page, shown)).to_be_visible()
    expect(page).to_have_url(f"{desk.address}/users?size=25&sort=email")
    expect(page.get_by_role("columnheader", name="E-mail")).to_have_attribute("aria-sort", "ascending")
    travel(page, -1)
    expect(page).to_have_url(f"{desk.address}/users?size=25")
    expect(page.get_by_role("columnheader", name="User name")).to_have_attribute("aria-sort", "ascending")
    travel(page, 1)
    expect(page).to_have_url(f"{desk.address}/users?size=25&sort=email")
    expect_fresh(page)


def test_back_does_not_wake_what_is_for_readers_without_script(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page.locator("#users tr")).to_have_count(5)
    travel(page, -1)
    expect(page.locator("#users tr")).to_have_count(25)
    expect(page.locator("#log > li").last).to_contain_text("connected")
    assert asked, "this proves nothing unless requests are seen"
    assert not [url for url in asked if "/users/table" in url]


def test_sizes_and_filters_are_in_the_address(server: Server, desk: Desk) -> None:
    server.add_users(60)
    page = desk.open()
    expect(page.locator("#users tr")).to_have_count(50)
    page.locator("#pager").get_by_role("link", name="100").click()
    expect(page.locator("#users tr")).to_have_count(60)
    expect(page).to_have_url(f"{desk.address}/users?size=100")
    page.get_by_role("combobox", name="Role").select_option("Administrator")
    expect(page.locator("#users tr")).to_have_count(20)
    page.get_by_role("combobox", name="Status").select_option("Closed")
    expect(page.locator("#users tr")).to_have_count(4)
    expect(page).to_have_url(f"{desk.address}/users?role=administrator&size=100&status=closed")
    expect_fresh(page)
    page.reload()
    expect(page.locator("#users tr")).to_have_count(4)
    page.get_by_role("combobox", name="Role").select_option("Role: all")
    expect(page.locator("#users tr")).to_have_count(12)
    expect(page).to_have_url(f"{desk.address}/users?size=100&status=closed")
    expect_fresh(page)


@pytest.mark.parametrize("query", ["sort=nonsense", "page=0", "size=7", "role=queen"])
def test_a_listing_that_does_not_exist_becomes_the_nearest_and_says_so(server: Server, desk: Desk, query: str) -> None:
    server.add_users(3)
    page = desk.open(f"/users?{query}")
    assert len(names(page)) == 3
    expect(page.locator("#flash")).not_to_be_empty()
