"""Two windows in two languages, both live; and the switch, with script and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import CONNECTED, Desk, expect_fresh, row
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")

ENGLISH, CHINESE = "English", "简体中文"


def switch(page: Page, to: str, then: str) -> None:
    page.get_by_role("button", name=to, exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", then)


def test_two_windows_in_two_languages_are_both_live(server: Server, desk: Desk) -> None:
    server.add_users(3)
    english, chinese = desk.open(locale="en-GB"), desk.open(locale="zh-CN")
    expect(english.locator("#badge")).to_have_text("Live")
    expect(chinese.locator("#badge")).to_have_text("实时更新")
    with english.expect_response(lambda response: response.request.method == "POST"):
        row(english, "User 001").get_by_role("button", name="Member").click()
    expect(english.locator("#flash")).to_contain_text("User 001: Role Administrator")
    expect(row(english, "User 001").get_by_role("button", name="Administrator")).to_be_visible()
    expect(row(chinese, "User 001").get_by_role("button", name="管理员")).to_be_visible()
    row(chinese, "User 002").get_by_role("button", name="启用").click()
    expect(chinese.locator("#flash")).to_contain_text("User 002：状态已改为“停用”")
    expect(row(chinese, "User 002").get_by_role("button", name="停用")).to_be_visible()
    expect(row(english, "User 002").get_by_role("button", name="Closed")).to_be_visible()
    server.execute("DELETE FROM users WHERE username = 'User 003'")
    expect(english.locator("#pager")).to_contain_text("1–2 of 2")
    expect(chinese.locator("#pager")).to_contain_text("第 1–2 条，共 2 条")
    expect_fresh(english, chinese)


def test_after_the_switch_the_listing_is_the_same_and_its_stream_speaks_the_new_language(
    server: Server, desk: Desk
) -> None:
    server.add_users(60)
    page = desk.open("/users", locale="en-GB")
    page.get_by_role("columnheader", name="E-mail").get_by_role("link").click()
    expect(page).to_have_url(f"{desk.address}/users?sort=email")
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page).to_have_url(f"{desk.address}/users?page=2&sort=email")
    switch(page, CHINESE, "zh-Hans")
    assert page.url == f"{desk.address}/users?page=2&sort=email"
    expect(page.locator(CONNECTED).first).to_contain_text("已连接")
    expect(page.locator("#badge")).to_have_text("实时更新")
    server.execute("UPDATE users SET status = 'closed' WHERE username = 'User 051'")
    expect(row(page, "User 051").get_by_role("button", name="停用")).to_be_visible()
    expect_fresh(page)
    switch(page, ENGLISH, "en")
    expect(page.locator("#badge")).to_have_text("Live")
    server.execute("UPDATE users SET status = 'active' WHERE username = 'User 051'")
    expect(row(page, "User 051").get_by_role("button", name="Active")).to_be_visible()
    expect_fresh(page)


@pytest.mark.parametrize("path", ["/users?sort=-email", "/users/new", "/nothing"])
def test_the_switch_needs_no_script(server: Server, desk: Desk, path: str) -> None:
    server.add_users(3)
    page = desk.open(path, live=False, java_script_enabled=False, locale="en-GB")
    switch(page, CHINESE, "zh-Hans")
    assert page.url == desk.address + path
    if path.startswith("/users?"):
        expect(page.frame_locator("iframe.frame").locator("#users")).to_contain_text("成员")
    page.goto(f"{desk.address}/users/new")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    switch(page, ENGLISH, "en")


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_switch_is_on_the_first_screen_beside_the_badge(desk: Desk, width: int) -> None:
    for locale, name in (("en-GB", CHINESE), ("zh-CN", ENGLISH)):
        page = desk.open(locale=locale, viewport={"width": width, "height": 640})
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        badge = page.locator("#badge").bounding_box()
        assert box is not None
        assert badge is not None
        assert box["y"] + box["height"] < 80, "in one line with the badge"
        assert badge["x"] + badge["width"] <= box["x"]
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize(("locale", "shown"), [("en-GB", "Dec 28, 2026, 20:48"), ("zh-CN", "2026年12月28日 20:48")])
def test_a_time_is_written_as_the_language_does_whole_and_for_programs(
    server: Server, desk: Desk, locale: str, shown: str
) -> None:
    server.add_users(1)
    server.execute("UPDATE users SET changed = '2026-12-28 20:48:20.000000', version = version + 1")
    page = desk.open(locale=locale)
    time = page.locator("#users time")
    expect(time).to_have_text(shown)
    expect(time).to_have_attribute("datetime", "2026-12-28T20:48Z")
    assert time.locator("..").evaluate("(cell) => cell.scrollWidth <= cell.clientWidth"), "nothing of it is cut off"
    page.get_by_role("link", name="User 001").click()
    expect(page.locator("#panel dd time").first).to_have_text(shown)
