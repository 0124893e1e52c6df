"""Double clicks, and Enter twice: what is sent twice is done once and told once, with script and without."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.window import Desk, edit, expect_fresh, fill, row, wait_until
from tests.programs import program
from tests.running import Server

# Alone, for what is told rests on how soon the second one is there.
pytestmark = [pytest.mark.only("sqlite"), pytest.mark.xdist_group("alone")]

GAPS = pytest.mark.parametrize("gap", [80, 200, 400])  # milliseconds between two clicks
PRESSES = pytest.mark.parametrize("press", ["click", "Enter"])


def twice(page: Page, button: Locator, press: str, gap: int) -> None:
    """Press the button, and then whatever is at its place, or has its focus."""
    box = button.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    button.focus()
    for _ in range(2):
        page.mouse.click(x, y) if press == "click" else page.keyboard.press("Enter")
        page.wait_for_timeout(gap)


def only(server: Server) -> dict[str, object]:
    """The only user that there is."""
    (found,) = httpx.get(f"{server.address}/users.json").json()["rows"]
    return dict(found)


@GAPS
@PRESSES
def test_add_save_and_delete(server: Server, desk: Desk, press: str, gap: int) -> None:
    page = desk.open()
    flash, form = page.locator("#flash"), page.locator("#form")
    page.get_by_role("link", name="Add a user").first.click()
    fill(page, "Ada", "ada@example.org")
    twice(page, form.get_by_role("button", name="Add"), press, gap)
    expect(flash).to_contain_text("Added Ada")
    expect(page.locator("#form .error")).to_have_count(0)
    assert only(server)["version"] == 1
    edit(page, "Ada")
    fill(page, "Ada King", "ada@example.org")
    twice(page, form.get_by_role("button", name="Save"), press, gap)
    expect(flash).to_contain_text("Saved Ada King")
    assert only(server)["version"] == 2
    row(page, "Ada King").get_by_role("link", name="Delete").click()
    twice(page, form.get_by_role("button", name="Delete"), press, gap)
    expect(flash).to_contain_text("Deleted Ada King")
    expect_fresh(page)


@GAPS
@PRESSES
def test_a_button_in_a_row(server: Server, desk: Desk, press: str, gap: int) -> None:
    server.add_users(1)
    page, before = desk.open(), only(server)
    twice(page, row(page, "User 001").get_by_role("button", name="Active"), press, gap)
    expect(row(page, "User 001").get_by_role("button", name="Closed")).to_be_visible()
    after = only(server)
    assert (after["status"], after["version"]) == ("closed", int(str(before["version"])) + 1)
    expect(page.locator("#flash .good")).to_contain_text("User 001")
    page.wait_for_timeout(700)
    row(page, "User 001").get_by_role("button", name="Closed").click()
    expect(row(page, "User 001").get_by_role("button", name="Active")).to_be_visible()


@GAPS
@PRESSES
def test_a_conflict_is_shown_and_not_answered_by_the_same_double_click(
    server: Server, desk: Desk, press: str, gap: int
) -> None:
    server.add_users(1)
    page = desk.open()
    edit(page, "User 001")
    fill(page, "User 001", "mine@example.org")
    server.execute("UPDATE users SET email = 'theirs@example.org'")
    expect(page.locator("[id^=notice-user-]")).to_contain_text("theirs@example.org")  # the buttons have moved
    twice(page, page.locator("#form").get_by_role("button", name="Save"), press, gap)
    expect(page.locator("#form").get_by_role("button", name="Save mine")).to_be_visible()
    expect(page.locator("#flash")).to_contain_text("someone else changed this row")
    assert only(server)["email"] == "theirs@example.org"
    page.wait_for_timeout(700)
    page.locator("#form").get_by_role("button", name="Save mine").click()
    expect(row(page, "User 001")).to_contain_text("mine@example.org")


@GAPS
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_both_are_sent_before_the_first_is_answered(server: Server, desk: Desk, script: bool, gap: int) -> None:
    page = desk.open(live=script, java_script_enabled=script)
    flash, form = page.locator("#flash"), page.locator("#form")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)

    def press(name: str) -> None:
        sent.clear()
        with program(server.url) as other:
            other.hold()  # nobody else writes, so nothing is answered
            twice(page, form.get_by_role("button", name=name), "click", gap)
            other.release()
        wait_until(page, lambda: len(sent) == 2, "this proves nothing unless both are sent")

    page.get_by_role("link", name="Add a user").first.click()
    fill(page, "Ada", "ada@example.org")
    press("Add")
    expect(flash).to_contain_text("Added Ada.")
    ada = only(server)
    assert ada["version"] == 1
    page.goto(f"{desk.address}/users/{ada['id']}/edit")
    fill(page, "Ada King", "ada@example.org")
    press("Save")
    expect(flash).to_contain_text("Saved Ada King.")
    assert only(server)["version"] == 2
    page.goto(f"{desk.address}/users/{ada['id']}/delete")
    press("Delete")
    expect(flash).to_contain_text("Deleted Ada King.")
    expect(page.locator("#flash .bad")).to_have_count(0)
