"""What a browser fills in again by itself, after Reload and Back, agrees with all that stands around it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import BOTH_BROWSERS, Desk, row, travel
from tests.running import Server

pytestmark = [
    pytest.mark.only("sqlite"),
    BOTH_BROWSERS,
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


def test_what_the_filters_say_is_what_the_address_says(server: Server, desk: Desk) -> None:
    server.add_users(3)
    desk.expected += ("htmx: htmx:error: NetworkError",)  # what Firefox says of a request whose page is left
    page = desk.open()
    role, search = page.locator("#search").get_by_label("Role"), page.get_by_role("searchbox")
    for picked in ("member", "administrator"):
        role.select_option(picked)
        expect(page).to_have_url(f"{desk.address}/users?role={picked}")
    search.fill("user")
    expect(page).to_have_url(f"{desk.address}/users?q=user&role=administrator")
    for steps, query in ((-1, "role=administrator"), (-1, "role=member"), (-1, ""), (2, "role=administrator")):
        travel(page, steps)
        expect(page).to_have_url(f"{desk.address}/users{'?' if query else ''}{query}")
        expect(role).to_have_value(query.removeprefix("role="))
        expect(search).to_have_value("")
    page.reload()
    expect(role).to_have_value("administrator")
    search.fill("003")
    expect(page).to_have_url(f"{desk.address}/users?q=003&role=administrator")


def test_a_filter_that_was_not_sent_is_forgotten_without_script(server: Server, desk: Desk) -> None:
    page = desk.open("/health/live", live=False)
    # Firefox does not let Playwright switch script off; without htmx the form is as plain.
    page.route("**/static/*.js*", lambda route: route.abort())
    page.goto(f"{desk.address}/users?role=administrator")
    role = page.locator("#search").get_by_label("Role")
    role.select_option("member")
    page.reload()
    expect(role).to_have_value("administrator")
    role.select_option("member")
    page.goto(f"{desk.address}/docs")
    page.go_back()
    expect(role).to_have_value("administrator")
    assert not page.locator("[data-htmx-powered]").count(), "this proves nothing unless there is no script"
