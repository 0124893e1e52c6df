"""A page of another app, on another origin, shows the table live, by the very snippets that our page offers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser.cutter import Cutter, cutting
from tests.browser.host import Host, hosting
from tests.browser.window import FRESH, SHOWN, Desk, wait_until
from tests.running import ADD_USER, Server, running

WAYS = ["iframe", "htmx", "jinja"]
NEEDED = {
    "iframe": "default-src 'none'; form-action 'none'; frame-src {}",
    "htmx": "default-src 'none'; form-action 'none'; script-src {0}; style-src {0}; connect-src {0}",
}
NEEDED["jinja"] = NEEDED["htmx"]


@dataclass
class Stage:
    """A host, the server whose table it shows, and what stands between them and can be cut."""

    host: Host
    server: Server
    cutter: Cutter
    desk: Desk

    @property
    def address(self) -> str:
        """Where the server is to those behind the cutter."""
        return f"http://127.0.0.1:{self.cutter.port}"

    def snippet(self, way: str, query: str = "") -> str:
        """Copy a snippet from the page, and what it adds to the address."""
        page = self.desk.open(f"/users{query}")
        page.get_by_role("link", name="Embed", exact=True).click()
        if way == "jinja":
            self.host.python = page.locator("#snippet-python").inner_text()
        copied = page.locator(f"#snippet-{way}").inner_text()
        page.close()
        return copied

    def embed(self, way: str, query: str = "", more: str = "") -> Embedded:
        """Paste the snippet for this ``way`` into a page of the host, and open that; ``more`` goes to its address."""
        copied = self.snippet(way, query)
        if more:
            copied, self.host.python = (
                re.sub(r'(/users/table(?:\?[^"]*)?)"', rf'\1{"&" if query else "?"}{more}"', text)
                for text in (copied, self.host.python)
            )
        page = self.desk.open(self.host.paste(way, copied, NEEDED[way].format(self.address)), live=False)
        found = page.frame_locator("iframe").owner.element_handle().content_frame() if way == "iframe" else None
        embedded = Embedded(page, found or page.main_frame, f"{self.address}/users/table{query}")
        expect(embedded.frame.locator("#log")).to_contain_text("connected")
        return embedded


@dataclass
class Embedded:
    """A page of the host, the frame of it that holds the table, and the table's own address."""

    page: Page
    frame: Frame
    address: str

    def names(self) -> list[str]:
        """The user names that it shows."""
        return self.frame.locator("#users th").all_inner_texts()

    def expect_fresh(self, address: str = "") -> None:
        """Wait until it shows what a program gets that asks anew."""
        wanted = address or self.address
        if self.frame.parent_frame is None:  # in a frame, it is the frame's own page that would be loaded again
            wait_until(self.page, lambda: self._shown() == self.frame.evaluate(FRESH, wanted), f"{wanted} is not true")
            return
        ask = FRESH.replace('cache: "no-store"', 'cache: "no-store", headers: {Accept: "text/html"}')
        wait_until(self.page, lambda: self._shown() == self.frame.evaluate(ask, wanted), f"{wanted} is not true")

    def _shown(self) -> object:
        return self.frame.evaluate(SHOWN)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Server, Cutter]]:
    with ExitStack() as stack:
        host = stack.enter_context(hosting())
        folder: Path = tmp_path_factory.mktemp("embedded")
        server = stack.enter_context(running(folder, embed_origins=host.origin))
        yield host, server, stack.enter_context(cutting(server.port))


@pytest.fixture
def stage(chromium: Browser, served: tuple[Host, Server, Cutter]) -> Iterator[Stage]:
    host, server, cutter = served
    server.execute("DELETE FROM users")
    host.pages.clear()
    host.python = ""
    with ExitStack() as stack:
        desk = Desk(chromium, f"http://127.0.0.1:{cutter.port}", stack)
        desk.others = f"{host.origin}/", f"{host.stranger}/"
        yield Stage(host, server, cutter, desk)
    assert desk.problems == []


@pytest.mark.parametrize("way", WAYS)
def test_an_edit_elsewhere_appears_in_a_page_of_another_origin(stage: Stage, way: str) -> None:
    stage.server.add_users(30)
    shown = stage.embed(way, "?role=member&sort=-email")
    assert len(shown.names()) == 20
    assert shown.names()[0] == "User 029"
    stage.server.execute(ADD_USER, "Ada Lovelace", "zz@example.org", "member", "active")
    expect(shown.frame.locator("#users th").first).to_have_text("Ada Lovelace")
    stage.server.execute("DELETE FROM users WHERE username = 'User 029'")
    expect(shown.frame.locator("#pager")).to_contain_text("of 20")
    shown.expect_fresh()
