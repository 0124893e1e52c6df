"""Answers: who gets a page, a part or JSON, with which status, and where a plain form goes back to."""

from __future__ import annotations

from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import make_user
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, PART, ROW, ask

READS = [
    # path, what the part holds, what JSON holds (None: there is none)
    ("/users", "//section[@id='listing']", {"rows", "total", "is_more", "page", "pages", "size", "revision"}),
    ("/users/1", "//dl", ROW),
    ("/users/new", "//form[@id='form'][@action='/users']", None),
    ("/users/1/edit", "//form[@id='form'][@action='/users/1']", None),
    ("/users/1/delete", "//form[@id='form'][@action='/users/1/delete']", None),
    ("/users/panel", "//p", None),
]
WRITES = [
    # method, path, what is sent, status for a page, a part, JSON
    ("POST", "/users", ADA | {"username": "Bob", "email": "bob@example.org"}, (303, 201, 201)),
    ("POST", "/users/1", {"status": "closed"}, (303, 200, 200)),
    ("POST", "/users/1", ADA | {"status": "closed", "version": "1"}, (303, 200, 200)),
    ("PUT", "/users/1", ADA | {"status": "closed"}, (303, 200, 200)),
    ("PATCH", "/users/1", {"status": "closed"}, (303, 200, 200)),
    ("POST", "/users/1/delete", {}, (303, 200, 204)),
    ("DELETE", "/users/1", {}, (303, 200, 204)),
]


@pytest.mark.parametrize(("path", "holds", "keys"), READS, ids=[path for path, *_ in READS])
async def test_each_reader_gets_its_own_kind_of_answer(
    client: Client, database: Database, path: str, holds: str, keys: set[str] | None
) -> None:
    await make_user(database, "Ada")
    page = await ask(client, "GET", path, PAGE)
    assert (page.status, page.is_document) == (200, True)
    assert page.html.xpath(holds)
    part = await ask(client, "GET", path, PART)
    assert (part.status, part.is_document) == (200, False)
    assert part.html.xpath(holds)
    assert "<html" not in part.text
    program = await ask(client, "GET", path, JSON)
    if keys is None:
        assert program.status == 406
        assert program.json["status"] == 406
        assert (await client.head(path, headers=JSON)).status_code == 406
    else:
        assert (program.status, set(program.json)) == (200, keys)
    for got in (page, part, program):
        assert {"HX-Request-Type", "Accept", "Accept-Language"} <= set(got.headers["Vary"].split(", "))
        assert got.headers["Cache-Control"] in ("no-cache", "no-store")


@pytest.mark.parametrize(("method", "path", "sent", "statuses"), WRITES)
@pytest.mark.parametrize("reader", FORMATS)
@pytest.mark.parametrize("body", ["form", "json"])
async def test_a_write_is_answered_in_the_readers_format_whatever_the_body(
    client: Client, database: Database, body: str, reader: str, method: str, path: str, sent: Any, statuses: Any
) -> None:
    await make_user(database, "Ada")
    got = await ask(client, method, path, FORMATS[reader], **{body: sent})
    assert got.status == dict(zip(FORMATS, statuses, strict=True))[reader]
    if reader == "part":
        assert got.targets[0] == "flash"
    if got.status == 303:
        assert got.headers["Location"] == "/users"
    if got.status == 201:
        assert got.headers["Location"] == "/users/2"
    if reader == "json" and got.status != 204:
        assert set(got.json) == ROW
        assert sent.items() <= (got.json | {"version": "1"}).items()


@pytest.mark.parametrize(
    ("headers", "is_json"),
    [
        pytest.param({}, False, id="says nothing"),
        pytest.param({"Accept": "*/*"}, False, id="anything"),
        pytest.param({"Accept": "application/json"}, True, id="JSON"),
        pytest.param({"Accept": "application/json, text/html;q=0.9"}, True, id="rather JSON"),
        pytest.param({"Accept": "text/html, application/json;q=0.9"}, False, id="rather HTML"),
        pytest.param({"Accept": "text/event-stream"}, False, id="a stream, as htmx says in every request"),
        pytest.param({"Accept": "application/json", "HX-Request-Type": "partial"}, False, id="htmx"),
        pytest.param({"Accept": "nonsense"}, False, id="nonsense"),
    ],
)
async def test_json_is_for_those_who_prefer_it(client: Client, headers: dict[str, str], is_json: bool) -> None:
    got = await ask(client, "GET", "/users", headers)
    assert (got.headers["Content-Type"] == "application/json") == is_json


async def test_a_program_that_sends_json_and_does_not_say_what_it_accepts_gets_json(
    client: Client,
) -> None:
    for headers in ({}, {"Accept": "*/*"}):
        assert (await ask(client, "POST", "/users", headers, json={})).json["status"] == 422


@pytest.mark.parametrize("query", ["", "role=member&sort=-email", "page=2", "q=%C3%84+%26+%3Cb%3E"])
@pytest.mark.parametrize("way", ["back", "referer"])
@pytest.mark.parametrize("path", ["/users", "/users/1", "/users/1/delete"])
async def test_a_plain_form_goes_back_to_the_listing_it_came_from(
    client: Client, database: Database, path: str, way: str, query: str
) -> None:
    await make_user(database, "Bob")
    sent = ADA | ({"back": query} if way == "back" else {})
    headers = {"Referer": f"http://localhost/users?{query}"} if way == "referer" else {}
    got = await ask(client, "POST", path, PAGE, form=sent, headers=headers)
    assert (got.status, got.headers["Location"]) == (303, f"/users?{query}" if query else "/users")


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "page=0", "a\r\nb"],
    ids=ascii,
)
async def test_nobody_is_sent_elsewhere(client: Client, back: str) -> None:
    form = ADA | {"back": back}
    assert (await ask(client, "POST", "/users", PAGE, form=form)).headers["Location"] == "/users"
    other = ADA | {"username": "Bob", "email": "bob@example.org"}
    referer = {"Referer": "https://evil.example/elsewhere?q=a&next=//evil.example"}
    assert (await ask(client, "POST", "/users", PAGE, form=other, headers=referer)).headers["Location"] == "/users?q=a"


async def test_the_result_is_told_once_after_the_redirect(client: Client) -> None:
    await ask(client, "POST", "/users", PAGE, form=ADA | {"username": "<b>Ada</b>"})
    first = await ask(client, "GET", "/users", PAGE)
    assert first.flash == "Added <b>Ada</b>."
    assert (await ask(client, "GET", "/users", PAGE)).flash == ""


async def test_the_frame_that_refreshes_itself_does_not_swallow_the_result(client: Client) -> None:
    await ask(client, "POST", "/users", PAGE, form=ADA)
    await ask(client, "GET", "/users/table", PAGE)
    assert (await ask(client, "GET", "/users", PAGE)).flash == "Added Ada."


async def test_the_front_door_leads_to_the_table(client: Client) -> None:
    got = await ask(client, "GET", "/", PAGE)
    assert (got.status, got.headers["Location"]) == (302, "/users")
