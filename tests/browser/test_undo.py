"""Undo: the result of an action says what it did, and a button beside it takes it back, with script and without."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.test_double_clicks import GAPS, PRESSES, only, twice
from tests.browser.window import Desk, edit, expect_fresh, fill, row
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")

REFRESHED = 8_000  # milliseconds; without script the frame refreshes itself every five seconds


def test_one_click_in_a_row_is_taken_back_by_one(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page, other = desk.open(), desk.open()
    edit(page, "User 001")
    page.get_by_label("User name", exact=True).fill("typed so far")
    row(page, "User 002").get_by_role("button", name="Active").click()
    flash, undo = page.locator("#flash"), page.get_by_role("button", name="Undo")
    expect(flash.locator("span")).to_have_text("User 002: Status Closed")
    expect(row(other, "User 002").get_by_role("button", name="Closed")).to_be_visible()
    undo.click()
    expect(flash.locator("span")).to_have_text("User 002: Status Active")
    expect(flash.locator("span")).to_be_focused()
    expect(row(other, "User 002").get_by_role("button", name="Active")).to_be_visible()
    expect(undo).to_have_count(0)
    expect(page.get_by_label("User name", exact=True)).to_have_value("typed so far")
    expect_fresh(page, other)


def test_what_was_changed_since_is_left_alone(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = desk.open(locale="zh-CN")
    row(page, "User 001").get_by_role("button", name="启用").click()
    expect(page.locator("#flash span")).to_have_text("User 001：状态已改为“停用”")
    server.execute("UPDATE users SET email = 'theirs@example.org'")
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("#flash .bad")).to_have_text("未能撤销：此行之后又有改动。")
    assert (only(server)["status"], only(server)["email"]) == ("closed", "theirs@example.org")


def test_what_was_added_or_saved_by_a_form_is_taken_back(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = desk.open()
    undo = page.get_by_role("button", name="Undo")
    edit(page, "User 001")
    fill(page, "Ada", "ada@example.org")
    page.locator("#form").get_by_role("button", name="Save").click()
    expect(row(page, "Ada")).to_be_visible()
    expect(page.locator("#flash span")).to_be_focused()
    page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "User 001")).to_be_visible()
    page.get_by_role("link", name="Add a user").first.click()
    fill(page, "Eve", "eve@example.org")
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(row(page, "Eve")).to_be_visible()
    undo.click()
    expect(page.locator("#flash")).to_have_text("Deleted Eve.")
    expect(row(page, "Eve")).to_have_count(0)
    expect_fresh(page)


@GAPS
@PRESSES
def test_a_double_click_undoes_once(server: Server, desk: Desk, press: str, gap: int) -> None:
    server.add_users(1)
    page, version = desk.open(), int(str(only(server)["version"]))
    row(page, "User 001").get_by_role("button", name="Active").click()
    twice(page, page.get_by_role("button", name="Undo"), press, gap)
    expect(page.locator("#flash")).to_have_text("User 001: Status Active")
    assert (only(server)["status"], only(server)["version"]) == ("active", version + 2)


@pytest.mark.parametrize("width", [360, 1280])
def test_without_script_it_is_undone_by_a_form(server: Server, desk: Desk, width: int) -> None:
    server.add_users(3)
    page = desk.open("/users?q=user", live=False, java_script_enabled=False, viewport={"width": width, "height": 700})
    rows = page.frame_locator("iframe").locator("#users tr")
    rows.nth(1).get_by_role("button", name="Active").click()
    expect(page.locator("#flash span")).to_have_text("User 002: Status Closed")
    expect(rows.nth(1)).to_contain_text("Closed", timeout=REFRESHED)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#flash")).to_have_text("User 002: Status Active")
    expect(page).to_have_url(f"{desk.address}/users?q=user")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    statuses = [one["status"] for one in httpx.get(f"{server.address}/users.json").json()["rows"]]
    assert statuses == ["active"] * 3
