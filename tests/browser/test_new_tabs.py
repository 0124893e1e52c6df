"""A link opens in a new tab or window when the reader asks for one, and the page that it is on stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.window import BOTH_BROWSERS, Desk
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")
PLACES = {
    "/users?size=25": [
        *("#sort-email", "#users th a", "#users td a", "#next", "#pager .sizes a", "#pause"),
        *("#embed-link", ".heading a.primary", "#panel a"),
    ],
    "/users/table?size=25": ["#sort-email", "#users th a", "#users td a", "#next", "#pause", "#bar a", "#panel a"],
}


def see_it_beside(page: Page, link: Locator, **how: Any) -> None:
    """Click, see the link's page in a window of its own, and close that."""
    with page.context.expect_page() as opened:
        link.click(**how)
    expect(opened.value).to_have_url(str(link.evaluate("(link) => link.href")))
    opened.value.close()


@BOTH_BROWSERS
@pytest.mark.parametrize("path", PLACES)
def test_each_link_opens_beside_its_page(server: Server, desk: Desk, path: str) -> None:
    server.add_users(30)
    page = desk.open(path)
    expect(page.locator("#badge")).to_have_text("Live")
    page.locator("#users th a").first.click()  # the panel has links as well
    expect(page.locator("#panel h2")).to_have_text("User 001")
    before = page.locator("#panel dl").inner_html()
    for place in PLACES[path]:
        if place == "#embed-link":  # it is in a menu
            page.get_by_role("button", name="Export").click()
        see_it_beside(page, page.locator(place).first, modifiers=["Control"])
    for how in ({"modifiers": ["Shift"]}, {"button": "middle"}):
        see_it_beside(page, page.locator("#users th a").first, **how)
    expect(page).to_have_url(desk.address + path)
    assert page.locator("#panel dl").inner_html() == before
