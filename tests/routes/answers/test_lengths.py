"""Length comes first: whatever comes in is cut or refused by its length before it is normalised or taken apart."""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from quart.typing import TestClientProtocol as Client
from werkzeug import http

from rowcast.routes.answers import compression, content_negotiation
from rowcast.tables.text_normalization import LONGEST
from tests.routes.asking import ADA, JSON, PAGE, PART, ask

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

LONG = "é" * 3_000  # harmless, and 18 KB as addresses and JSON have it
QUERY = f"q={quote(LONG)}&sort={quote(LONG[:2000])}"
ENTRIES: dict[str, tuple[str, str, dict[str, str], dict[str, Any]]] = {
    "a form that adds": ("POST", "/users", PART, {"form": ADA | {"username": LONG, "email": f"{LONG}@example.org"}}),
    "JSON that adds": ("POST", "/users", JSON, {"json": ADA | {"username": LONG, "email": f"e@{LONG}.org"}}),
    "JSON that edits": ("PATCH", "/users/1", JSON, {"json": {"username": LONG, "email": LONG, "role": LONG}}),
    "JSON with more": ("POST", "/users", JSON, {"json": {LONG: LONG, "version": LONG}}),
    "a form that came from somewhere": ("POST", "/users", PAGE, {"form": ADA | {"back": QUERY}}),
    "a search": ("GET", f"/users?{QUERY}", PAGE, {}),
    "a search of a program": ("GET", f"/users?q={quote(LONG)}", JSON, {}),
    "a search in a page of others": ("GET", f"/users/table?{QUERY}", PAGE, {}),
    "a search to be exported": ("GET", f"/users.csv?q={quote(LONG)}", PAGE, {}),
    "a search to be followed": ("HEAD", f"/users/stream?q={quote(LONG)}", PAGE, {}),
    "a filter": ("GET", f"/users?role={quote(LONG)}&page={quote(LONG[:1000])}", PAGE, {}),
    "a key": ("GET", f"/users/{quote(LONG)}", PAGE, {}),
    "where a link was": ("GET", "/users/new", PAGE, {"headers": {"Referer": f"http://localhost/users?{QUERY}"}}),
    "where a part was": ("GET", "/users", PART, {"headers": {"HX-Current-URL": f"http://localhost/users?{QUERY}"}}),
    "a path to go back to": (
        "POST",
        "/language",
        PAGE,
        {"form": {"language": "en"}, "headers": {"Referer": f"http://localhost/{quote(LONG)}"}},
    ),
    "languages": ("GET", "/users", PAGE, {"headers": {"Accept-Language": LONG}}),
    "a cookie": ("GET", "/users", PAGE, {"headers": {"Cookie": f"rowcast_language={quote(LONG)}"}}),
}


@pytest.mark.parametrize(("method", "path", "reader", "sent"), ENTRIES.values(), ids=ENTRIES)
async def test_no_text_is_normalised_that_is_longer_than_what_it_is_for(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    reader: dict[str, str],
    sent: dict[str, Any],
) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    lengths: list[int] = []
    normalize = unicodedata.normalize

    def counted(form: Any, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counted)
    await ask(client, "GET", "/users?q=%C3%A9", JSON)
    assert lengths, "this proves nothing unless it is counted"
    got = await ask(client, method, path, reader, **sent)
    assert got.status < 500
    assert max(lengths) <= LONGEST


@pytest.mark.parametrize("path", ["/users", "/users/table", "/users/1", "/users.csv", "/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_of_long_headers_only_the_beginning_is_read(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str, method: str
) -> None:
    lengths: list[int] = []

    def counted(value: str, *kinds: Any) -> Any:
        lengths.append(len(value or ""))
        return http.parse_accept_header(value, *kinds)

    for module in (content_negotiation, compression):
        monkeypatch.setattr(module, "parse_accept_header", counted)
    monkeypatch.setattr("werkzeug.sansio.request.parse_accept_header", counted)
    for cached in ("_qualities", "_names_html", "_language"):
        getattr(content_negotiation, cached).cache_clear()
    compression.best_encoding.cache_clear()
    names = ("Accept", "Accept-Language", "Accept-Encoding")
    await ask(client, method, path, dict.fromkeys(names, "text/html, " * 2000))
    assert lengths, "this proves nothing unless one is taken apart"
    assert max(lengths) <= content_negotiation.LONGEST


async def test_what_is_much_too_long_is_told_with_the_bound_of_its_field(client: Client) -> None:
    sent = ADA | {"username": LONG, "email": f"{LONG}@example.org"}
    for method, path in (("POST", "/users"), ("PATCH", "/users/1")):
        await ask(client, "POST", "/users", JSON, json=ADA)
        got = await ask(client, method, path, JSON, json=sent)
        assert got.status == 422
        assert got.json["errors"] == {
            "username": "At most 64 characters; these are 3,000.",
            "email": "At most 254 characters; these are 3,012.",
        }
