"""What a browser fills in again by itself, after Reload and Back, agrees with all that stands around it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import Desk, row
from tests.running import Server

pytestmark = [
    pytest.mark.only("sqlite"),
    pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True),
]
PROMOTE = "UPDATE users SET role = 'administrator', version = version + 1 WHERE username = 'User 001'"


def reload(page: Page) -> None:
    page.reload()


def leave_and_come_back(page: Page) -> None:
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("searchbox")).to_be_visible()
    if page.context.browser and page.context.browser.browser_type.name == "chromium":
        # As after a restart, or when the page was long ago.
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.go_back()


@pytest.mark.parametrize("again", [reload, leave_and_come_back])
def test_a_form_that_is_loaded_again_does_not_undo_what_others_did(
    server: Server, desk: Desk, again: Callable[[Page], None]
) -> None:
    server.add_users(1)
    page = desk.open()
    path = row(page, "User 001").get_by_role("link", name="User 001").get_attribute("href")
    page.goto(f"{desk.address}{path}/edit")
    for picked in ("administrator", "member"):
        page.get_by_label("Role").select_option(picked)
    server.execute(PROMOTE)
    again(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#flash")).to_contain_text(re.compile("Saved|someone else changed"))
    assert page.request.get(f"{desk.address}{path}.json").json()["role"] == "administrator"
