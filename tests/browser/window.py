"""Windows: each a browser of its own for the server, with what went wrong in it; and pages compared with fresh ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Frame, Locator, Page, Request, expect

PATIENCE = 10.0  # seconds that anything may take
BOTH_BROWSERS = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
CONNECTED = "#log > li:not([hx-post])"  # the line that the browser's answer brought, in any language
# What must equal that of a fresh page: rows and pager, without what htmx and the highlight leave on them.
STATE = """(document) => ["users", "pager"].map((id) => {
    const element = document.getElementById(id).cloneNode(true)
    for (const inner of [element, ...element.querySelectorAll("*")]) {
        for (const name of ["data-htmx-powered", "data-changed"]) inner.removeAttribute(name)
        if (inner.getAttribute("class") === "") inner.removeAttribute("class")
    }
    return element.outerHTML
})"""
SHOWN = f"() => ({STATE})(document)"
FRESH = f"""async (address) => {{
    const response = await fetch(address ?? location.href, {{cache: "no-store"}})
    return ({STATE})(new DOMParser().parseFromString(await response.text(), "text/html"))
}}"""


class Desk:
    """Opens windows on one server, and notes what goes wrong in them."""

    def __init__(self, browser: Browser, address: str, stack: ExitStack) -> None:
        self.address = address
        self.problems: list[str] = []
        self.others: tuple[str, ...] = ()  # addresses besides the server's that may be asked
        # What the console says: of each 4xx; in Firefox of a stream whose page is left.
        self.expected: tuple[str, ...] = "Failed to load resource", "htmx: htmx:sse:error: Error in input stream"
        self._browser = browser
        self._stack = stack

    def open(self, path: str = "/users", *, live: bool = True, beside: Page | None = None, **options: Any) -> Page:
        """Open a window, another browser as far as the server can tell; wait until its page is live.

        A window ``beside`` another is one more of the same browser.
        """
        page = beside.context.new_page() if beside else self._browse(**options)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.goto(path if path.startswith("http") else f"{self.address}{path}")
        if live:
            expect(page.locator(CONNECTED).first).to_be_attached()
        return page

    def _browse(self, **options: Any) -> Page:
        # Motion takes a tenth of a core for each page that is open; the tests about it ask for it.
        context = self._browser.new_context(**{"reduced_motion": "reduce"} | options)
        self._stack.callback(context.close)
        context.set_default_timeout(PATIENCE * 1000)
        context.on("request", self._note_request)
        return context.new_page()

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", *self.others, "data:")):
            self.problems.append(f"request to {request.url}")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(message.type, message.text)

    def _note(self, kind: str, text: str) -> None:
        if not text.startswith(self.expected):
            self.problems.append(f"{kind}: {text}")


def row(page: Page, name: str) -> Locator:
    """The row of the user ``name``."""
    return page.locator("#users tr").filter(has=page.get_by_role("link", name=name, exact=True))


def names(page: Page) -> list[str]:
    """The user names in the table, in their order."""
    return page.locator("#users tr th").all_inner_texts()


def wait_until(page: Page, condition: Callable[[], bool], what: str) -> None:
    """Wait for the condition."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        page.wait_for_timeout(20)


def expect_fresh(*pages: Page) -> None:
    """Wait until each page shows the rows and the pager that a fresh one shows."""
    for page in pages:
        wait_until(page, lambda page=page: page.evaluate(SHOWN) == page.evaluate(FRESH), f"{page.url} is not true")  # type: ignore[misc]


def travel(page: Page, steps: int) -> None:
    """Go through the history as the browser's own buttons do, and wait until htmx has had the page loaded anew."""
    page.evaluate(f"() => {{ window.isOld = true; setTimeout(() => history.go({steps}), 0) }}")

    def is_loaded() -> bool:
        try:
            return bool(page.evaluate("() => !window.isOld && document.readyState === 'complete'"))
        except Error:
            return False  # it is just being replaced

    wait_until(page, is_loaded, "the page is loaded anew")


def fill(page: Page | Frame, username: str, email: str) -> None:
    """Fill in the form."""
    page.get_by_label("User name", exact=True).fill(username)
    page.get_by_label("E-mail", exact=True).fill(email)


def click(page: Page, name: str, button: str) -> None:
    """Click a button in the row of the user ``name``, and wait for the answer: until then, a second is dropped."""
    with page.expect_response(lambda response: response.request.method == "POST"):
        row(page, name).get_by_role("button", name=button).click()


def export(page: Page, name: str) -> None:
    """Click a link of the menu."""
    page.get_by_role("button", name="Export").click()
    page.get_by_role("link", name=name, exact=True).click()


def edit(page: Page, name: str) -> None:
    """Open the form of the user ``name``."""
    row(page, name).get_by_role("link", name="Edit").click()
    expect(page.get_by_label("User name", exact=True)).to_have_value(name)


def add(page: Page, username: str, email: str) -> None:
    """Add a user by the form."""
    page.get_by_role("link", name="Add a user").click()
    expect(page.locator("#form").get_by_role("button", name="Add")).to_be_visible()
    fill(page, username, email)
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(page.locator("#flash")).to_contain_text(f"Added {username}")
