"""Compression: pages, parts and JSON are small for whoever reads that; streams and what is small stay as they are."""

from __future__ import annotations

import gzip
import json
from typing import Any

import brotli
import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from rowcast.routes.answers.compression import LEAST
from tests.conftest import make_user
from tests.routes.asking import ADA, FORMATS, JSON, PAGE

OPEN = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}
PATHS = ["/users", "/users?q=ada", "/users/table", "/users/1", "/openapi.json", "/docs", "/nothing", "/users/table.css"]


async def get(client: Client, path: str, reader: dict[str, str], coding: str, **headers: str) -> tuple[Any, Any]:
    response = await client.get(path, headers={**reader, "Accept-Encoding": coding, **headers})
    return response, await response.get_data()


@pytest.fixture
async def ada(database: Database) -> None:
    await make_user(database, "Ada")
    for number in range(9):
        await make_user(database, f"Ada {number}", email=f"a{number}@b.cd")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("path", PATHS)
async def test_what_is_sent_is_the_same_in_every_encoding(client: Client, path: str, form: str) -> None:
    plain, body = await get(client, path, FORMATS[form], "")
    assert "Content-Encoding" not in plain.headers
    for coding in ("gzip", "br"):
        response, packed = await get(client, path, FORMATS[form], coding)
        assert response.status_code == plain.status_code
        assert response.headers.get("Content-Encoding", "") == (coding if len(body) >= LEAST else "")
        assert OPEN[response.headers.get("Content-Encoding", "")](packed) == body
        assert int(response.headers["Content-Length"]) == len(packed)
        assert "Accept-Encoding" in response.headers["Vary"]
        assert response.headers["Vary"] == plain.headers["Vary"]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("coding", OPEN)
async def test_who_has_seen_it_gets_no_body_and_only_in_that_encoding(client: Client, form: str, coding: str) -> None:
    response, body = await get(client, "/users", FORMATS[form], coding)
    tag = response.headers["ETag"]
    again, nothing = await get(client, "/users", FORMATS[form], coding, **{"If-None-Match": tag})
    assert (again.status_code, nothing, again.headers["ETag"]) == (304, b"", tag)
    assert "Content-Encoding" not in again.headers
    for other in OPEN.keys() - {coding}:
        got, packed = await get(client, "/users", FORMATS[form], other, **{"If-None-Match": tag})
        assert got.status_code == 200
        assert got.headers["ETag"] != tag
        assert OPEN[other](packed) == OPEN[coding](body)


@pytest.mark.usefixtures("ada")
async def test_a_program_sends_the_tag_of_a_row_back_however_it_came(client: Client) -> None:
    response, _body = await get(client, "/users/1", JSON, "gzip, br")
    tag = response.headers["ETag"]
    edited = await client.patch("/users/1", json={"role": "administrator"}, headers={**JSON, "If-Match": tag})
    assert edited.status_code == 200
    late = await client.patch("/users/1", json={"role": "member"}, headers={**JSON, "If-Match": tag})
    assert late.status_code == 412


@pytest.mark.usefixtures("ada")
async def test_what_is_read_once_after_a_plain_form_is_compressed_as_well(client: Client) -> None:
    sent = await client.post("/users", form={**ADA, "username": "New", "email": "new@b.cd"}, headers=PAGE)
    assert sent.status_code == 303
    response, body = await get(client, "/users", PAGE, "br")
    assert response.headers["Content-Encoding"] == "br"
    assert "ETag" not in response.headers
    assert b'role="status">' in brotli.decompress(body)


@pytest.mark.usefixtures("ada")
async def test_a_file_of_all_rows_and_a_stream_are_written_as_they_are_read(client: Client) -> None:
    response, body = await get(client, "/users.csv", {}, "gzip, br")
    assert "Content-Encoding" not in response.headers
    assert body.startswith('\ufeff"id"'.encode())
    stream: Any
    async with client.request("/users/stream", headers={"Accept-Encoding": "gzip, br"}) as stream:
        await stream.send_complete()
        assert b"<hx-partial" in await stream.receive()
        assert stream.headers is not None
        assert "Content-Encoding" not in stream.headers
        assert "no-transform" in stream.headers["Cache-Control"]
        await stream.disconnect()


@pytest.mark.usefixtures("ada")
async def test_a_row_for_programs_is_too_small(client: Client) -> None:
    response, body = await get(client, "/users/1", JSON, "gzip, br")
    assert json.loads(body)["id"] == 1
    assert "Content-Encoding" not in response.headers
