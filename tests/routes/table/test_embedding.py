"""Embedding over HTTP: the table alone as a page or a part, who may have it, and what is said to paste."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.database import Database
from tests.conftest import make_user
from tests.routes.asking import ADA, JSON, PAGE, PART, Got, ask

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

HOST = "https://host.example"
STRANGER = "https://stranger.example"
FOREIGN = {"Origin": HOST, "Sec-Fetch-Site": "cross-site"}
PROGRAM = {"Accept": "*/*"}  # curl and httpx
PLACES = [(PAGE, "page"), (PROGRAM, "part"), (PART, "page"), (PART | FOREIGN, "part")]
SNIPPETS = ("iframe", "htmx", "python", "jinja")


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Quart]:
    made = create_app(settings.model_copy(update={"embed_origins": (HOST,)}))
    async with made.test_app():
        yield made


@pytest.fixture(autouse=True)
async def people(database: Database) -> None:
    for number in range(30):
        await make_user(database, f"User {number:02}")


def addresses(got: Got) -> list[str]:
    """Everything that a browser could ask for."""
    names = ("href", "action", "hx-get", "hx-post", "src", "hx-sse:connect")
    return [value for name, value in re.findall(r'([\w:-]+)="([^"]*)"', got.text) if name in names]


@pytest.mark.parametrize("reader", [PROGRAM, {}, PART | FOREIGN])
async def test_a_part_for_a_page_of_another_origin_has_only_absolute_addresses(
    client: Client, reader: dict[str, str]
) -> None:
    got = await ask(client, "GET", "/users/table?size=25&q=user", reader, headers={"Host": "LOCALHOST:08000"})
    assert not got.is_document
    assert got.html.get_element_by_id("listing").get_element_by_id("stream") is not None
    assert len(got.html.get_element_by_id("users")) == 25
    assert len(addresses(got)) > 100
    assert {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, addresses(got))} == {"http://localhost:8000"}
    assert got.html.get_element_by_id("embed").get("lang") == "en", "the page around it may speak another language"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:00080", "http://localhost"),
        ("[::1]", "http://[::1]"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
async def test_an_origin_has_one_spelling(client: Client, host: str, origin: str) -> None:
    got = await ask(client, "GET", "/users/table", PROGRAM, headers={"Host": host})
    assert got.html.xpath("//a[@id='sort-email']/@href") == [f"{origin}/users?sort=email"]


async def test_a_frame_gets_a_page_which_is_live_by_script_and_refreshed_without(client: Client) -> None:
    got = await ask(client, "GET", "/users/table?q=user", PAGE)
    assert got.is_document
    assert "Refresh" not in got.headers, "with script it would end the stream"
    assert got.html.xpath("//head/noscript/meta[@http-equiv='refresh']/@content") == ["5"]
    assert got.html.xpath("//script/@src")
    assert got.html.xpath("//base/@target") == ["_top"]
    assert not got.html.xpath("//header | //footer")
    assert all(address.startswith("/") for address in addresses(got))
    assert "/users?page=2&amp;q=user" not in addresses(got)
    assert got.html.get_element_by_id("sort-email").get("href") == "/users?q=user&sort=email"
    assert got.html.get_element_by_id("sort-email").get("hx-get") == "/users/table?q=user&sort=email"


@pytest.mark.parametrize(("reader", "place"), PLACES)
async def test_the_stream_is_told_how_the_table_stands(client: Client, reader: dict[str, str], place: str) -> None:
    got = await ask(client, "GET", "/users/table?actions=0&theme=dark&q=user", reader)
    stream = urlsplit(got.html.get_element_by_id("stream").get("hx-sse:connect"))
    asked = parse_qs(stream.query)
    revision = asked.pop("have")[0]
    assert asked == {"q": ["user"], "embed": [place], "actions": ["0"], "theme": ["dark"]}
    assert (await client.head(f"{stream.path}?{stream.query}")).status_code == 200
    other = await ask(client, "GET", "/users/table?theme=dark&q=user", reader)
    assert revision not in other.text, "what looks different has another revision"


async def test_actions_and_theme_go_on_with_every_link(client: Client) -> None:
    got = await ask(client, "GET", "/users/table?size=25&actions=0&theme=light", PAGE)
    gone = got.html.xpath("//thead//a/@hx-get | //nav//a/@hx-get")
    assert len(gone) > 8
    assert all(parse_qs(urlsplit(address).query)["actions"] == ["0"] for address in gone)
    assert all(parse_qs(urlsplit(address).query)["theme"] == ["light"] for address in gone)
    assert got.html.get("data-theme") == "light"


async def test_a_link_of_the_embed_gets_the_listing_alone_so_that_an_open_form_stays(client: Client) -> None:
    got = await ask(client, "GET", "/users/table", PART | FOREIGN, headers={"HX-Target": "section#listing"})
    assert got.html.get_element_by_id("stream") is not None
    assert not got.html.xpath("//*[@id='panel' or @id='flash' or @id='log']")
    assert "HX-Target" in got.headers["Vary"]


async def test_without_actions_there_is_nothing_to_change_anything_with(client: Client) -> None:
    got = await ask(client, "GET", "/users/table?actions=0", PROGRAM)
    assert not got.html.xpath("//tbody//a | //button | //form | //aside")
    assert len({len(row) for row in got.html.xpath("//tr")}) == 1, "heads and cells are as many"


@pytest.mark.parametrize("query", ["actions=2", "theme=pink", "sort=nonsense", "nonsense=1"])
async def test_what_makes_no_sense_gets_the_nearest_with_a_notice(client: Client, query: str) -> None:
    name = query.partition("=")[0]
    for reader in (PAGE, PROGRAM, PART):
        got = await ask(client, "GET", f"/users/table?{query}&size=25", reader)
        assert (got.status, len(got.html.get_element_by_id("users"))) == (200, 25)
        assert got.flash
    refusal = await ask(client, "GET", f"/users/table?{query}", JSON)
    assert (refusal.status, set(refusal.json["errors"])) == (400, {name})
    assert (await ask(client, "GET", f"/users/stream?embed=part&{query}", {})).status == 400


@pytest.mark.parametrize("query", ["embed=nonsense", "actions=0", "theme=dark"])
async def test_a_stream_is_not_half_embedded(client: Client, query: str) -> None:
    assert (await ask(client, "GET", f"/users/stream?{query}", {})).status == 400


@pytest.mark.parametrize("path", ["/users/new", "/users/{id}", "/users/{id}/edit", "/users/{id}/delete"])
async def test_forms_for_a_page_of_another_origin_have_only_absolute_addresses(client: Client, path: str) -> None:
    row = (await ask(client, "GET", "/users?size=25", JSON)).json["rows"][0]
    path = path.replace("{id}", str(row["id"]))
    got = await ask(client, "GET", path, PART | FOREIGN)
    assert addresses(got)
    assert all(address.startswith("http://localhost/users") for address in addresses(got))
    own = await ask(client, "GET", path, PART)
    assert all(address.startswith("/users") for address in addresses(own))


async def test_programs_get_the_listing(client: Client) -> None:
    listing = (await ask(client, "GET", "/users/table?size=25", JSON)).json
    assert (len(listing["rows"]), listing["total"]) == (25, 30)


ROUTES = ["/users", "/users/table", "/users/stream?embed=part", "/users/new", "/users/table.css", "/connection/live"]


@pytest.mark.parametrize("path", ROUTES)
async def test_a_listed_origin_may_read_and_no_other(client: Client, path: str) -> None:
    for origin, allowed in ((HOST, HOST), (STRANGER, None), ("null", None), (HOST.upper(), None), ("", None)):
        got = await client.head(path, headers={"Origin": origin} if origin else {})
        assert got.status_code == 200
        assert got.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Access-Control-Allow-Credentials" not in got.headers
        assert "Origin" in got.headers["Vary"]
        assert "HX-Push-Url" not in got.headers.get("Access-Control-Expose-Headers", "")
        assert got.headers["Content-Security-Policy"].endswith(f"frame-ancestors 'self' {HOST}")


@pytest.mark.parametrize(
    "path", ["/", "/language", "/openapi.json", "/metrics", "/health/live", "/static/favicon.svg", "/nothing"]
)
async def test_the_rest_is_for_nobody_else(client: Client, path: str) -> None:
    got = await client.get(path, headers={"Origin": HOST})
    assert "Access-Control-Allow-Origin" not in got.headers
    assert got.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")


@pytest.mark.parametrize("path", ["/users", "/users/1", "/users/1/delete", "/users/stream", "/connection/abc"])
async def test_a_preflight_lets_through_what_htmx_sends(client: Client, path: str) -> None:
    asking = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "hx-current-url,hx-request,hx-request-type,hx-source,hx-target,last-event-id",
    }
    got = await client.options(path, headers={"Origin": HOST, **asking})
    assert (got.status_code, got.headers["Access-Control-Allow-Origin"]) == (204, HOST)
    allowed = {name.strip().lower() for name in got.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= set(asking["Access-Control-Request-Headers"].split(","))
    assert {"POST", "PUT", "PATCH", "DELETE"} <= set(got.headers["Access-Control-Allow-Methods"].split(", "))
    assert int(got.headers["Access-Control-Max-Age"]) > 0
    for origin in (STRANGER, "null"):
        got = await client.options(path, headers={"Origin": origin, **asking})
        assert not [name for name, _value in got.headers.items() if name.lower().startswith("access-control")]


async def test_a_listed_origin_may_write_and_no_other(client: Client) -> None:
    site = {"Sec-Fetch-Site": "cross-site"}
    for origin, status in ((STRANGER, 403), ("null", 403), (HOST, 201)):
        got = await ask(client, "POST", "/users", PART, form=ADA, headers={"Origin": origin, **site})
        assert got.status == status
    assert got.headers["Access-Control-Allow-Origin"] == HOST
    refused = await ask(client, "POST", "/users", PART, form=ADA, headers={"Origin": HOST, **site})
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (422, HOST)


@pytest.mark.parametrize("query", ["", "q=a+%22b%22+%3Cc%3E+%27&role=member&size=25&sort=-email"])
async def test_the_snippets_hold_the_listing_and_are_absolute(client: Client, query: str) -> None:
    address = "http://localhost/users/table" + (f"?{query}" if query else "")
    for reader in (PAGE, PART):
        got = await ask(client, "GET", f"/users/embed?{query}", reader)
        iframe, htmx, python, jinja = (
            got.html.get_element_by_id(f"snippet-{name}").text_content() for name in SNIPPETS
        )
        for text in (iframe, htmx):
            assert addresses(Got(200, {}, text))[-1].replace("&amp;", "&") == address
        assert json.dumps(address) in python
        assert '"mode": "cors"' in htmx
        assert "{{ table|safe }}" in jinja


async def test_the_snippets_follow_the_listing(client: Client) -> None:
    got = await ask(client, "GET", "/users?q=ada", PART)
    assert {"export", "snippets"} <= set(got.targets)
    menu = got.html.get_element_by_id("export")
    paths = ["/users.csv?q=ada", "/users.xlsx?q=ada", "/users.json?q=ada", "/users/embed?q=ada", "/docs"]
    assert [link.get("href") for link in menu.iter("a")] == paths
    assert menu.get_element_by_id("address").text_content().endswith("/users/stream?q=ada'")
    assert "http://localhost/users/table?q=ada" in got.html.get_element_by_id("snippet-htmx").text_content()


async def test_what_is_pasted_is_live_though_the_page_that_offers_it_stands_still(client: Client) -> None:
    referer = {"Referer": "http://localhost/users?paused=1"}
    got = await ask(client, "GET", "/users/embed?sort=email", PART, headers=referer)
    assert "paused=1" in got.html.xpath("//a[@class='button']/@href")[0], "this proves nothing unless it stands still"
    assert not any("paused" in got.html.get_element_by_id(f"snippet-{name}").text_content() for name in SNIPPETS)
