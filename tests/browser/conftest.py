"""A Chromium and a Firefox for all tests of this folder, a server with no users for each, unforgiving windows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserType, Playwright, expect, sync_playwright

from tests.browser.window import PATIENCE, Desk
from tests.running import Server
from tests.serving import serving

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def launch(kind: BrowserType, *flags: str) -> Browser:
    """Start a Chromium; where there is one without windows, that: each new context takes it a sixth of the time."""
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return kind.launch(executable_path=program, args=[*FLAGS, *flags])


def launch_firefox(kind: BrowserType) -> Browser:
    """Start a Firefox as people have it, by WebDriver BiDi: Playwright itself would bring a build of its own."""
    return kind.launch(
        channel="moz-firefox",
        executable_path=shutil.which("firefox-esr"),
        # It waits in vain for a page that Back brings as it was; and to be loaded anew is the harder way.
        firefox_user_prefs={"browser.sessionhistory.max_total_viewers": 0},
    )


# For the package, not the session: while it is open, Playwright's event loop runs, and no asynchronous test can.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What drives the browsers."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium."""
    with launch(playwright.chromium) as browser:
        yield browser


@pytest.fixture(scope="package")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    """Firefox."""
    with launch_firefox(playwright.firefox) as browser:
        yield browser


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Browser:
    """Chromium, or the one that the test names."""
    found: Browser = request.getfixturevalue(getattr(request, "param", "chromium"))
    return found


@pytest.fixture(scope="package")
def shared_servers(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Server]]:
    """One server on each kind of database for all tests of this folder."""
    with serving(tmp_path_factory, request) as servers:
        yield servers


@pytest.fixture
def server(shared_servers: Callable[[str], Server], dialect: str) -> Server:
    """The server, with no users."""
    server = shared_servers(dialect)
    server.execute("DELETE FROM users")
    return server


@pytest.fixture
def desk(browser: Browser, server: Server) -> Iterator[Desk]:
    """Where windows are opened; in the end, none of them may have seen anything go wrong."""
    with ExitStack() as stack:
        desk = Desk(browser, server.address, stack)
        yield desk
    assert desk.problems == []
