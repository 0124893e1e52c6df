"""Who may ask: one labelled table of cases for cross-origin protection, one for host names, and the headers."""

from __future__ import annotations

import pytest
from quart import Quart, request
from quart.typing import TestClientProtocol as Client

from rowcast.routes.answers.security import CONTENT_SECURITY_POLICY, HEADERS, is_cross_origin, is_known_host
from rowcast.showing.static_files import static
from tests.routes.asking import ADA, FORMATS, PAGE, ask

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

OWN = "table.example:8000"
LISTED = "https://host.example"
CASES = [
    # method, headers besides Host, refused, why
    ("GET", {"Sec-Fetch-Site": "cross-site"}, False, "reading changes nothing, and links lead here from anywhere"),
    ("HEAD", {"Origin": "https://evil.example"}, False, "so does asking for the head"),
    ("OPTIONS", {"Origin": "https://evil.example"}, False, "and a preflight"),
    ("POST", {}, False, "neither header: not a browser, nobody's cookies are at stake"),
    ("POST", {"Sec-Fetch-Site": "same-origin"}, False, "our own page"),
    ("POST", {"Sec-Fetch-Site": "none"}, False, "the user typed or bookmarked it"),
    ("POST", {"Sec-Fetch-Site": "cross-site"}, True, "another site"),
    ("POST", {"Sec-Fetch-Site": "same-site"}, True, "a neighbour's subdomain is not us"),
    ("POST", {"Sec-Fetch-Site": "nonsense"}, True, "what we do not know is not us"),
    ("PUT", {"Sec-Fetch-Site": "cross-site"}, True, "every method that changes"),
    ("PATCH", {"Sec-Fetch-Site": "cross-site"}, True, "every method that changes"),
    ("DELETE", {"Sec-Fetch-Site": "cross-site"}, True, "every method that changes"),
    ("POST", {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, False, "Fetch Metadata decides"),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{OWN}"}, True, "Fetch Metadata decides"),
    ("POST", {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, True, "an empty header is none"),
    ("POST", {"Origin": f"http://{OWN}"}, False, "an older browser, our own page"),
    ("POST", {"Origin": f"https://{OWN}"}, False, "behind a proxy we do not know our own scheme"),
    ("POST", {"Origin": "http://table.example"}, True, "another port is another origin"),
    ("POST", {"Origin": "https://evil.example"}, True, "an older browser, another page"),
    ("POST", {"Origin": f"https://evil.example/{OWN}"}, True, "our name in the wrong place"),
    ("POST", {"Origin": f"https://{OWN}.evil.example"}, True, "our name as a part"),
    ("POST", {"Origin": f"https://{OWN}@evil.example"}, True, "our name as a user"),
    ("POST", {"Origin": "null"}, True, "a sandbox or a file"),
    ("POST", {"Origin": "http://["}, True, "no origin at all"),
    ("POST", {"Sec-Fetch-Site": "cross-site", "Origin": LISTED}, False, "a listed origin"),
    ("POST", {"Origin": LISTED}, False, "a listed origin, an older browser"),
    ("POST", {"Origin": f"{LISTED}:444"}, True, "another port is not listed"),
    ("POST", {"Origin": "http://host.example"}, True, "nor is another scheme"),
]
HOSTS = [
    ("localhost", True, "as it stands in the list"),
    ("localhost:8000", True, "any port"),
    ("LOCALHOST:1", True, "case does not matter"),
    ("[::1]:8000", True, "an IPv6 address has brackets"),
    ("127.0.0.1", True, "an IPv4 address"),
    ("Table.Example", True, "the list may be in capitals, too"),
    ("evil.example", False, "any other name: DNS rebinding brings it here"),
    ("localhost.evil.example", False, "our name as a part"),
    ("evil.example:localhost", False, "our name as a port"),
    ("localhost@evil.example", False, "our name as a user"),
    ("", False, "no name"),
    ("[", False, "no name at all"),
    ("localhost, evil.example", False, "two names"),
    ("localhost:000000080", False, "no port has so many digits"),
]


@pytest.mark.parametrize(("method", "headers", "refused", "why"), CASES, ids=range(len(CASES)))
async def test_who_is_cross_origin(method: str, headers: dict[str, str], refused: bool, why: str) -> None:
    async with Quart(__name__).test_request_context("/users", method=method, headers={**headers, "Host": OWN}):
        assert is_cross_origin(request, (LISTED,)) == refused, why


@pytest.mark.parametrize(("host", "known", "why"), HOSTS, ids=range(len(HOSTS)))
def test_which_hosts_are_ours(host: str, known: bool, why: str) -> None:
    assert is_known_host(host, ("localhost", "127.0.0.1", "::1", "TABLE.example")) == known, why


async def test_a_foreign_page_changes_nothing(client: Client) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for reader in FORMATS.values():
            got = await ask(client, "POST", "/users", reader, form=ADA, headers=headers)
            assert got.status == 403
    assert "Ada" not in (await ask(client, "GET", "/users", PAGE)).text


async def test_a_foreign_host_name_is_refused_even_for_reading(client: Client) -> None:
    for path in ("/users", "/users/stream", static("favicon.svg")):
        for host in ("evil.example", "x" * 70, "a..b", "."):
            assert (await ask(client, "GET", path, PAGE, headers={"Host": host})).status == 400


@pytest.mark.parametrize("path", ["/", "/users", "/users/table", "/users/new", "/nothing", "/openapi.json", "/metrics"])
async def test_the_headers_are_on_every_response(client: Client, path: str) -> None:
    got = await ask(client, "GET", path, PAGE)
    assert {name: got.headers.get(name) for name in HEADERS} == HEADERS


def test_the_policy_lets_nothing_in_but_our_own_files() -> None:
    directives = dict(directive.split(" ", 1) for directive in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["connect-src"] == directives["form-action"] == "'self'"
    assert "unsafe" not in CONTENT_SECURITY_POLICY


async def test_static_files_are_kept_by_the_browser_and_change_their_address_with_their_content(
    client: Client,
) -> None:
    page = await ask(client, "GET", "/users", PAGE)
    files = page.html.xpath("//link/@href | //script/@src")
    assert len(files) == 4
    for path in files:
        got = await ask(client, "GET", path, {})
        assert got.status == 200, path
        assert "max-age=31536000" in got.headers["Cache-Control"]
        assert {name: got.headers.get(name) for name in HEADERS} == HEADERS
        assert "?v=" in path


@pytest.mark.parametrize(
    "path", ["/static/../webapp/app.py", "/static/%2e%2e/webapp/app.py", "/static//etc/passwd", "/static/"]
)
async def test_nothing_else_is_served_as_a_file(client: Client, path: str) -> None:
    assert (await ask(client, "GET", path, {})).status in (308, 404)


async def test_the_cookie_of_a_plain_form_stays_here(client: Client) -> None:
    got = await ask(client, "POST", "/users", PAGE, form=ADA)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(got.headers["Set-Cookie"].split("; "))
