"""What can be told of looks without eyes: the highlight, the width of a phone, and that nothing breaks the policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.window import Desk, add, row
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")

PHONE = {"width": 360, "height": 740}
PAGES = [
    "/users",
    "/docs",
    "/users/new",
    "/users/{id}",
    "/users/{id}/edit",
    "/users/{id}/delete",
    "/nothing",
    "/users?q=nobody",
]


def animation(page: Page, name: str) -> str:
    """The animation of the row, or of its first cell that has one."""
    script = """(row) => [row, ...row.children]
        .map((element) => getComputedStyle(element).animationName).find((name) => name !== "none") ?? "none" """
    return str(row(page, name).evaluate(script))


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth"))


def test_a_row_that_changes_lights_up_again_each_time(server: Server, desk: Desk) -> None:
    server.add_users(3)
    page = desk.open()
    assert animation(page, "User 002") == "none"
    expect(row(page, "User 002")).not_to_have_attribute("data-changed", "0")
    seen = set()
    for role in ("administrator", "member", "administrator"):
        server.execute("UPDATE users SET role = ? WHERE username = 'User 002'", role)
        expect(row(page, "User 002").get_by_role("button", name=role.title())).to_be_visible()
        assert row(page, "User 002").get_attribute("data-changed") in ("0", "1")
        seen.add(animation(page, "User 002"))
    assert "none" not in seen
    assert len(seen) == 2, "one animation would not start again"
    assert animation(page, "User 001") == "none"


def test_a_new_row_lights_up_and_one_that_only_moves_into_the_page_does_not(server: Server, desk: Desk) -> None:
    server.add_users(26)
    server.execute("UPDATE users SET changed = '2020-01-01 00:00:00.000000', version = version + 1")
    page = desk.open("/users?size=25")
    add(desk.open(), "Ada Lovelace", "ada@example.org")
    expect(row(page, "Ada Lovelace")).to_be_visible()
    assert animation(page, "Ada Lovelace") != "none"
    server.execute("DELETE FROM users WHERE username IN ('User 001', 'User 002')")
    expect(row(page, "User 026")).to_be_visible()
    assert animation(page, "User 026") == "none"


@pytest.mark.parametrize("scripted", [True, False])
def test_nothing_is_wider_than_a_phone(server: Server, desk: Desk, scripted: bool) -> None:
    server.add_users(30)
    server.execute("UPDATE users SET username = ?, email = ? WHERE username = 'User 001'", "W" * 64, "w" * 240)
    id = ids(desk)[0]
    page = desk.open("/users?size=25", live=scripted, viewport=PHONE, java_script_enabled=scripted)
    for path in ("/users?size=25&page=1", *PAGES):
        page.goto(desk.address + path.replace("{id}", str(id)))
        if scripted:
            assert fits(page), path
        else:
            assert page.locator("body").bounding_box()["width"] <= PHONE["width"]  # type: ignore[index]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_another_origin_or_breaks_its_policy(server: Server, desk: Desk, path: str) -> None:
    server.add_users(2)
    page = desk.open(path.replace("{id}", str(ids(desk)[0])), live=path.partition("?")[0] == "/users")
    expect(page.get_by_role("link", name="Rowcast")).to_be_visible()
    policy = page.request.get(page.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_an_empty_directory_breaks_no_policy(desk: Desk) -> None:
    page = desk.open()
    page.locator("#connection summary").click()
    expect(page.locator("#log > li").last).to_be_visible()
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#address")).to_be_visible()


def test_dark_is_dark(server: Server, desk: Desk) -> None:
    colours = [
        desk.open(color_scheme=scheme).evaluate("getComputedStyle(document.documentElement).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert colours[0] != colours[1]


def ids(desk: Desk) -> list[int]:
    page = desk.open("/users?size=100")
    return [int(id.removeprefix("user-")) for id in page.locator("#users tr").evaluate_all("all => all.map(r => r.id)")]
