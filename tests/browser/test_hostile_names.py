"""Names that would be markup, script or stream fields elsewhere are shown as the text that they are."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.window import Desk, expect_fresh, wait_until
from tests.running import ADD_USER, Server

pytestmark = pytest.mark.only("sqlite")

NAMES = [
    "<img src=x onerror=alert(1)>",
    "</tr><script>alert(1)</script>",
    "</hx-partial><hx-partial hx-target='#flash'>",
    "<p hx-get=/users/new hx-trigger=load hx-target=#flash>",
    "a\rid: 1\r\rdata: x",
    "a\nid: 1\n\ndata: x",
    "{{ 7 * 7 }} ${7 * 7}",
    "\"' onmouseover=alert(1) x='",
    "\u202etxet \u2066 esrever",
    "\U0001f469\u200d\U0001f680 and \U0001f1eb\U0001f1f7",
    "&lt;b&gt; &amp; \u2028 \u0085 \x0b",
]
RAN = "window.ran === true || document.title === 'ran'"


def shown(name: str) -> str:
    """The text as an HTML parser gives it: it knows one line end."""
    return name.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("past_the_page", [False, True])
def test_hostile_names_are_text_in_page_and_stream(server: Server, desk: Desk, past_the_page: bool) -> None:
    rows = [(name, f"u{number}@example.org", "member", "active") for number, name in enumerate(NAMES)]
    if past_the_page:
        server.execute_many(ADD_USER, rows)
    page = desk.open()
    page.on("dialog", lambda dialog: desk.problems.append(f"dialog: {dialog.message}"))
    if not past_the_page:
        for values in rows:
            server.execute(ADD_USER, *values)
    expect(page.locator("#users tr")).to_have_count(len(NAMES))
    texts = "() => [...document.querySelectorAll('#users th bdi')].map((element) => element.textContent)"
    wait_until(page, lambda: set(page.evaluate(texts)) == set(map(shown, NAMES)), "a name is not shown as it is")
    assert page.locator("#users :is(img, script, p, hx-partial)").count() == 0
    expect(page.locator("#flash")).to_be_empty()
    expect_fresh(page)
    server.execute("UPDATE users SET role = 'administrator'")
    expect(page.locator("#users").get_by_role("button", name="Administrator")).to_have_count(len(NAMES))
    expect_fresh(page)


@pytest.mark.parametrize("name", NAMES[:4])
def test_hostile_names_are_text_in_forms_and_messages(server: Server, desk: Desk, name: str) -> None:
    page = desk.open()
    page.on("dialog", lambda dialog: desk.problems.append(f"dialog: {dialog.message}"))
    page.get_by_role("link", name="Add a user").click()
    page.get_by_label("User name", exact=True).fill(name)
    page.get_by_label("E-mail", exact=True).fill("u@example.org")
    page.locator("#form").get_by_role("button", name="Add").click()
    expect(page.locator("#flash span")).to_have_text(f"Added {name}.")
    page.locator("#users tr").get_by_role("link", name="Edit").click()
    expect(page.get_by_label("User name", exact=True)).to_have_value(name)
    server.execute("UPDATE users SET role = 'administrator'")
    expect(page.locator("[id^=notice-user-]")).to_contain_text(name)
    page.locator("#users tr").get_by_role("link", name="Delete").click()
    expect(page.locator("#panel")).to_contain_text(name)
    page.locator("#users th a").click()
    expect(page.locator("#panel h2")).to_have_text(name)
    expect_fresh(page)
