"""Static files: kept for ever where that is true, and small for whoever reads that."""

from __future__ import annotations

import gzip
from typing import Any

import brotli
import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.showing.static_files import content, names, static
from tests.routes.asking import PAGE, ask

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

OPEN = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}
CSS = static("pages.css")


async def get(client: Client, path: str, accepted: str = "", **headers: str) -> tuple[Any, Any]:
    response = await client.get(
        path, headers={"Accept-Encoding": accepted, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )
    return response, await response.get_data()


@pytest.mark.parametrize("coding", OPEN)
@pytest.mark.parametrize("name", sorted(names()))
async def test_a_file_comes_in_each_encoding_and_in_every_one_is_the_same(
    client: Client, name: str, coding: str
) -> None:
    response, body = await get(client, static(name), coding)
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding", "") == coding
    assert OPEN[coding](body) == content(name)
    assert int(response.headers["Content-Length"]) == len(body)
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("*", "br"),
        ("", ""),
        ("deflate", ""),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("gzip;q=0, br;q=0", ""),
        ("junk;;;q=x", ""),
    ],
)
async def test_the_reader_says_how_it_comes(client: Client, accepted: str, coding: str) -> None:
    response, _body = await get(client, CSS, accepted)
    assert response.headers.get("Content-Encoding", "") == coding


@pytest.mark.parametrize("coding", OPEN)
async def test_who_has_it_gets_no_body_and_only_who_has_it_in_that_encoding(client: Client, coding: str) -> None:
    response, _body = await get(client, CSS, coding)
    tag = response.headers["ETag"]
    again, nothing = await get(client, CSS, coding, **{"If-None-Match": tag})
    assert (again.status_code, nothing) == (304, b"")
    for name in ("ETag", "Vary", "Cache-Control"):
        assert again.headers[name] == response.headers[name]
    assert "Content-Encoding" not in again.headers
    for other in OPEN.keys() - {coding}:
        got, body = await get(client, CSS, other, **{"If-None-Match": tag})
        assert got.status_code == 200
        assert OPEN[other](body) == content("pages.css")


@pytest.mark.parametrize("coding", OPEN)
async def test_the_head_is_that_of_the_body(client: Client, coding: str) -> None:
    response, _body = await get(client, CSS, coding)
    head = await client.head(CSS, headers={"Accept-Encoding": coding})
    names = ("Content-Length", "Content-Type", "Content-Encoding", "ETag", "Vary", "Cache-Control")
    assert {name: head.headers.get(name) for name in names} == {name: response.headers.get(name) for name in names}


@pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
async def test_only_the_address_with_the_digest_is_for_ever(client: Client, query: str) -> None:
    response, body = await get(client, CSS.partition("?")[0] + query)
    assert (response.status_code, body) == (200, content("pages.css"))
    assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pages.css", "text/css; charset=utf-8"),
        ("htmx.js", "text/javascript; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
async def test_a_file_has_its_type(client: Client, name: str, kind: str) -> None:
    assert (await get(client, static(name)))[0].headers["Content-Type"] == kind


async def test_a_reader_starts_with_four_requests_of_26_kilobytes(client: Client) -> None:
    """The page, its styles, its script, its picture."""
    page = await ask(client, "GET", "/users", PAGE)
    paths = {*page.html.xpath("//head//link/@href | //script/@src")} - {static("css/noscript.css")}
    assert paths == {static("pages.css"), static("htmx.js"), static("favicon.svg")}
    sent = [len((await get(client, path, accepted="br"))[1]) for path in ("/users", *paths)]
    assert sum(sent) < 26_000
