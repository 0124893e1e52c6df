"""Rows over HTTP: one row with its history, the forms, and what an open form hears."""

from __future__ import annotations

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import Outside, make_user
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, PART, ask

SHOWN = {"HX-Target": "article#shown"}
UNKNOWN = ["99", "0", str(2**63 - 1), str(2**63), "9" * 5000, "-1", "x", "1.0", "%00", "1%20"]


@pytest.mark.parametrize("id", UNKNOWN, ids=lambda id: id[:25])
@pytest.mark.parametrize("path", ["", "/edit", "/delete"])
async def test_an_unknown_row_is_404_for_every_reader(client: Client, path: str, id: str) -> None:
    for reader in FORMATS.values():
        assert (await ask(client, "GET", f"/users/{id}{path}", reader)).status == 404


async def test_a_row_is_shown_with_what_happened_to_it(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    await ask(client, "PATCH", "/users/1", JSON, json={"status": "closed"})
    for reader in (PAGE, PART):
        got = await ask(client, "GET", "/users/1", reader)
        history = got.html.xpath("//ol[@class='history']/li")
        assert len(history) == 2
        assert (history[0].xpath("string(.//del)"), history[0].xpath("string(.//ins)")) == ("Active", "Closed")
        assert [change.xpath("string(./b)") for change in history] == ["changed it", "added it"]
        shown = {value.text_content().strip() for value in got.html.xpath("//dd")}
        assert {"Ada", "ada@example.org", "Member", "Closed"} <= shown


async def test_the_history_says_when_it_does_not_know_the_newest_change(client: Client, outside: Outside) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    outside.execute("UPDATE users SET role = 'administrator', version = 2, changed = '2999-01-01 00:00:00'")
    newest, _added = (await ask(client, "GET", "/users/1", PAGE)).html.xpath("//ol[@class='history']/li")
    assert newest.text_content().strip() == "Another program has changed it since; what, is not recorded."


async def test_a_row_in_json_has_its_moments_in_utc(client: Client) -> None:
    row = (await ask(client, "POST", "/users", JSON, json=ADA)).json
    assert row == (await ask(client, "GET", "/users/1", JSON)).json
    assert row == ADA | {"id": 1, "version": 1, "created": row["created"], "changed": row["changed"]}
    assert row["created"].endswith("Z")


async def test_a_form_to_edit_holds_the_row_and_its_version(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    for reader in (PAGE, PART):
        got = await ask(client, "GET", "/users/1/edit", reader, headers={"Referer": "http://localhost/users?q=a"})
        assert got.typed == ADA
        given = {f"given-{name}": value for name, value in ADA.items()}
        assert got.hidden == {"version": "1", "back": "q=a"} | given
        assert got.html.get_element_by_id("notice-user-1") is not None, "the stream speaks to it by this id"


@pytest.mark.parametrize("path", ["", "/edit", "/delete"])
async def test_what_is_open_beside_the_table_brings_the_mark_of_its_row(client: Client, path: str) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    got = await ask(client, "GET", f"/users/1{path}", PART)
    assert got.html.xpath("//link[@rel='stylesheet']/@href") == ["/users/1/mark.css"]
    mark = await ask(client, "GET", "/users/1/mark.css", {})
    assert (mark.status, mark.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert mark.text.startswith("#user-1 {")
    assert "max-age" in mark.headers["Cache-Control"]


async def test_a_form_that_is_sent_back_has_the_focus_in_its_first_wrong_field(client: Client) -> None:
    for wrong, field in (({}, "username"), ({"email": "ada"}, "email"), ({"role": "king"}, "role")):
        got = await ask(client, "POST", "/users", PART, form=ADA | {"username": "" if not wrong else "Ada"} | wrong)
        assert got.status == 422
        assert got.html.xpath("//*[@autofocus]/@name") == [field]


async def test_a_form_to_add_holds_the_defaults(client: Client) -> None:
    got = await ask(client, "GET", "/users/new", PAGE)
    assert got.typed == {"username": "", "email": "", "role": "member", "status": "active"}


@pytest.mark.parametrize("path", ["/users", "/users/new", "/users/1", "/users/1/edit", "/users/1/delete"])
async def test_no_browser_fills_a_form_in_again_with_what_it_held_before(client: Client, path: str) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    got = await ask(client, "GET", path, PAGE)
    forms = got.html.xpath("//form[.//input | .//select | .//textarea]")
    assert len(forms) == (path != "/users/1")
    assert all(form.get("autocomplete") == "off" for form in forms)


async def test_deleting_asks_first_and_deletes_nothing_by_asking(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    got = await ask(client, "GET", "/users/1/delete", PAGE)
    assert got.html.xpath("string(//h2)") == "Delete Ada?"
    assert "Ada" in got.html.xpath("//form//dd//text()")
    assert (await ask(client, "GET", "/users/1", JSON)).status == 200


@pytest.mark.parametrize("query", ["version=1", "version=7", "", "version=junk", "version=" + "9" * 5000])
async def test_an_open_form_hears_whether_it_is_out_of_date(client: Client, database: Database, query: str) -> None:
    await make_user(database, "Ada")
    for id, news in (("1", "" if query == "version=1" else "Ada"), ("2", "deleted")):
        got = await ask(client, "GET", f"/users/{id}/notice?{query}", PART)
        assert got.status == 200
        assert bool(got.text.strip()) == bool(news)
        assert news in got.text


async def test_hostile_names_are_text_wherever_a_row_is_shown(client: Client, database: Database) -> None:
    name = "\"'><img src=x onerror=alert(1)></textarea></tr><script>"
    await make_user(database, name, email="a@example.org")
    for path in ("/users/1", "/users/1/edit", "/users/1/delete", "/users/1/notice"):
        for reader in (PAGE, PART):
            got = await ask(client, "GET", path, reader)
            assert not got.html.xpath("//img[@src='x'] | //*[@onerror]")
            assert "<script>" not in got.text
            values = [*got.html.xpath("//bdi/text()"), *got.html.xpath("//input/@value")]
            assert name in values, "this proves nothing unless the name is there"


async def test_a_referer_that_is_no_address_does_no_harm(client: Client) -> None:
    got = await ask(client, "GET", "/users/new", PAGE, headers={"Referer": "http://["})
    assert got.status == 200


async def test_a_row_that_is_open_asks_for_news_and_the_focus_stays_where_it_is(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    for reader in (PAGE, PART):
        got = await ask(client, "GET", "/users/1", reader, headers={"Referer": "http://localhost/users?q=a"})
        assert got.html.get_element_by_id("row-stream").get("hx-sse:connect") == "/users/1/stream"
        assert len(got.html.xpath("//h2[@autofocus]")) == 1
    await ask(client, "PATCH", "/users/1", JSON, json={"status": "closed"})
    news = await ask(client, "GET", "/users/1/notice", PART, headers=SHOWN)
    assert "Closed" in news.html.xpath("//article[@id='shown']//dd//text()")
    assert not news.html.xpath("//*[@autofocus]")
    assert len(news.html.get_element_by_id("notice-user-1")) == 0, "or the question would be asked for ever"
    await ask(client, "DELETE", "/users/1", JSON)
    gone = await ask(client, "GET", "/users/1/notice", PART, headers=SHOWN)
    assert (gone.status, gone.html.xpath("string(//*[@role='status'])")) == (200, "This user was deleted meanwhile.")
    assert [link.text for link in gone.html.xpath("//article//a")] == ["Close"]
    assert len(gone.html.xpath("//ol[@class='history']/li")) == 3


async def test_a_row_on_a_page_of_its_own_leads_back_to_its_listing_after_news_as_well(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    page = await ask(client, "GET", "/users/1", PAGE, headers={"Referer": "http://localhost/users?q=a"})
    assert page.html.get_element_by_id("back").value == "q=a"
    news = await ask(client, "GET", "/users/1/notice?back=q%3Da", PART, headers=SHOWN)
    for got in (page, news):
        close = got.html.get_element_by_id("shown-close")
        assert (close.get("href"), close.get("hx-get")) == ("/users?q=a", None)
        assert got.html.get_element_by_id("back").value == "q=a"
    panel = await ask(client, "GET", "/users/1/notice", PART, headers=SHOWN)
    assert panel.html.get_element_by_id("shown-close").get("hx-get") == "/users/panel"
    assert "HX-Target" in news.headers["Vary"]


async def test_without_script_a_row_stands_in_a_frame_that_refreshes_itself(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    page = await ask(client, "GET", "/users/1", PAGE)
    (frame,) = page.html.xpath("//noscript/iframe/@src")
    got = await ask(client, "GET", frame, PAGE)
    assert got.html.xpath("//meta[@http-equiv='refresh']/@content") == ["5"]
    assert "ada@example.org" in [told.text_content() for told in got.html.xpath("//dd")]
    again = await ask(client, "GET", frame, PAGE, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    assert not got.html.xpath("//a | //script")
    await ask(client, "DELETE", "/users/1", JSON)
    assert "deleted" in (await ask(client, "GET", frame, PAGE)).text
