"""docs/mounting.md tells the truth: below a path of FastAPI, Quart and nginx all works, and no request leaves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from rowcast.config import PREFIX, Settings
from tests.browser.conftest import launch
from tests.browser.cutter import cutting
from tests.browser.window import CONNECTED, PATIENCE, Desk, add, click, edit, expect_fresh, export, fill, names, row
from tests.deploy.hosts import GUIDE, HOSTS, PATH, blocks
from tests.deploy.nginx import ROOT
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

RECONNECTING = ("Failed to load resource", "htmx", "TypeError", "[hx-sse]", "AbortError")
CHINESE = "简体中文"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        yield browser
        browser.close()


@pytest.fixture(params=sorted(HOSTS.keys() - {"Starlette"}))  # FastAPI is one
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Each host, with 60 users."""
    with HOSTS[request.param](tmp_path) as server:
        server.add_users(60)
        yield server


def test_a_walk_through_all_that_there_is_never_leaves_the_path(host: Server, chromium: Browser) -> None:
    url = urlsplit(host.address)
    with ExitStack() as stack:
        cutter = stack.enter_context(cutting(url.port or 0))
        desk = Desk(chromium, f"{url.scheme}://{url.hostname}:{cutter.port}{PATH}", stack)
        desk.expected = RECONNECTING
        page, other = (desk.open("/", ignore_https_errors=True, locale="en-GB") for _ in range(2))
        for walk in (listing, writing):
            walk(host, desk, page, other)
        cutter.cut()  # the streams come back, and bring what was missed
        host.execute("UPDATE users SET role = 'administrator' WHERE username = 'User 002'")
        expect(row(page, "User 002").get_by_role("button", name="Administrator")).to_be_visible()
        expect(page.locator("#badge")).to_have_text("Live")
        expect(other.locator("#log > li")).to_have_count(4)
        expect_fresh(page, other)
        around(desk, page)
        without_script(desk)
        for tab in (page, other):
            tab.close()
    assert desk.problems == [], "a request that leaves the path is one"


def listing(host: Server, desk: Desk, page: Page, other: Page) -> None:
    """Search, sort, turn pages and change their size."""
    page.get_by_role("columnheader", name="User name").get_by_role("link").click()
    expect(page).to_have_url(f"{desk.address}/users?sort=-username")
    assert names(page)[0] == "User 060"
    page.locator("#pager").get_by_role("link", name="Next").click()
    expect(page).to_have_url(f"{desk.address}/users?page=2&sort=-username")
    page.locator("#pager").get_by_role("link", name="25").click()
    expect(page.locator("#users tr")).to_have_count(25)
    page.get_by_role("searchbox").fill("user 00")
    expect(page.locator("#users tr")).to_have_count(9)
    expect(page).to_have_url(re.compile(re.escape(f"{desk.address}/users?q=user+00")))
    page.reload()
    expect(page.locator("#users tr")).to_have_count(9)
    page.goto(f"{desk.address}/users?size=25")
    expect(page.locator(CONNECTED).first).to_be_attached()


def writing(host: Server, desk: Desk, page: Page, other: Page) -> None:
    """Add, edit, click and delete in one window; the other one shows it."""
    add(page, "Ada Lovelace", "ada@example.org")
    expect(row(other, "Ada Lovelace")).to_be_visible()
    edit(page, "Ada Lovelace")
    fill(page, "Ada King", "king@example.org")
    page.locator("#form").get_by_role("button", name="Save").click()
    expect(row(other, "Ada King")).to_contain_text("king@example.org")
    click(other, "Ada King", "Member")
    expect(row(page, "Ada King").get_by_role("button", name="Administrator")).to_be_visible()
    row(page, "Ada King").get_by_role("link", name="Ada King").click()
    expect(page.locator("#panel .history")).to_contain_text("Administrator")
    edit(other, "Ada King")
    host.execute("UPDATE users SET email = 'else@example.org' WHERE username = 'Ada King'")
    expect(other.locator("#form .notice")).to_contain_text("else@example.org")  # asked for as a frame says
    row(page, "Ada King").get_by_role("link", name="Delete").click()
    page.locator("#panel").get_by_role("button", name="Delete").click()
    expect(row(other, "Ada King")).to_have_count(0)
    expect_fresh(page, other)


def around(desk: Desk, page: Page) -> None:
    """Pause, embed, another language, what programs can ask, an error, and home."""
    page.locator("#pause").click()
    expect(page).to_have_url(f"{desk.address}/users?size=25&paused=1")
    expect(page.locator("#waiting")).to_contain_text("No changes yet")
    page.locator("#pause").click()
    export(page, "Embed")
    expect(page.locator("#snippet-iframe")).to_contain_text(f'src="{desk.address}/users/table?size=25"')
    frame = desk.open("/users/table", ignore_https_errors=True)
    frame.locator("#pager").get_by_role("link", name="Next").click()
    expect(frame.locator("#pager")).to_contain_text("51–60")
    export(page, "All that programs can ask")
    expect(page).to_have_url(f"{desk.address}/docs")
    page.get_by_role("button", name=CHINESE).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page).to_have_url(f"{desk.address}/docs")
    assert [cookie.get("path") for cookie in page.context.cookies()] == [f"{PATH}/"]
    page.goto(f"{desk.address}/nothing")
    page.locator("main a").click()
    expect(page).to_have_url(f"{desk.address}/users")
    expect(page.locator("#badge")).to_have_text("实时更新")
    for sheet in page.evaluate("[...document.styleSheets].map(({href, cssRules}) => [href, cssRules.length])"):
        assert sheet[0].startswith(f"{desk.address}/static/")
        assert sheet[1] > 100


def without_script(desk: Desk) -> None:
    """Add, edit and delete by forms alone; the message comes over the redirect in a cookie."""
    page = desk.open(live=False, java_script_enabled=False, ignore_https_errors=True)
    frame = page.frame_locator("iframe.frame")
    page.get_by_role("link", name="Add a user").click()
    fill(page, "Aaron", "aaron@example.org")
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(page).to_have_url(f"{desk.address}/users")
    expect(page.locator("#flash")).to_contain_text("Added Aaron")
    frame.locator("#users tr").first.get_by_role("link", name="Edit").click()
    fill(page, "Aaron B", "aaron@example.org")
    page.locator("#form").get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text("Saved Aaron B")
    frame.locator("#users tr").first.get_by_role("link", name="Delete").click()
    page.locator("#form").get_by_role("button", name="Delete").click()
    expect(page.locator("#flash")).to_contain_text("Deleted Aaron B")
    page.get_by_role("button", name=CHINESE).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page).to_have_url(f"{desk.address}/users")


def test_every_setting_and_file_that_the_guide_names_is_there() -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", GUIDE))
    named |= {f"{PREFIX}{name}" for name in re.findall(r"`_([A-Z_]+)`", GUIDE)}
    assert len(named) > 6
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}
    for name in re.findall(r"\]\(([^)#]+)", GUIDE):
        assert (ROOT / "docs" / name).exists(), name


def test_every_piece_of_code_in_the_guide_is_run_by_one_of_these_tests() -> None:
    assert len(blocks(GUIDE, "python")) == 4
    assert len(blocks(GUIDE, "sh")) == 4
    assert len(blocks(GUIDE, "nginx")) == 1
