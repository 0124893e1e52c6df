"""The connection, shown: the log of the handshake, the badge, and a server that goes away and comes back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.window import Desk, expect_fresh, names, row
from tests.running import ADD_USER, Server, running

pytestmark = pytest.mark.only("sqlite")


def test_the_log_shows_the_handshake_and_the_badge_says_live(server: Server, desk: Desk) -> None:
    page = desk.open()
    log = page.locator("#log > li")
    expect(log).to_have_count(2)
    expect(log.nth(0)).to_contain_text("connecting")
    expect(log.nth(1)).to_contain_text("connected")
    expect(log.nth(1)).to_contain_text(re.compile(r"\d ms"))
    expect(page.locator("#badge")).to_have_text("Live")
    expect(page.locator("#beat")).not_to_be_visible()


def test_the_address_of_the_stream_is_the_one_of_the_listing(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open("/users?role=member")
    address = page.locator("#address")
    assert address.text_content() == f"curl -N '{desk.address}/users/stream?role=member'"
    page.get_by_role("columnheader", name="E-mail").get_by_role("link").click()
    expect(address).to_have_text(f"curl -N '{desk.address}/users/stream?role=member&sort=email'")


def test_a_page_catches_up_when_the_server_comes_back(
    chromium: Browser, desk: Desk, tmp_path: Path, server: Server
) -> None:
    with running(tmp_path) as other:
        other.add_users(5)
        desk.address = other.address
        desk.expected += ("htmx", "TypeError", "[hx-sse]", "AbortError")
        page = desk.open()
        page.evaluate("window.loadedOnce = true")
        expect(page.locator("#badge")).to_have_text("Live")
        other.kill()
        expect(page.locator("#badge")).to_contain_text("Reconnecting")
        other.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
        other.execute("DELETE FROM users WHERE username = 'User 002'")
        assert "Ada Lovelace" not in names(page)
        other.start()
        expect(row(page, "Ada Lovelace")).to_be_visible()
        expect(page.locator("#badge")).to_have_text("Live")
        assert names(page) == ["Ada Lovelace", "User 001", "User 003", "User 004", "User 005"]
        expect(page.locator("#log > li").last).to_contain_text("connected")
        other.execute("DELETE FROM users WHERE username = 'User 003'")
        expect(row(page, "User 003")).to_have_count(0)
        expect_fresh(page)
        assert page.evaluate("window.loadedOnce") is True
        page.close()


def test_a_page_that_was_hidden_catches_up_when_it_is_shown(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')) }"
    page.evaluate(hide, True)
    page.wait_for_timeout(200)
    server.execute("UPDATE users SET role = 'administrator' WHERE username = 'User 002'")
    page.wait_for_timeout(200)
    expect(row(page, "User 002").get_by_role("button", name="Member")).to_be_visible()
    page.evaluate(hide, False)
    expect(row(page, "User 002").get_by_role("button", name="Administrator")).to_be_visible()
    expect_fresh(page)


def test_a_search_leaves_one_stream_open(server: Server, desk: Desk, tmp_path: Path) -> None:
    with running(tmp_path, streams=2) as other:
        other.add_users(3)
        desk.address = other.address
        page = desk.open()
        for text in ("user", "user 00", "user 001", "user 00", "user", ""):
            page.get_by_role("searchbox").fill(text)
            expect(page).to_have_url(re.compile(f"q={text.replace(' ', '.')}$" if text else "users$"))
            expect(page.locator("#users tr")).to_have_count(1 if text == "user 001" else 3)
            expect(page.locator("#log > li").last).to_contain_text("connected")
        other.execute("DELETE FROM users WHERE username = 'User 002'")
        expect(page.locator("#users tr")).to_have_count(2)
        expect_fresh(page)
        page.close()
