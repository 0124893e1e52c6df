"""JavaScript off: every action has its way, and the table refreshes itself without touching a form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser.window import Desk, export, fill
from tests.running import ADD_USER, Server

pytestmark = pytest.mark.only("sqlite")

REFRESHED = 8_000  # milliseconds; the frame refreshes itself every five seconds
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
}
LISTING = "/users?q=user&role=member&size=25&sort=-username"


def plain(desk: Desk, path: str = "/users", **options: Any) -> Page:
    return desk.open(path, live=False, java_script_enabled=False, **options)


def table(page: Page) -> FrameLocator:
    """The table that a reader without script sees."""
    return page.frame_locator("iframe")


def told(page: Page, text: str) -> None:
    """See that the action was done, told, and led back to the listing."""
    expect(page.locator("#flash")).to_contain_text(text)
    expect(page).to_have_url(re.compile(re.escape(LISTING) + "$"))


def press(page: Page, name: str) -> None:
    page.locator("#form").get_by_role("button", name=name).click()


@pytest.mark.parametrize("size", SIZES)
def test_every_action_has_a_way(server: Server, desk: Desk, size: str) -> None:
    server.add_users(60)
    page = plain(desk, **SIZES[size])
    rows = table(page).locator("#users tr")

    def row(name: str) -> Locator:
        return rows.filter(has_text=name)

    # Search, filter, sort, size, pages.
    page.get_by_role("searchbox").fill("user")
    if size == "phone":
        page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="Role").select_option("Member")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"q=user&role=member"))
    expect(rows).to_have_count(40)
    table(page).get_by_role("columnheader", name="User name").get_by_role("link").click()
    expect(rows.first).to_contain_text("User 059")
    table(page).locator("#pager").get_by_role("link", name="25").click()
    expect(rows).to_have_count(25)
    table(page).locator("#pager").get_by_role("link", name="Next").click()
    expect(rows).to_have_count(15)
    assert page.url == desk.address + LISTING.replace("q=", "page=2&q=")
    table(page).locator("#pager").get_by_role("link", name="Previous").click()
    expect(rows).to_have_count(25)
    expect(page).to_have_url(desk.address + LISTING)

    # Add: what is wrong stands beside its field, and nothing that was typed is lost.
    page.get_by_role("link", name="Add a user").click()
    fill(page, "User 999", "not an address")
    page.get_by_label("Status").select_option("Closed")
    press(page, "Add")
    expect(page.get_by_text("looks like name@example.org")).to_be_visible()
    expect(page.get_by_label("User name", exact=True)).to_have_value("User 999")
    expect(page.get_by_label("Status")).to_have_value("closed")
    fill(page, "User 999", "ada@example.org")
    press(page, "Add")
    told(page, "Added User 999")
    expect(rows.first).to_contain_text("User 999")

    # Show, and from there back.
    row("User 999").get_by_role("link", name="User 999").click()
    expect(table(page).get_by_text("added it")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(page).to_have_url(desk.address + LISTING)

    # Edit; and when another was faster: take theirs, or save mine.
    row("User 999").get_by_role("link", name="Edit").click()
    fill(page, "User 998", "ada@example.org")
    press(page, "Save")
    told(page, "Saved User 998")
    row("User 998").get_by_role("link", name="Edit").click()
    server.execute("UPDATE users SET email = 'theirs@example.org' WHERE username = 'User 998'")
    fill(page, "User 998", "mine@example.org")
    press(page, "Save")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("mine@example.org")
    expect(page.locator("#field-email-told")).to_contain_text("theirs@example.org")
    page.get_by_role("link", name="Take theirs").click()
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("theirs@example.org")
    server.execute("UPDATE users SET email = 'newer@example.org' WHERE username = 'User 998'")
    fill(page, "User 998", "mine@example.org")
    press(page, "Save")
    page.wait_for_timeout(700)  # what is pressed before it can have been read is not taken
    press(page, "Save mine")
    told(page, "Saved User 998")
    expect(row("User 998")).to_contain_text("mine@example.org")

    # One click in the row.
    row("User 998").get_by_role("button", name="Closed").click()
    told(page, "User 998: Status Active")
    expect(row("User 998").get_by_role("button", name="Active")).to_be_visible()
    row("User 059").get_by_role("button", name="Member").click()
    told(page, "User 059: Role Administrator")
    expect(row("User 059")).to_have_count(0)

    # Delete; not what another has changed meanwhile, unless asked again.
    row("User 998").get_by_role("link", name="Delete").click()
    server.execute("UPDATE users SET email = 'moved@example.org' WHERE username = 'User 998'")
    press(page, "Delete")
    expect(page.locator("#flash")).to_contain_text("Nothing was deleted")
    expect(page.locator("#form")).to_contain_text("moved@example.org")
    page.wait_for_timeout(700)
    press(page, "Delete")
    told(page, "Deleted User 998")
    expect(row("User 998")).to_have_count(0)

    # Pause, act, and go on.
    page.get_by_role("link", name="Pause").click()
    expect(page).to_have_url(f"{desk.address}{LISTING}&paused=1")
    still = page.locator("#users tr")
    expect(still).to_have_count(25)
    still.first.get_by_role("link", name="Edit").click()
    fill(page, "User 000", "zero@example.org")
    press(page, "Save")
    expect(page.locator("#flash")).to_contain_text("Saved User 000")
    expect(page).to_have_url(f"{desk.address}{LISTING}&paused=1")
    server.execute("DELETE FROM users WHERE username = 'User 055'")
    expect(table(page).get_by_text("1 change waits")).to_be_visible(timeout=REFRESHED)
    expect(still.filter(has_text="User 055")).to_have_count(1)
    page.get_by_role("link", name="Resume").click()
    expect(page).to_have_url(desk.address + LISTING)
    expect(rows.first).to_contain_text("User 056")
    expect(row("User 055")).to_have_count(0)

    # What to paste into pages of others.
    export(page, "Embed")
    expect(page.locator("#snippet-iframe")).to_contain_text(f"{desk.address}/users/table?q=user&amp;role=member")
    page.get_by_role("link", name="Close").click()
    expect(page).to_have_url(desk.address + LISTING)

    # Another language, and back.
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("link", name="添加用户")).to_be_visible()
    expect(rows.first).to_contain_text("编辑")
    expect(page).to_have_url(desk.address + LISTING)
    page.get_by_role("button", name="English").click()
    expect(rows.first).to_contain_text("Edit")


def test_the_table_is_there_once_and_the_skip_link_leads_to_it(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = plain(desk)
    expect(table(page).locator("#users")).to_be_visible()
    expect(page.locator("#users")).to_be_hidden()
    expect(page.locator("#summary")).to_be_hidden()
    target = page.get_by_role("link", name="Skip to the table").get_attribute("href")
    expect(page.locator(str(target))).to_be_visible()


def test_the_table_refreshes_itself_and_leaves_a_form_alone(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = plain(desk)
    page.get_by_role("searchbox").fill("typed so far")
    server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
    expect(table(page).locator("#users")).to_contain_text("Ada Lovelace", timeout=REFRESHED)
    expect(page.get_by_role("searchbox")).to_have_value("typed so far")


@pytest.mark.parametrize("frame", ["/users/table", "/users/waiting"])
def test_a_refresh_that_finds_nothing_new_costs_304_and_no_body(server: Server, desk: Desk, frame: str) -> None:
    server.add_users(50)
    page = plain(desk, "/health/live")
    asked: dict[str, str] = {}
    statuses: list[int] = []
    sizes: list[int] = []
    network = page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", lambda told: asked.update({told["requestId"]: told["request"]["url"]}))

    def is_frame(told: Any) -> bool:
        return asked.get(told["requestId"], "").partition("?")[0] == desk.address + frame

    # As it came over the wire: to the page itself, a 304 is the 200 that the browser kept.
    network.on("Network.responseReceivedExtraInfo", lambda t: statuses.append(t["statusCode"]) if is_frame(t) else None)
    network.on("Network.loadingFinished", lambda t: sizes.append(t["encodedDataLength"]) if is_frame(t) else None)
    network.send("Network.enable")
    page.goto(f"{desk.address}/users{'' if frame == '/users/table' else '?paused=1'}")
    page.wait_for_timeout(11_500)
    assert statuses == [200, 304, 304]
    assert sizes[0] > 1000, "this proves nothing unless there is a body to be saved"
    assert max(sizes[1:]) < 1000, "nothing but the head of the answer"
    server.execute("DELETE FROM users WHERE username = 'User 001'")
    changed = table(page).get_by_text("1 change waits").or_(table(page).get_by_text("1–49 of 49"))
    expect(changed).to_be_visible(timeout=REFRESHED)
    assert statuses == [200, 304, 304, 200]
