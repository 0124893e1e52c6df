"""What is being read stays where it is, whatever comes, goes or moves above it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import BOTH_BROWSERS, Desk, row
from tests.running import ADD_USER, Server

pytestmark = pytest.mark.only("sqlite")

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "page": ("/users?size=100", {"viewport": {"width": 1280, "height": 800}}),
    "phone": ("/users?size=100", {"viewport": {"width": 390, "height": 800}}),
    "frame": ("/users/table?size=100", {"viewport": {"width": 1000, "height": 600}}),
}
NEAR = 1  # pixel: Firefox rounds the lines between the rows
PLACE = "(row) => row.getBoundingClientRect().top"


def place(page: Page) -> float:
    return float(row(page, "User 060").evaluate(PLACE))


@BOTH_BROWSERS
@pytest.mark.parametrize("way", WAYS)
def test_rows_that_come_and_go_above_do_not_move_what_is_read(server: Server, desk: Desk, way: str) -> None:
    server.add_users(80)
    path, options = WAYS[way]
    page = desk.open(path, **options)
    row(page, "User 060").evaluate("(row) => row.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(100)  # an anchor is chosen when the browser has painted
    before, scrolled = place(page), page.evaluate("scrollY")
    for number in range(3):
        server.execute(ADD_USER, f"Above {number}", f"above{number}@example.org", "member", "active")
        expect(row(page, f"Above {number}")).to_be_attached()
    assert page.evaluate("scrollY") > scrolled, "this proves nothing unless there is more above"
    assert abs(place(page) - before) <= NEAR
    server.execute("UPDATE users SET username = 'Above 9' WHERE username = 'User 070'")
    expect(row(page, "Above 9")).to_be_attached()
    assert abs(place(page) - before) <= NEAR
    server.execute("DELETE FROM users WHERE username IN ('User 003', 'User 004')")
    expect(row(page, "User 004")).to_have_count(0)
    assert abs(place(page) - before) <= NEAR
