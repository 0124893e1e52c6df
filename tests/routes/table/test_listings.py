"""Listings over HTTP: as the address says, with a notice where it makes no sense, and with hostile text as text."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import make_user
from tests.live.pages import NAMES
from tests.routes.asking import JSON, PAGE, PART, Got, ask


def names(got: Got) -> list[str]:
    return [row.xpath("string(th)") for row in got.html.get_element_by_id("users")]


@pytest.fixture
async def people(database: Database) -> None:
    await make_user(database, "Ada", role="administrator")
    await make_user(database, "Bob", status="closed")
    await make_user(database, "Eve")


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Ada", "Bob", "Eve"]),
        ("sort=-username", ["Eve", "Bob", "Ada"]),
        ("sort=role", ["Ada", "Bob", "Eve"]),
        ("sort=-changed", ["Eve", "Bob", "Ada"]),
        ("q=EVE", ["Eve"]),
        ("q=example.org&role=member", ["Bob", "Eve"]),
        ("role=member&status=closed", ["Bob"]),
        ("q=nobody", []),
        ("q=&role=&status=", ["Ada", "Bob", "Eve"]),
    ],
)
async def test_the_address_says_what_is_listed(client: Client, query: str, found: list[str]) -> None:
    for reader in (PAGE, PART):
        assert names(await ask(client, "GET", f"/users?{query}", reader)) == found
    listing = (await ask(client, "GET", f"/users?{query}", JSON)).json
    assert [row["username"] for row in listing["rows"]] == found
    assert listing["total"] == len(found)
    assert names(await ask(client, "GET", f"/users/table?{query}", PAGE)) == found


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "query", ["sort=nonsense", "page=0", "page=x", "size=7", "role=emperor", "nonsense=1", "page=" + "0" * 5000 + "1"]
)
async def test_what_makes_no_sense_gets_the_nearest_listing_with_a_notice(client: Client, query: str) -> None:
    name = query.partition("=")[0]
    for reader in (PAGE, PART):
        got = await ask(client, "GET", f"/users?{query}&q=example", reader)
        assert (got.status, len(names(got))) == (200, 3)
        assert got.flash, "somebody should hear what was wrong"
        assert "flash" in got.targets or reader is PAGE
    refusal = await ask(client, "GET", f"/users?{query}", JSON)
    assert (refusal.status, set(refusal.json["errors"])) == (400, {name})


async def test_a_page_past_the_end_shows_the_last_page(client: Client, database: Database) -> None:
    for number in range(26):
        await make_user(database, f"user {number:02}")
    got = await ask(client, "GET", "/users?size=25&page=99999", PAGE)
    assert names(got) == ["user 25"]
    assert got.flash == ""
    listing = (await ask(client, "GET", "/users?size=25&page=99999", JSON)).json
    assert (listing["page"], listing["pages"], listing["size"], listing["total"]) == (2, 2, 25, 26)


@pytest.mark.usefixtures("people")
async def test_a_page_opens_the_stream_of_its_own_listing_where_it_is(client: Client) -> None:
    query = "role=member&sort=-email"
    revision = (await ask(client, "GET", f"/users?{query}", JSON)).json["revision"]
    for reader in (PAGE, PART):
        got = await ask(client, "GET", f"/users?sort=-email&page=1&role=member", reader)  # noqa: F541
        stream = urlsplit(got.html.get_element_by_id("stream").get("hx-sse:connect"))
        assert stream.path == "/users/stream"
        assert parse_qs(stream.query) == {"role": ["member"], "sort": ["-email"], "have": [revision]}


@pytest.mark.parametrize(
    ("before", "now", "header"),
    [
        ("/users", "?q=a", "HX-Push-Url"),
        ("/users?q=a", "?q=ad", "HX-Replace-Url"),
        ("/users?q=a&role=member", "?q=ad", "HX-Push-Url"),
        ("/users?q=ad", "", "HX-Push-Url"),
        ("/users", "?sort=role", "HX-Push-Url"),
        ("/users?page=2&q=a", "?q=ad", "HX-Replace-Url"),
        ("http://[", "?q=a", "HX-Push-Url"),
    ],
)
async def test_the_address_follows_and_one_search_is_one_entry_of_the_history(
    client: Client, before: str, now: str, header: str
) -> None:
    current = before if before.startswith("http") else f"http://localhost{before}"
    got = await ask(client, "GET", f"/users{now}", PART, headers={"HX-Current-URL": current})
    assert got.status == 200
    assert {name: value for name, value in got.headers.items() if name.lower().endswith("-url")} == {
        header.lower(): f"/users{now}"
    }


async def test_the_address_is_told_in_its_canonical_form(client: Client) -> None:
    got = await ask(client, "GET", "/users?size=50&status=closed&q=+a+&page=1&role=", PART)
    assert got.headers["HX-Push-Url"] == "/users?q=a&status=closed"


@pytest.mark.usefixtures("people")
async def test_the_search_form_keeps_what_was_asked_for(client: Client) -> None:
    got = await ask(client, "GET", "/users?q=a&role=administrator&sort=-email&size=25", PAGE)
    form = got.html.get_element_by_id("search")
    inside = {field.get("name"): field.value for field in form.xpath(".//*[@name]")}
    beside = {field.get("name"): field.get("value") for field in got.html.xpath("//input[@form='search']")}
    assert inside | beside == {"q": "a", "role": "administrator", "status": "", "sort": "-email", "size": "25"}


async def test_without_script_a_frame_keeps_the_table_fresh(client: Client) -> None:
    got = await ask(client, "GET", "/users?q=a", PAGE)
    assert got.html.xpath("//noscript//iframe/@src") == ["/users/table?q=a"]
    frame = await ask(client, "GET", "/users/table?q=a", PAGE)
    assert frame.html.xpath("//noscript/meta[@http-equiv='refresh']/@content") == ["5"]
    assert frame.html.xpath("//base/@target") == ["_top"]
    assert frame.html.get_element_by_id("sort-email").get("href") == "/users?q=a&sort=email"


async def test_hostile_names_are_text_in_page_part_and_json(client: Client, database: Database) -> None:
    hostile = [name.replace("\r", " ") for name in NAMES]
    for number, name in enumerate(hostile):
        await make_user(database, name, email=f"x{number}@example.org")
    for reader in (PAGE, PART):
        got = await ask(client, "GET", "/users?q=example", reader)
        assert sorted(names(got)) == sorted(hostile)
        assert not got.html.xpath("//tbody//img | //tbody//script")
    rows = (await ask(client, "GET", "/users", JSON)).json["rows"]
    assert sorted(row["username"] for row in rows) == sorted(hostile)


@pytest.mark.parametrize("q", ["%3Cscript%3E", "%22%3E%3Cimg+src%3Dx%3E", "%27%20onfocus%3Dalert(1)", "%FF%FE", "%00"])
async def test_a_hostile_search_is_text(client: Client, q: str) -> None:
    for reader in (PAGE, PART):
        got = await ask(client, "GET", f"/users?q={q}", reader)
        assert got.status == 200
        assert "<script>" not in got.text
        assert not got.html.xpath("//*[@onfocus] | //img[@src='x']")
