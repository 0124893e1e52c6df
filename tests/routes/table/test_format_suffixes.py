"""Endings: an address that names a form gives it to every reader, writes and errors included."""

from __future__ import annotations

from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from tests.routes.asking import ADA, FORMATS, JSON, PAGE, ask

PROBLEMS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("GET", "/users/9.json", 404, {}),
    ("GET", "/users/x.json", 404, {}),
    ("GET", "/nothing.json", 404, {}),
    ("GET", "/nothing.csv", 404, {}),
    ("GET", "/users/new.json", 404, {}),
    ("GET", "/users.json?sort=nonsense", 400, {}),
    ("PUT", "/users.json", 405, {}),
    ("POST", "/users.csv", 405, {"form": ADA}),
    ("POST", "/users.xlsx", 405, {"form": ADA}),
    ("GET", "/nothing.xlsx", 404, {}),
    ("POST", "/users.json", 422, {"form": {}}),
    ("POST", "/users.json", 415, {"data": b"x", "headers": {"Content-Type": "text/plain"}}),
    ("POST", "/users.json", 403, {"form": ADA, "headers": {"Origin": "https://evil.example"}}),
    ("GET", "/users.json", 400, {"headers": {"Host": "evil.example"}}),
    ("DELETE", "/users/9.json", 404, {}),
]


@pytest.mark.parametrize("reader", FORMATS)
async def test_json_by_its_ending_is_for_every_reader(client: Client, reader: str) -> None:
    headers = FORMATS[reader]
    made = await ask(client, "POST", "/users.json", headers, form=ADA)
    assert (made.status, made.headers["Location"]) == (201, "/users/1")
    assert made.json == (await ask(client, "GET", "/users/1", JSON)).json
    for method, path, sent in (("GET", "/users/1.json", {}), ("PATCH", "/users/1.json", {"role": "administrator"})):
        got = await ask(client, method, path, headers, json=sent)
        assert (got.status, got.json["id"]) == (200, 1)
    query = "?q=ada&role=administrator&size=25&sort=-email"
    listing = await ask(client, "GET", f"/users.json{query}", headers)
    asked = await ask(client, "GET", f"/users{query}", JSON)
    assert (listing.json, listing.headers["ETag"]) == (asked.json, asked.headers["ETag"])
    assert "HX-Push-Url" not in listing.headers
    assert (await ask(client, "DELETE", "/users/1.json", headers)).status == 204


@pytest.mark.parametrize(("method", "path", "status", "sent"), PROBLEMS)
async def test_what_goes_wrong_there_is_a_problem_for_every_reader(
    client: Client, method: str, path: str, status: int, sent: dict[str, Any]
) -> None:
    for reader in FORMATS.values():
        got = await ask(client, method, path, reader, **sent)
        assert (got.status, got.headers["Content-Type"]) == (status, "application/problem+json")
        assert got.json.keys() >= {"type", "status", "title", "instance"}
        assert got.json["instance"] == path.partition("?")[0]


async def test_without_an_ending_the_reader_decides(client: Client) -> None:
    assert (await ask(client, "GET", "/users", PAGE)).is_document
    file = await ask(client, "GET", "/users", {"Accept": "text/csv, application/json;q=0.5"})
    assert file.text.startswith('\ufeff"id"')
    assert "rows" in (await ask(client, "GET", "/users", {"Accept": "text/csv, application/json"})).json


@pytest.mark.parametrize("path", ["/users.json", "/users.csv", "/users/1.json", "/users"])
async def test_what_may_be_done_is_told_and_nothing_is_done(client: Client, path: str) -> None:
    await ask(client, "POST", "/users", JSON, form=ADA)
    got = await ask(client, "OPTIONS", path, JSON)
    assert (got.status, got.text) == (200, "")
    assert {"GET", "HEAD", "OPTIONS"} <= set(got.headers["Allow"].split(", "))
