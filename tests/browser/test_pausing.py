"""A table that stands still: with script and without, until it is told to go on; and what the stream says it did."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.window import Desk, click, edit, expect_fresh, fill, names, row, wait_until
from tests.running import ADD_USER, Server, running

pytestmark = pytest.mark.only("sqlite")

NOTICED = 8_000  # milliseconds; a paused page asks every five seconds
ROLE = "UPDATE users SET role = 'administrator', version = version + 1 WHERE username = ?"
# What a screen reader is told: each text that came into an element that speaks, in its order.
LISTEN = """() => {
    window.heard = []
    new MutationObserver((changes) => {
        for (const {target, addedNodes} of changes) {
            const element = target.nodeType === 1 ? target : target.parentElement
            if (!element?.closest("[role=status], [role=alert], [aria-live]")) continue
            for (const node of addedNodes) {
                // What cannot be seen, as each heartbeat at first, is not said.
                if (node.checkVisibility?.({visibilityProperty: true}) === false) continue
                if (node.textContent.trim()) heard.push(node.textContent.trim())
            }
        }
    }).observe(document.body, {childList: true, characterData: true, subtree: true})
}"""


def pause(page: Page) -> None:
    page.get_by_role("link", name="Pause").click()
    expect(page.get_by_role("link", name="Resume")).to_be_visible()


def resume(page: Page) -> None:
    page.get_by_role("link", name="Resume").click()
    expect(page.get_by_role("link", name="Pause")).to_be_visible()
    expect(page.locator("#log > li").last).to_contain_text("connected")


def test_what_the_stream_did_is_said_beside_the_table_and_never_by_the_table_itself(server: Server, desk: Desk) -> None:
    server.add_users(10)
    page = desk.open("/users?q=user&sort=email&size=100")  # a listing of its own: of others, something may just be told
    page.evaluate(LISTEN)
    server.execute("UPDATE users SET role = 'member', version = version + 1 WHERE username < 'User 004'")
    expect(page.locator("#summary")).to_have_text("3 rows changed")
    expect(page.locator("#summary")).to_be_visible()
    for name in ("User 005", "User 006", "User 005"):
        server.execute(ROLE, name)
        page.wait_for_timeout(100)
    expect(page.locator("#summary")).to_have_text("2 rows changed")
    assert page.evaluate("heard") == ["3 rows changed", "2 rows changed"]
    assert page.locator("table").locator("xpath=ancestor-or-self::*[@aria-live or @role='status']").count() == 0
    expect(page.locator("#summary span")).to_be_hidden()


def test_a_paused_page_stands_still_counts_and_goes_on_with_everything_at_once(server: Server, desk: Desk) -> None:
    server.add_users(30)
    page = desk.open("/users?size=25")
    pause(page)
    expect(page).to_have_url(f"{desk.address}/users?size=25&paused=1")
    expect(page.locator("#paused")).to_be_visible()
    expect(page.locator("#badge")).to_be_hidden()
    expect(page.locator("#beat")).to_be_hidden()
    expect(page.locator("#log > li").last).to_contain_text("paused")
    before = names(page)
    expect(page.locator("#waiting")).to_have_text("No changes yet")
    server.execute("DELETE FROM users WHERE username = 'User 003'")
    server.execute(ROLE, "User 001")
    server.execute(ADD_USER, "Ada", "ada@example.org", "member", "active")
    expect(page.locator("#waiting")).to_have_text("3 changes wait", timeout=NOTICED)
    assert names(page) == before
    resume(page)
    assert names(page) == ["Ada", *(name for name in before if name != "User 003")]
    expect(page).to_have_url(f"{desk.address}/users?size=25")
    expect(page.locator("#badge")).to_have_text("Live")
    expect(page.locator("#paused")).to_be_hidden()
    expect_fresh(page)
    server.execute(ROLE, "Ada")
    expect(row(page, "Ada").get_by_role("button", name="Administrator")).to_be_visible()
    expect_fresh(page)


def test_a_paused_page_has_no_stream_open_and_a_resumed_one_has_one(desk: Desk, tmp_path: Path, server: Server) -> None:
    with running(tmp_path) as other:
        other.add_users(3)
        desk.address = other.address
        page = desk.open()
        for _ in range(3):
            for act, streams in ((pause, "0.0"), (resume, "1.0")):
                act(page)
                told = f"rowcast_subscribers {streams}"
                wait_until(page, lambda: told in page.request.get(f"{other.address}/metrics").text(), told)  # noqa: B023
        page.close()


def test_search_sort_pages_and_reloading_stay_paused_and_count_anew(server: Server, desk: Desk) -> None:
    server.add_users(60)
    page = desk.open("/users?size=25")
    pause(page)
    server.execute(ROLE, "User 002")
    expect(page.locator("#waiting")).to_have_text("1 change waits", timeout=NOTICED)
    page.get_by_role("columnheader", name="User name").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"sort=-username&paused=1$"))
    expect(page.locator("#waiting")).to_have_text("No changes yet")
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile(r"page=2&size=25&sort=-username&paused=1$"))
    page.get_by_role("searchbox").fill("user 00")
    expect(page.locator("#users tr")).to_have_count(9)
    expect(page).to_have_url(re.compile(r"q=user\+00&size=25&sort=-username&paused=1$"))
    server.execute(ROLE, "User 004")
    page.reload()
    expect(page.get_by_role("link", name="Resume")).to_be_visible()
    expect(row(page, "User 004").get_by_role("button", name="Administrator")).to_be_visible()
    expect(page.locator("#log")).not_to_contain_text("connect")
    resume(page)
    expect(page.locator("#users tr")).to_have_count(9)
    expect_fresh(page)


def test_an_open_form_survives_pausing_and_resuming_and_the_reader_keeps_the_focus(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    edit(page, "User 002")
    fill(page, "Typed so far", "typed@example.org")
    for link in ("Pause", "Resume", "Pause"):
        page.get_by_role("link", name=link).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Pause" if link == "Resume" else "Resume")).to_be_focused()
        expect(page.get_by_label("User name", exact=True)).to_have_value("Typed so far")
        expect(page.get_by_label("E-mail", exact=True)).to_have_value("typed@example.org")


def test_a_readers_own_edits_while_paused_are_told_and_wait_like_all_others(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    pause(page)
    click(page, "User 001", "Member")
    expect(page.locator("#flash")).to_contain_text("User 001: Role Administrator")
    expect(page.locator("#waiting")).to_have_text("1 change waits", timeout=2_000)
    edit(page, "User 002")
    fill(page, "Ada", "ada@example.org")
    page.locator("#form").get_by_role("button", name="Save").click()
    expect(page.locator("#waiting")).to_have_text("2 changes wait", timeout=2_000)
    assert names(page) == ["User 001", "User 002", "User 003"]
    resume(page)
    assert names(page) == ["Ada", "User 001", "User 003"]
    expect_fresh(page)


def test_who_pauses_has_quiet(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    pause(page)
    page.evaluate(LISTEN)
    server.execute(ROLE, "User 001")
    expect(page.locator("#waiting")).to_have_text("1 change waits", timeout=NOTICED)
    assert page.evaluate("heard") == []
    assert page.get_by_role("link", name="Resume").get_attribute("aria-describedby") == "waiting"


def test_the_count_is_true_after_the_server_was_killed(
    chromium: Browser, desk: Desk, tmp_path: Path, server: Server
) -> None:
    with running(tmp_path) as other:
        other.add_users(5)
        desk.address = other.address
        desk.expected += ("htmx", "TypeError")
        page = desk.open("/users?paused=1", live=False)
        other.kill()
        other.execute("DELETE FROM users WHERE username IN ('User 002', 'User 004')")
        other.start()
        expect(page.locator("#waiting")).to_have_text("2 changes wait", timeout=NOTICED)
        assert len(names(page)) == 5
        page.close()


@pytest.mark.parametrize("scripted", [True, False])
def test_a_bookmark_of_a_paused_page_is_a_paused_page_of_now(server: Server, desk: Desk, scripted: bool) -> None:
    server.add_users(3)
    page = desk.open("/users?sort=-username&paused=1", live=False, java_script_enabled=scripted)
    expect(page.locator("#users tr")).to_have_count(3)
    server.execute("DELETE FROM users WHERE username = 'User 002'")
    page.goto(f"{desk.address}/users?sort=-username&paused=1")
    expect(page.locator("#users tr")).to_have_count(2)
    expect(page.locator("#paused")).to_be_visible()


def test_without_script_the_table_stands_still_and_a_frame_of_its_own_counts(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open(live=False, java_script_enabled=False)
    expect(page.frame_locator("iframe.frame").locator("#users tr")).to_have_count(3)
    page.get_by_role("link", name="Pause").click()
    expect(page.locator("iframe")).to_have_count(1)
    count = page.frame_locator("iframe").locator(".waiting")
    expect(count).to_have_text("No changes yet")
    server.execute("DELETE FROM users WHERE username = 'User 002'")
    expect(count).to_have_text("1 change waits", timeout=NOTICED)
    expect(page.locator("#users tr")).to_have_count(3)
    page.get_by_role("link", name="Resume").click()
    expect(page.frame_locator("iframe.frame").locator("#users tr")).to_have_count(2)
