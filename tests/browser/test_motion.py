"""Motion: who asked for less of it sees nothing fade, slide or pulse, and still sees what changed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from rowcast.showing.package_folders import folder
from tests.browser.window import Desk, add, row
from tests.running import Server

pytestmark = pytest.mark.only("sqlite")

# How each animation that runs, or waits to, gets from one look to the next.
EASINGS = """() => document.getAnimations().map(({effect, animationName}) =>
    [animationName, ...effect.getKeyframes().slice(0, -1).map(({easing}) => easing)])"""
# For less than five seconds: what moves for longer must be one that can be stopped (WCAG 2.2.2).
PULSE = """() => {
    const style = getComputedStyle(document.querySelector("#badge .live"), "::before")
    return [style.animationName, style.animationIterationCount]
}"""
LIT = "(row) => getComputedStyle(row).backgroundColor"


def moving(page: Page) -> dict[str, list[str]]:
    """The animations of the page by name, each with its easings."""
    return {name: easings for name, *easings in page.evaluate(EASINGS)}


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_nothing_moves_for_who_asked_for_less_motion(server: Server, desk: Desk, wish: str) -> None:
    server.add_users(3)
    page = desk.open(reduced_motion=wish)
    assert page.evaluate(PULSE) == {"reduce": ["none", "1"], "no-preference": ["pulse", "3"]}[wish]
    add(page, "Ada", "ada@example.org")
    expect(page.locator("#summary span")).to_be_attached()
    plain = row(page, "User 001").evaluate(LIT)
    server.execute("UPDATE users SET role = 'administrator', version = version + 1 WHERE username = 'User 002'")
    expect(row(page, "User 002")).to_have_attribute("data-changed", re.compile("[01]"))
    found = moving(page)
    assert {"go", "fade", "miss"} < found.keys(), "this proves nothing unless something would move"
    assert any(name.startswith("lit-") for name in found)
    found.pop("pulse", None)
    steps = [easing.startswith("step") for name, easings in found.items() for easing in easings if name != "miss"]
    assert all(steps) if wish == "reduce" else not any(steps)
    assert row(page, "User 002").evaluate(LIT) != plain, "the row is lit, with motion or without"
    page.wait_for_timeout(1500)
    if wish == "reduce":
        assert row(page, "User 002").evaluate(LIT) != plain, "as long as it would take to fade"
    page.wait_for_timeout(1500)
    assert row(page, "User 002").evaluate(LIT) == plain, "and then it is not"


def test_every_animation_of_ours_is_one_that_the_browser_was_shown(server: Server, desk: Desk) -> None:
    sheets = "".join(sheet.read_text() for sheet in (folder("static") / "css").glob("*.css"))
    assert not re.search(r"(?<![\w-])(transition|scroll-behavior|view-transition)", sheets), "nothing else moves"
    named = set(re.findall(r"@keyframes ([\w-]+)", sheets))
    assert named == {"leave", "go", "fade", "miss", "appear", "pulse", "lit-even", "lit-odd"}
    page = desk.open(live=False, reduced_motion="reduce")
    for name in named:
        style = page.evaluate(
            """(name) => {
                const element = document.body.appendChild(document.createElement("i"))
                const sheet = new CSSStyleSheet()
                sheet.replaceSync(`i { animation: ${name} 1s }`)
                document.adoptedStyleSheets = [sheet]
                return getComputedStyle(element).animationTimingFunction
            }""",
            name,
        )
        assert style.startswith("step"), f"{name} moves"
