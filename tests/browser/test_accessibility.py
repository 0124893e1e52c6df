"""WCAG 2.2 AA: no page, in no theme, language or width, has a violation; and targets and colours are measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.audit import contrast, small_targets, violations
from tests.browser.window import Desk
from tests.running import Server

pytestmark = [pytest.mark.only("sqlite"), pytest.mark.timeout(400)]

DESK, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=740)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LOCALES = ["en-GB", "zh-CN"]
TEXTS = [  # what is written, and on what
    *(("--ink", back) for back in ("--page", "--sheet", "--raised", "--lit")),
    *(("--muted", back) for back in ("--page", "--sheet", "--raised")),
    *(("--accent", back) for back in ("--page", "--sheet", "--raised", "--accent-tint")),
    *((text, back) for text in ("--good", "--warn", "--bad") for back in ("--page", "--sheet", "--raised")),
    *(("--good", "--good-tint"), ("--warn", "--warn-tint"), ("--bad", "--bad-tint")),
    *(("--on-accent", "--button"), ("--on-accent", "--button-strong")),
    *(("--on-danger", "--danger"), ("--on-danger", "--danger-strong")),
]
SHAPES = [  # what a field or the focus is known by
    *(("--edge", back) for back in ("--page", "--sheet")),
    *(("--accent", back) for back in ("--page", "--sheet", "--raised")),
    ("--bad", "--sheet"),
    ("--danger", "--sheet"),
]


def alone(path: str, field: str = "") -> Callable[[Page, str, int], None]:
    """Show a page; with a ``field``, empty it and send its form."""

    def show(page: Page, address: str, id: int) -> None:
        page.goto(address + path.format(id=id))
        if field:
            page.locator(f"#field-{field}").fill("")
            page.locator("#form button").click()
            expect(page.locator("[aria-invalid]").first).to_be_visible()

    return show


def conflict(page: Page, address: str, id: int) -> None:
    page.goto(f"{address}/users/{id}/edit")
    for name, value in (("version", "0"), ("given-username", "Theirs")):
        page.locator(f"[name={name}]").evaluate("(input, value) => { input.value = value }", value)
    page.locator("#field-username").fill("Mine")
    page.locator("#form button").click()
    expect(page.locator(".theirs")).to_be_visible()


def told(page: Page, address: str, id: int) -> None:
    """Show the result of an action, with the button that undoes it."""
    page.goto(f"{address}/users?q=ada")
    page.locator(f"#user-{id} button").first.click()
    expect(page.get_by_role("button", name=re.compile("Undo|撤销"))).to_be_visible()
    page.wait_for_timeout(2500)  # the light of the row that changed keeps the colours of the theme that it began in


def panel(path: str, shown: str, send: bool = False) -> Callable[[Page, str, int], None]:
    """Show the listing with the panel open."""

    def show(page: Page, address: str, id: int) -> None:
        page.goto(f"{address}/users")
        expect(page.locator("#badge .live")).to_be_visible()
        page.locator(f"a[href='{path.format(id=id)}']").first.click()
        expect(page.locator(f"#panel {shown}").first).to_be_visible()
        if send:
            page.locator("#field-username").fill("")
            page.locator("#form button").click()
            expect(page.locator("#panel .error").first).to_be_visible()
        page.locator("#connection").evaluate("(log) => { log.open = true }")

    return show


def opened(name: str) -> Callable[[Page, str, int], None]:
    """Show the listing with what its button opens."""

    def show(page: Page, address: str, id: int) -> None:
        page.goto(f"{address}/users")
        page.set_viewport_size(PHONE)
        page.locator(f"[popovertarget={name}]").click()
        expect(page.locator(f"#{name}")).to_be_visible()

    return show


STATES = {
    "listing": alone("/users?size=25&page=2&sort=-email"),
    "nothing": alone("/users?q=nobody"),
    "notice": alone("/users?sort=nonsense"),
    "menu": opened("export"),
    "filters": opened("filters"),
    "told": told,
    "paused": alone("/users?paused=1&size=25"),
    "docs": alone("/docs"),
    "snippets": alone("/users/embed?q=user"),
    "only read": alone("/users/table?actions=0&size=25"),
    "frame": alone("/users/table?size=25"),
    "new": alone("/users/new"),
    "invalid": alone("/users/new", "username"),
    "row": alone("/users/{id}"),
    "edit": alone("/users/{id}/edit"),
    "conflict": conflict,
    "delete": alone("/users/{id}/delete"),
    "error": alone("/nothing"),
    "panel with a new row": panel("/users/new", "#form"),
    "panel with a mistake": panel("/users/new", "#form", send=True),
    "panel with a row": panel("/users/{id}", ".history"),
    "panel with an edit": panel("/users/{id}/edit", "#form"),
    "panel with a question": panel("/users/{id}/delete", "#form"),
}


def open_quietly(desk: Desk, locale: str) -> Page:
    # Without motion nothing is half faded in when its contrast is measured.
    return desk.open(locale=locale, reduced_motion="reduce", viewport=DESK)


def audit(page: Page, name: str, schemes: tuple[Scheme, ...] = SCHEMES) -> list[str]:
    """Return what is wrong at both widths. (A theme changes colours and nothing else.)"""
    found = []
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            wrong = violations(page, only_colours=scheme == "dark") + small_targets(page)
            found += [f"{name}, {scheme}, {viewport['width']}: {one}" for one in wrong]
    return found


@pytest.mark.parametrize("locale", LOCALES)
def test_no_page_has_a_violation(server: Server, desk: Desk, locale: str) -> None:
    page = open_quietly(desk, locale)
    found = audit(page, "empty")
    server.add_users(60)
    page.request.post(f"{desk.address}/users", form={"username": "Ada", "email": "ada@example.org"})
    rows = page.request.get(f"{desk.address}/users?q=ada", headers={"Accept": "application/json"}).json()["rows"]
    page.request.patch(f"{desk.address}/users/{rows[0]['id']}", data={"role": "administrator"})
    for name, show in STATES.items():
        show(page, desk.address, rows[0]["id"])
        assert page.locator("html").get_attribute("lang") == {"en-GB": "en", "zh-CN": "zh-Hans"}[locale]
        found += audit(page, name, SCHEMES if locale == LOCALES[0] else SCHEMES[:1])
    assert not found, "\n".join(found)


def test_a_planted_violation_is_found(server: Server, desk: Desk) -> None:
    server.add_users(1)
    page = open_quietly(desk, "en-GB")
    page.evaluate(
        """() => {
            document.querySelector("#q").removeAttribute("aria-label")
            document.querySelector("#q").removeAttribute("placeholder")
            document.querySelector("h1").style.color = "#bbb"
            document.querySelector("tbody button").style = "min-block-size: 0; block-size: 12px; inline-size: 12px"
            document.documentElement.removeAttribute("lang")
        }"""
    )
    found = {one.partition(":")[0] for one in violations(page)}
    assert {"label", "html-has-lang"} <= found
    assert "color-contrast" in found, page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len(small_targets(page)) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_can_be_told_apart(desk: Desk, scheme: Scheme) -> None:
    page = desk.open(color_scheme=scheme)
    assert contrast(page, "--ink", "--ink") == 1
    assert contrast(page, "--line", "--sheet") < 3, "this proves nothing unless a faint line is seen to be faint"
    faint = {(front, back): contrast(page, front, back) for front, back in TEXTS}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < 4.5} == {}
    faint = {(front, back): contrast(page, front, back) for front, back in SHAPES}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < 3} == {}


@pytest.mark.parametrize("locale", LOCALES)
def test_the_table_tells_what_it_is_and_how_it_is_sorted(server: Server, desk: Desk, locale: str) -> None:
    server.add_users(3)
    page = desk.open("/users?sort=-email", locale=locale)
    table = page.get_by_role("table")
    expect(table).to_have_accessible_name({"en-GB": "Users", "zh-CN": "用户"}[locale])
    heads = page.get_by_role("columnheader")
    assert [head.get_attribute("aria-sort") for head in heads.all()] == [None, "descending", None, None, None, None]
    assert page.get_by_role("rowheader").count() == 3
    assert page.locator("[aria-live]").count() == 0, "a table that tells every change would never be silent"
