"""Where things stand, measured: nothing overlaps, nothing is cut off, and what belongs together is together."""

from __future__ import annotations

import pytest
from playwright.sync_api import FloatRect, Locator, Page, ViewportSize, expect

from tests.browser.window import Desk, edit, fill, row
from tests.running import ADD_USER, Server

pytestmark = pytest.mark.only("sqlite")

DESK, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
LOCALES = ["en-GB", "zh-CN"]
# What is cut off, of the texts that stand in the line above the table, in the heads and in the cells; and which of the
# things that can be clicked lie over one another. A box that is contained in another stands in it, and not over it.
CUT = """(within) => [...document.querySelectorAll(within)]
    .filter((one) => one.checkVisibility() && getComputedStyle(one).overflowX !== "visible")
    .filter((one) => one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.outerHTML.slice(0, 100)} ${one.scrollWidth} > ${one.clientWidth}`)"""
OVERLAPPING = """() => {
    const kinds = "main :is(a, button, input, select, h1), #pager p, #waiting, td bdi, td time"
    const shown = [...document.querySelectorAll(kinds)]
        .filter((one) => one.checkVisibility() && !one.closest("#export, [hidden]"))
        .map((one) => [one, one.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && box.left < innerWidth && box.top < innerHeight)
    const over = ([one, a], [other, b]) => !one.contains(other) && !other.contains(one)
        && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
    return shown.flatMap((one, at) => shown.slice(at + 1).filter((other) => over(one, other))
        .map((other) => `${one[0].outerHTML.slice(0, 80)} | ${other[0].outerHTML.slice(0, 80)}`))
}"""


def box(shown: Locator) -> FloatRect:
    found = shown.bounding_box()
    assert found is not None, f"{shown} is not shown"
    return found


def is_beside(one: FloatRect, other: FloatRect) -> bool:
    """Whether both stand in one line, the first before the other."""
    middle = one["y"] + one["height"] / 2
    return other["y"] < middle < other["y"] + other["height"] and one["x"] + one["width"] <= other["x"]


@pytest.fixture
def people(server: Server) -> Server:
    """Sixty users, some with names and addresses as long as those of people are."""
    server.add_users(58)
    server.execute(ADD_USER, "Abdulsamed Stenberg", "abdulsamed.stenberg@example.net", "administrator", "active")
    server.execute(ADD_USER, "Annamaria Bermudez", "annamaria.bermudez@example.net", "administrator", "closed")
    return server


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/users?size=25", "/users?size=25&paused=1", "/users?q=nobody"])
def test_nothing_overlaps_and_nothing_is_cut_off(
    people: Server, desk: Desk, locale: str, viewport: ViewportSize, path: str
) -> None:
    page = desk.open(path, live="paused" not in path, locale=locale, viewport=viewport)
    if "paused" in path:
        expect(page.locator("#waiting")).not_to_be_empty()
    assert page.evaluate(OVERLAPPING) == []
    assert page.evaluate(CUT, "#listing :is(th, td, bdi, button, time, p, li)") == []


@pytest.mark.parametrize("locale", LOCALES)
def test_beside_an_open_panel_no_name_address_or_choice_is_cut_off(people: Server, desk: Desk, locale: str) -> None:
    page = desk.open(locale=locale, viewport=DESK)
    row(page, "Abdulsamed Stenberg").locator("a[href$='/edit']").click()
    expect(page.locator("#form")).to_be_visible()
    assert page.evaluate(CUT, "#listing :is(th, td, bdi, button)") == []
    chips = row(page, "Abdulsamed Stenberg").locator("td > button")
    role, status = box(chips.first), box(chips.last)
    assert status["x"] - role["x"] - role["width"] >= 8, "they do not touch"


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_how_many_rows_there_are_is_told_above_them_in_one_line_with_the_pause_and_stays_true(
    people: Server, desk: Desk, viewport: ViewportSize
) -> None:
    page = desk.open("/users?size=25", viewport=viewport)
    total, pause, table = page.locator("#pager p"), page.locator("#pause"), page.locator(".board")
    expect(total).to_have_text("1–25 of 60")
    assert is_beside(box(total), box(pause))
    assert box(pause)["y"] + box(pause)["height"] <= box(table)["y"]
    above, line = box(page.locator("#search")), box(table)["y"] - box(pause)["y"]
    assert box(table)["y"] - above["y"] - above["height"] < 48, "no band is empty"
    assert line < 48
    people.execute("DELETE FROM users WHERE username = 'User 001'")
    expect(total).to_have_text("1–25 of 59")


def test_on_a_phone_the_first_row_is_near_the_top_and_the_line_to_sort_by_shows_that_it_goes_on(
    people: Server, desk: Desk
) -> None:
    page = desk.open("/users?size=25", viewport=PHONE, has_touch=True, is_mobile=True)
    assert box(page.locator("#users tr").first)["y"] < 270
    line = page.locator("thead tr")
    assert line.evaluate("(line) => line.scrollWidth > line.clientWidth"), "this proves nothing unless it is cut"
    assert "linear-gradient" in line.evaluate("(line) => getComputedStyle(line).maskImage")
    last = page.locator("thead th").nth(4)
    line.evaluate("(line) => line.scrollTo(line.scrollWidth, 0)")
    assert box(last)["x"] + box(last)["width"] <= box(line)["x"] + box(line)["width"] - 40, "the end of it is not faint"


def test_on_a_phone_the_filters_are_behind_a_button_that_tells_whether_one_is_set(people: Server, desk: Desk) -> None:
    page = desk.open(viewport=PHONE)
    role, button = page.locator("#search").get_by_label("Role"), page.get_by_role("button", name="Filter")
    expect(role).to_be_hidden()
    plain = button.evaluate("(one) => getComputedStyle(one).backgroundColor")
    button.click()
    role.select_option("Administrator")
    expect(page.locator("#users tr")).to_have_count(21)
    expect(role).to_be_visible()
    page.keyboard.press("Escape")
    expect(role).to_be_hidden()
    assert button.evaluate("(one) => getComputedStyle(one).backgroundColor") != plain
    page.set_viewport_size(DESK)
    expect(role).to_be_visible()
    expect(button).to_be_hidden()


def test_what_can_be_done_to_a_row_is_seen_without_pointing_at_it(people: Server, desk: Desk) -> None:
    page = desk.open(viewport=DESK)
    page.mouse.move(0, 0)
    for shown in row(page, "User 002").locator("td a, td button").all():
        style = shown.evaluate("(one) => { const {opacity, color} = getComputedStyle(one); return [opacity, color] }")
        assert style[0] == "1"
    for chip in row(page, "User 002").locator("td > button").all():
        edge = chip.evaluate("(one) => getComputedStyle(one).borderTopColor")
        assert edge != chip.evaluate("(one) => getComputedStyle(one).backgroundColor"), "a button has an edge"


def colours(page: Page, name: str) -> str:
    return str(row(page, name).evaluate("(row) => getComputedStyle(row).backgroundColor"))


def test_the_row_that_is_open_is_marked_whoever_changes_it_until_it_is_closed(people: Server, desk: Desk) -> None:
    page = desk.open(viewport=DESK)
    plain = colours(page, "User 002")
    edit(page, "User 002")
    page.mouse.move(0, 0)
    page.wait_for_function(
        "(plain) => getComputedStyle(document.querySelector('#users tr:nth-child(4)')).backgroundColor !== plain",
        arg=plain,
    )
    marked = colours(page, "User 002")
    assert marked != plain == colours(page, "User 003")
    people.execute("UPDATE users SET email = 'new@example.org', version = version + 1 WHERE username = 'User 002'")
    expect(row(page, "User 002")).to_contain_text("new@example.org")
    page.wait_for_timeout(2_300)  # the light of a change goes out
    assert colours(page, "User 002") == marked
    row(page, "User 003").get_by_role("link", name="Delete").click()
    expect(page.locator("#panel h2")).to_have_text("Delete User 003?")
    page.mouse.move(0, 0)
    page.wait_for_function(
        "(plain) => getComputedStyle(document.querySelector('#users tr:nth-child(5)')).backgroundColor !== plain",
        arg=plain,
    )
    assert colours(page, "User 002") == plain
    assert colours(page, "User 003") not in (plain, marked), "what is to be deleted is marked otherwise"
    page.locator("#panel").get_by_role("link", name="Cancel").click()
    expect(page.locator("#form")).to_have_count(0)
    page.mouse.move(0, 0)
    assert colours(page, "User 003") == plain


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_what_is_wrong_with_a_form_is_told_beside_it_and_the_focus_is_in_the_wrong_field(
    people: Server, desk: Desk, viewport: ViewportSize
) -> None:
    page = desk.open(viewport=viewport)
    page.get_by_role("link", name="Add a user").click()
    expect(page.get_by_label("User name", exact=True)).to_be_focused()
    fill(page, "Ada", "not an address")
    page.locator("#form").get_by_role("button", name="Add").click()
    told = page.locator("#flash .bad")
    expect(told).to_be_visible()
    expect(page.get_by_label("E-mail", exact=True)).to_be_focused()
    panel, error, button = box(page.locator("#panel")), box(told), box(page.locator("#form").get_by_role("button"))
    assert panel["x"] <= error["x"]
    assert error["x"] + error["width"] <= panel["x"] + panel["width"] + 1
    if viewport == DESK:
        assert 0 <= panel["y"] - error["y"] - error["height"] < 16, "right above it"
    else:
        assert 0 <= error["y"] - button["y"] - button["height"] < 32, "right below its button"
        assert error["y"] + error["height"] <= viewport["height"]


@pytest.mark.parametrize("locale", LOCALES)
def test_the_buttons_of_a_conflict_stand_in_one_line(people: Server, desk: Desk, locale: str) -> None:
    page = desk.open(locale=locale, viewport=DESK)
    row(page, "User 002").locator("a[href$='/edit']").click()
    page.locator("#field-email").fill("mine@example.org")
    people.execute("UPDATE users SET email = 'theirs@example.org', version = version + 1 WHERE username = 'User 002'")
    expect(row(page, "User 002")).to_contain_text("theirs@example.org")
    page.locator("#form button").click()
    expect(page.locator("#form .actions > *")).to_have_count(3)
    first, second, third = (box(one) for one in page.locator("#form .actions > *").all())
    assert is_beside(first, second)
    assert is_beside(second, third)


@pytest.mark.parametrize("path", ["", "/edit", "/delete"])
def test_a_heading_is_no_field_and_no_gap_is_wide_on_a_page_of_its_own(people: Server, desk: Desk, path: str) -> None:
    id = desk.open().locator("#users tr").first.get_attribute("id")
    page = desk.open(f"/users/{str(id).removeprefix('user-')}{path}", live=False, viewport=DESK)
    heading, back, sheet = page.locator("h2"), box(page.locator(".back")), box(page.locator(".sheet"))
    assert heading.evaluate("(one) => getComputedStyle(one).outlineStyle") == "none"
    assert back["y"] < 80
    assert sheet["y"] - back["y"] - back["height"] < 24


def test_an_address_that_is_longer_than_its_line_breaks_before_its_at(people: Server, desk: Desk) -> None:
    page = desk.open(viewport=DESK)
    row(page, "Abdulsamed Stenberg").get_by_role("link", name="Abdulsamed Stenberg").click()
    shown = page.locator("#panel dd", has_text="@")
    expect(shown).to_have_text("abdulsamed.stenberg@example.net")
    lines = shown.evaluate(
        """(shown) => [...shown.querySelector("bdi").childNodes].filter((one) => one.nodeType === 3).map((text) => {
            const range = document.createRange()
            range.selectNode(text)
            return new Set([...range.getClientRects()].map((box) => box.top)).size
        })"""
    )
    assert lines == [1, 1]


def test_the_menu_leads_to_all_forms_of_this_listing_and_is_closed_when_the_panel_opens(
    people: Server, desk: Desk
) -> None:
    page = desk.open("/users?role=administrator&size=25")
    page.locator("#sort-email").click()
    expect(page.locator("th[aria-sort]")).to_have_text("E-mail")
    menu = page.locator("#export")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Export").click()
    csv = menu.get_by_role("link", name="CSV", exact=True).get_attribute("href")
    assert csv == "/users.csv?role=administrator&size=25&sort=email"
    assert page.request.get(desk.address + csv).text().count("\n") == 22
    json = menu.get_by_role("link", name="JSON", exact=True).get_attribute("href")
    assert len(page.request.get(f"{desk.address}{json}").json()["rows"]) == 21
    expect(menu.locator("#address")).to_contain_text("/users/stream?role=administrator&size=25&sort=email")
    menu.get_by_role("link", name="Embed", exact=True).click()
    expect(page.locator("#snippets")).to_be_visible()
    expect(menu).to_be_hidden()
    expect(page.locator("#panel h2")).to_be_focused()
    page.get_by_role("button", name="Export").click()
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


@pytest.mark.parametrize("path", ["/users", "/users/table"])
def test_an_empty_table_has_a_button_that_fills_it(server: Server, desk: Desk, path: str) -> None:
    page = desk.open(path)
    page.get_by_role("link", name="Add the first one").click()
    fill(page, "Ada", "ada@example.org")
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(row(page, "Ada")).to_be_visible()
    expect(page.get_by_role("link", name="Add the first one")).to_be_hidden()


@pytest.mark.parametrize("width", [820, 1000, 1280])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_time_in_a_table_that_is_only_read_is_whole(people: Server, desk: Desk, width: int, locale: str) -> None:
    people.execute("UPDATE users SET changed = '2026-12-28 20:48:20.000000', version = version + 1")
    page = desk.open("/users/table?actions=0", viewport={"width": width, "height": 600}, locale=locale)
    assert page.evaluate(CUT, "td, td > *") == []
    if width > 900:
        expect(page.locator("#users time").first).to_be_visible()
