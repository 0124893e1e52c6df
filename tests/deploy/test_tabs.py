"""Twenty tabs of one browser, all live at once over one connection: real Chromium, HTTPS, HTTP/2."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.conftest import launch
from tests.browser.window import FRESH, SHOWN
from tests.deploy.conftest import Site

# An answer to a greeting may reach the other node; only PostgreSQL then tells the one that waits for it.
pytestmark = pytest.mark.only("postgresql")

TABS = 20
PATIENCE = 30.0  # seconds that anything may take
PROTOCOL = "() => performance.getEntriesByType('navigation')[0].nextHopProtocol"


@pytest.fixture
def context() -> Iterator[BrowserContext]:
    """One browser, to which the certificate says nothing."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        context = browser.new_context(ignore_https_errors=True)
        context.set_default_timeout(PATIENCE * 1000)
        yield context
        browser.close()


def test_twenty_tabs_of_one_browser_are_live_at_once(site: Site, context: BrowserContext) -> None:
    problems: list[str] = []
    context.on("console", lambda message: _note(message, problems))
    context.on("weberror", lambda error: problems.append(f"error: {error.error}"))
    tabs = [context.new_page() for _ in range(TABS)]
    for tab in tabs:
        tab.goto(f"{site.address}/users", wait_until="commit")
    for tab in tabs:
        expect(tab.locator("#badge")).to_have_text("Live", timeout=PATIENCE * 1000)
        expect(tab.locator("#log")).to_contain_text("connected", timeout=PATIENCE * 1000)
        assert tab.evaluate(PROTOCOL) == "h2"
    assert sum(_streams(context, node.address) for node in site.nodes) == TABS, "all at the same time"
    one = tabs[0]
    row = one.locator("#users tr").filter(has_text="user003@example.org")
    row.get_by_role("button", name="Administrator").click()
    for tab in tabs:
        row = tab.locator("#users tr").filter(has_text="user003@example.org")
        expect(row.get_by_role("button", name="Member")).to_be_visible(timeout=PATIENCE * 1000)
    for tab in tabs:
        _until(tab, lambda tab=tab: tab.evaluate(SHOWN) == tab.evaluate(FRESH))  # type: ignore[misc]
    assert problems == []


def _note(message: ConsoleMessage, problems: list[str]) -> None:
    if message.type in ("error", "warning"):
        problems.append(f"{message.type}: {message.text} {message.location['url']}")


def _streams(context: BrowserContext, address: str) -> int:
    text = context.request.get(f"{address}/metrics").text()
    found = re.search(r"^rowcast_subscribers (\S+)$", text, re.MULTILINE)
    assert found
    return int(float(found[1]))


def _until(tab: Page, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"{tab.url} is not true"
        tab.wait_for_timeout(50)
