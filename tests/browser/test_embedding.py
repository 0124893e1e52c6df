"""A page of another app, on another origin, shows the table by the snippets that the page offers; and it is live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser.conftest import launch
from tests.browser.cutter import Cutter, cutting
from tests.browser.host import Host, hosting
from tests.browser.window import BOTH_BROWSERS, FRESH, SHOWN, Desk, export, fill, wait_until
from tests.running import ADD_USER, Server, running

REFRESHED = 8_000  # milliseconds; without script a frame refreshes itself every five seconds
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
        export(page, "Embed")
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
def stage(browser: Browser, served: tuple[Host, Server, Cutter]) -> Iterator[Stage]:
    host, server, cutter = served
    server.execute("DELETE FROM users")
    host.pages.clear()
    host.python = ""
    with ExitStack() as stack:
        desk = Desk(browser, f"http://127.0.0.1:{cutter.port}", stack)
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
    expect(shown.frame.locator("#badge")).to_have_text("Live")
    expect(shown.frame.locator("#paused")).to_be_hidden()
    stage.server.execute("DELETE FROM users WHERE username = 'User 029'")
    expect(shown.frame.locator("#pager")).to_contain_text("of 20")
    shown.expect_fresh()


@BOTH_BROWSERS
def test_pages_of_one_browser_with_the_same_part_are_all_live(stage: Stage) -> None:
    stage.server.add_users(1)
    stage.desk.expected += ("The page’s settings blocked the loading of a resource (img-src)",)  # the host's icon
    one = stage.embed("htmx").page
    two = stage.desk.open(one.url, live=False, beside=one)
    expect(two.locator("#log")).to_contain_text("connected")
    stage.server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
    for page in (one, two):
        expect(page.locator("#users")).to_contain_text("Ada Lovelace")


@pytest.mark.parametrize("way", WAYS)
def test_everything_that_the_page_does_is_done_in_the_embed(stage: Stage, way: str) -> None:
    stage.server.add_users(3)
    shown = stage.embed(way)
    stage.desk.expected += ("Blocked autofocusing",)
    frame, flash, form = shown.frame, shown.frame.locator("#flash"), shown.frame.locator("#form")
    at, own = shown.page.url, stage.desk.open()

    frame.get_by_role("link", name="Add a user").click()
    fill(frame, "Ada", "not an address")
    form.get_by_role("button", name="Add").click()
    expect(frame.locator("#panel")).to_contain_text("looks like name@example.org")
    expect(flash).to_contain_text("Nothing was saved")
    fill(frame, "Ada", "ada@example.org")
    form.get_by_role("button", name="Add").click()
    expect(flash).to_contain_text("Added Ada")
    ada = frame.locator("#users tr").filter(has_text="ada@example.org")
    expect(ada).to_be_visible()

    ada.get_by_role("button", name="Member").click()
    expect(ada.get_by_role("button", name="Administrator")).to_be_visible()
    expect(flash).to_contain_text("Ada: Role Administrator")
    ada.get_by_role("button", name="Active").click()
    expect(flash).to_contain_text("Ada: Status Closed")
    flash.get_by_role("button", name="Undo").click()
    expect(flash).to_contain_text("Ada: Status Active")
    expect(ada.get_by_role("button", name="Active")).to_be_visible()

    ada.get_by_role("link", name="Edit").click()
    expect(frame.get_by_label("User name", exact=True)).to_have_value("Ada")
    fill(frame, "Ada Lovelace", "ada@example.org")
    stage.server.execute("UPDATE users SET username = 'Ada Byron', version = version + 1 WHERE username = 'Ada'")
    expect(frame.locator("[id^=notice-user-]")).to_contain_text("changed this row")
    form.get_by_role("button", name="Save").click()
    expect(flash).to_contain_text("someone else changed this row")
    form.get_by_role("link", name="Take theirs").click()
    expect(frame.get_by_label("User name", exact=True)).to_have_value("Ada Byron")
    fill(frame, "Ada Lovelace", "ada@example.org")
    form.get_by_role("button", name="Save").click()
    expect(ada.get_by_role("rowheader")).to_have_text("Ada Lovelace")

    ada.get_by_role("link", name="Ada Lovelace").click()
    expect(frame.locator("#panel")).to_contain_text("History")
    frame.locator("#panel").get_by_role("link", name="Delete").click()
    expect(frame.locator("#panel")).to_contain_text("Delete Ada Lovelace?")
    frame.locator("#panel").get_by_role("button", name="Delete").click()
    expect(flash).to_contain_text("Deleted Ada Lovelace")
    expect(ada).to_have_count(0)
    expect(own.locator("#users tr")).to_have_count(3)
    shown.expect_fresh()
    assert shown.page.url == at, "the host's page stays where it is"


@pytest.mark.parametrize("way", WAYS)
def test_sort_and_pages_stay_in_the_embed_with_what_was_asked_and_an_open_form(stage: Stage, way: str) -> None:
    stage.server.add_users(60)
    stage.desk.expected += ("Blocked autofocusing",)
    shown = stage.embed(way, "?size=25", "theme=dark")
    frame, at = shown.frame, shown.page.url
    frame.get_by_role("link", name="Add a user").click()
    fill(frame, "typed so far", "")
    frame.get_by_role("link", name="E-mail", exact=True).click()
    expect(frame.locator("th[aria-sort]")).to_have_text("E-mail")
    expect(frame.locator("#log > li")).to_have_count(4)
    expect(frame.locator("#sort-email")).to_be_focused()
    frame.locator("#pager").get_by_role("link", name="Next").click()
    expect(frame.locator("#pager [aria-current=page]")).to_have_text("2")
    expect(frame.locator("#log > li").last).to_contain_text("connected")
    expect(frame.get_by_label("User name", exact=True)).to_have_value("typed so far")
    assert frame.locator(".embed").get_attribute("data-theme") == "dark"
    assert shown.names()[0] == "User 026"
    stage.server.execute("DELETE FROM users WHERE username = 'User 026'")
    expect(frame.locator("#users th").first).to_have_text("User 027")
    shown.expect_fresh(f"{stage.address}/users/table?page=2&size=25&sort=email&theme=dark")
    assert shown.page.url == at


@pytest.mark.parametrize("way", WAYS)
def test_an_embed_to_be_read_only_has_nothing_to_click_even_in_rows_that_come_later(stage: Stage, way: str) -> None:
    stage.server.add_users(30)
    shown = stage.embed(way, "?size=25", "actions=0")
    shown.frame.locator("#pager").get_by_role("link", name="Next").click()
    expect(shown.frame.locator("#users tr")).to_have_count(5)
    stage.server.execute(ADD_USER, "Zoe", "zoe@example.org", "member", "active")
    stage.server.execute("UPDATE users SET role = 'administrator' WHERE username = 'User 029'")
    expect(shown.frame.locator("#users")).to_contain_text("Zoe")
    changed = shown.frame.locator("#users tr").filter(has_text="User 029")
    expect(changed).to_contain_text("Administrator")
    assert shown.frame.locator("#users").locator("a, button, form, input").count() == 0
    assert shown.frame.locator("#panel").count() == 0
    shown.expect_fresh(f"{stage.address}/users/table?page=2&size=25&actions=0")


@pytest.mark.parametrize("way", WAYS)
def test_an_embed_whose_connection_was_lost_catches_up(stage: Stage, way: str) -> None:
    stage.server.add_users(5)
    stage.desk.expected += ("htmx", "TypeError", "[hx-sse]", "AbortError")
    shown = stage.embed(way)
    shown.frame.evaluate("window.loadedOnce = true")
    stage.cutter.refuse()
    stage.server.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
    stage.server.execute("DELETE FROM users WHERE username = 'User 002'")
    shown.page.wait_for_timeout(300)
    assert "Ada Lovelace" not in shown.names(), "this proves nothing unless the connection is lost"
    stage.cutter.heal()
    expect(shown.frame.locator("#users")).to_contain_text("Ada Lovelace")
    expect(shown.frame.locator("#users")).not_to_contain_text("User 002")
    expect(shown.frame.locator("#log > li").last).to_contain_text("connected")
    shown.expect_fresh()
    assert shown.frame.evaluate("window.loadedOnce") is True


@pytest.mark.parametrize("way", WAYS)
def test_an_embed_says_whether_it_is_live_and_minds_no_stream_of_its_hosts(stage: Stage, way: str) -> None:
    stage.server.add_users(3)
    stage.desk.expected += ("htmx", "TypeError", "[hx-sse]", "AbortError", "Access to fetch")
    shown = stage.embed(way)
    badge = shown.frame.locator("#badge")
    expect(badge).to_have_text("Live")
    expect(badge).to_be_visible()
    if way != "iframe":
        shown.page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:sse:error', {bubbles: true}))")
        shown.page.wait_for_timeout(300)
        expect(badge).to_have_text("Live")
    stage.cutter.refuse()
    expect(badge).to_have_text("Reconnecting…")
    stage.cutter.heal()
    expect(badge).to_have_text("Live")


@pytest.mark.parametrize("way", WAYS)
def test_an_origin_that_is_not_listed_is_shown_nothing(stage: Stage, way: str) -> None:
    stage.server.add_users(3)
    stage.desk.expected += ("Access to fetch", "Framing", "htmx: ", "TypeError", "[hx-sse]")
    address = stage.host.paste(way, stage.snippet(way), NEEDED[way].format(stage.address))
    page = stage.desk.open(address.replace(stage.host.origin, stage.host.stranger), live=False)
    if way == "jinja":  # a server reads what it likes; but nothing of it is live, and no button works
        role = page.locator("#users").get_by_role("button", name="Member").first
        with page.expect_event("requestfailed", lambda asked: asked.method in ("OPTIONS", "POST")):
            role.click()
        stage.server.execute("DELETE FROM users")
        page.wait_for_timeout(500)
        expect(page.locator("#users tr")).to_have_count(3)
        expect(page.locator("#log li")).to_have_count(0)
    else:
        page.wait_for_timeout(1000)
        assert len(page.frames) == (2 if way == "iframe" else 1), "this proves nothing unless the snippet is there"
        assert not any(frame.locator("#users").count() for frame in page.frames)


def test_a_form_on_a_page_of_a_listed_origin_is_taken_and_that_of_another_is_not(stage: Stage) -> None:
    fields = "".join(f'<input name="{name}" value="ada@example.org">' for name in ("username", "email"))
    text = f'<form method="post" action="{stage.address}/users">{fields}<button>Send</button></form>'
    address = stage.host.paste("form", text, f"default-src 'none'; form-action {stage.address}")
    for origin, status in ((stage.host.stranger, 403), (stage.host.origin, 303)):
        page = stage.desk.open(address.replace(stage.host.origin, origin), live=False)
        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.get_by_role("button").click()
        assert answered.value.status == status
    expect(page.locator("#users")).to_contain_text("ada@example.org")


SIZES = [(320, 480), (1200, 600)]
LAID_OUT = """() => {
    const {scrollWidth, clientWidth} = document.documentElement, at = (id) => document.querySelector(id)
    return {
        isWider: scrollWidth > clientWidth,
        scrolling: [...document.querySelectorAll("body, body *")].filter((one) =>
            one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY)).length,
        head: at("thead th").getBoundingClientRect().top,
        foot: innerHeight - at("#pager").getBoundingClientRect().bottom,
        scrolled: scrollY,
    }
}"""


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("more", ["", "&actions=0"])
def test_the_table_fills_its_frame_with_one_scrollbar_and_its_head_and_foot_in_sight(
    stage: Stage, width: int, height: int, more: str
) -> None:
    stage.server.add_users(30)
    stage.server.execute("UPDATE users SET username = ?, email = ? WHERE username = 'User 001'", "W" * 64, "w" * 240)
    page = stage.desk.open(f"/users/table?size=25{more}", viewport={"width": width, "height": height})
    expect(page.get_by_role("columnheader", name="Changed")).to_have_count(1)
    for scrolled in (0, 300):
        page.evaluate("(top) => scrollTo(0, top)", scrolled)
        found = page.evaluate(LAID_OUT)
        assert (found["isWider"], found["scrolling"], found["scrolled"]) == (False, 0, scrolled)
        assert 0 <= found["head"] <= (50 if scrolled else 90)
        assert abs(found["foot"]) < 1


def test_the_colours_are_those_that_the_host_asks_for(stage: Stage) -> None:
    def colour(theme: str, system: str) -> str:
        page = stage.desk.open(f"/users/table?theme={theme}", color_scheme=system)
        return str(page.locator("main").evaluate("(main) => getComputedStyle(main).backgroundColor"))

    assert colour("dark", "light") == colour("", "dark") == colour("dark", "dark")
    assert colour("light", "dark") == colour("", "light") != colour("", "dark")


def test_a_part_touches_nothing_else_on_the_page(stage: Stage) -> None:
    own = '<h1>Ours</h1><table><tr><td>Cell</td></tr></table><button>Press</button><a href="/x">Go</a>'
    look = """() => [...document.querySelectorAll("h1, :not(#embed *):is(table, td, button, a), body, html")]
        .map((one) => [...getComputedStyle(one)].filter((name) => !/size|width|origin|^height$/.test(name))
        .map((name) => getComputedStyle(one)[name]))"""
    stage.server.add_users(3)
    before = stage.desk.open(stage.host.paste("before", own, NEEDED["htmx"].format(stage.address)), live=False)
    text = own + stage.snippet("htmx").replace('/users/table"', '/users/table?theme=dark"')
    after = stage.desk.open(stage.host.paste("after", text, NEEDED["htmx"].format(stage.address)))
    assert after.locator("#users td").first.evaluate("(cell) => getComputedStyle(cell).overflow") == "hidden"
    dark = after.locator(".board").evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert dark == "rgb(22, 28, 27)", "this proves nothing unless the table has its looks"
    assert after.evaluate(look) == before.evaluate(look)


def test_the_snippets_follow_the_listing_and_the_search_keeps_its_focus(stage: Stage) -> None:
    stage.server.add_users(30)
    page = stage.desk.open()
    export(page, "Embed")
    snippet = page.locator("#snippet-iframe")
    expect(snippet).to_contain_text('/users/table"')
    assert snippet.evaluate("(one) => getComputedStyle(one).userSelect") == "all"
    page.get_by_role("searchbox").fill("user 01")
    expect(snippet).to_contain_text('/users/table?q=user+01"')
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.locator("#sort-email").click()
    expect(snippet).to_contain_text('/users/table?q=user+01&amp;sort=email"')
    page.locator("#panel").get_by_role("link", name="Close").click()
    page.locator("#sort-role").click()
    expect(page.locator("th[aria-sort]")).to_have_text("Role")
    expect(snippet).to_have_count(0)
    export(page, "Embed")
    expect(snippet).to_contain_text('sort=role"')


@pytest.fixture
def plain(chromium: Browser, stage: Stage) -> Iterator[Desk]:
    """Windows that can have script off in frames of other sites as well.

    Those have a process of their own otherwise, which Playwright now and then reaches too late.
    """
    with ExitStack() as stack:
        browser = launch(chromium.browser_type, "--disable-site-isolation-trials")
        stack.callback(browser.close)
        desk = Desk(browser, stage.address, stack)
        desk.others = stage.desk.others
        yield desk
    assert desk.problems == []


def test_without_script_the_snippets_are_a_page_and_a_frame_refreshes_itself(stage: Stage, plain: Desk) -> None:
    stage.server.add_users(3)
    page = plain.open("/users?role=member", live=False, java_script_enabled=False)
    export(page, "Embed")
    copied = page.locator("#snippet-iframe").inner_text()
    assert "role=member" in copied
    address = stage.host.paste("plain", copied, NEEDED["iframe"].format(stage.address))
    page = plain.open(address, live=False, java_script_enabled=False)
    users = page.frame_locator("iframe").locator("#users")
    expect(users).to_contain_text("User 001")
    stage.server.execute("UPDATE users SET username = 'Ada' WHERE username = 'User 001'")
    expect(users).to_contain_text("Ada", timeout=REFRESHED)
    # A change leads the window to the page of ours, where its result is told: a frame of another site has no cookie.
    users.locator("tr").filter(has_text="Ada").get_by_role("button", name="Active").click()
    expect(page).to_have_url(f"{stage.address}/users?role=member")
    expect(page.locator("#flash")).to_contain_text("Ada: Status Closed")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#flash")).to_contain_text("Ada: Status Active")


@pytest.mark.parametrize("way", WAYS)
def test_an_embedded_table_stands_still_and_goes_on(stage: Stage, way: str) -> None:
    stage.server.add_users(3)
    shown = stage.embed(way)
    frame, at = shown.frame, shown.page.url
    frame.get_by_role("link", name="Pause").click()
    expect(frame.get_by_role("link", name="Resume")).to_be_visible()
    stage.server.execute("DELETE FROM users WHERE username = 'User 002'")
    expect(frame.locator("#waiting")).to_have_text("1 change waits", timeout=8_000)
    assert shown.names() == ["User 001", "User 002", "User 003"]
    frame.get_by_role("link", name="Resume").click()
    expect(frame.locator("#users tr")).to_have_count(2)
    stage.server.execute("DELETE FROM users WHERE username = 'User 003'")
    expect(frame.locator("#users tr")).to_have_count(1)
    shown.expect_fresh()
    assert shown.page.url == at
