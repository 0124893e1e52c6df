"""Errors: one shape for programs, a page for people, a part for htmx; and the headers on every one of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast import database as database_module
from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.database import Database, sqlite
from rowcast.routes.answers.security import HEADERS
from rowcast.schema import migrate
from tests.conftest import Outside
from tests.postgres import Databases
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, ask

ERRORS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("GET", "/nothing", 404, {}),
    ("GET", "/users/99", 404, {}),
    ("GET", "/users/nobody", 404, {}),
    ("DELETE", "/users/99", 404, {}),
    ("DELETE", "/users", 405, {}),
    ("POST", "/", 405, {}),
    ("POST", "/users", 415, {"data": b"x", "headers": {"Content-Type": "text/plain"}}),
    ("POST", "/users", 422, {"form": {}}),
    ("POST", "/users", 403, {"form": {}, "headers": {"Origin": "https://evil.example"}}),
    ("GET", "/users", 400, {"headers": {"Host": "evil.example"}}),
]
IDS = [f"{method} {path} {status}" for method, path, status, _ in ERRORS]


KEEPS_OUT = {
    "sqlite": "CREATE TRIGGER a BEFORE INSERT ON users BEGIN SELECT RAISE(IGNORE); END",
    "postgresql": "CREATE FUNCTION kept_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
}


@pytest.mark.parametrize(("method", "path", "status", "sent"), ERRORS, ids=IDS)
async def test_an_error_has_one_shape_for_each_reader_and_carries_the_headers(
    client: Client, method: str, path: str, status: int, sent: dict[str, Any]
) -> None:
    for name, reader in FORMATS.items():
        got = await ask(client, method, path, reader, **sent)
        assert got.status == status
        assert {key: got.headers.get(key) for key in HEADERS} == HEADERS
        assert "HX-Request-Type" in got.headers["Vary"]
        if name == "json":
            assert got.headers["Content-Type"] == "application/problem+json"
            assert got.json.keys() <= {"type", "status", "title", "detail", "instance", "errors", "row"}
            assert (got.json["type"], got.json["status"]) == ("about:blank", status)
            assert got.json["title"]
        elif name == "page":
            assert got.is_document
            assert got.html.xpath("//a[@href='/']"), "there is a way out"
        else:
            assert got.targets[0] == "flash"
            assert got.flash


async def test_only_a_row_that_is_not_there_may_have_been_deleted(client: Client) -> None:
    for path, is_row in (("/nope", False), ("/users/nope", False), ("/users/9", True), ("/users/9/edit", True)):
        for reader in FORMATS.values():
            got = await ask(client, "GET", path, reader)
            assert ("may have been deleted" in got.text) == is_row, path


async def test_what_may_be_done_instead_is_said(client: Client) -> None:
    got = await ask(client, "PATCH", "/users", JSON)
    assert {"GET", "POST"} <= set(got.headers["Allow"].split(", "))


@pytest.mark.parametrize("reader", FORMATS)
async def test_a_database_that_another_program_holds_is_503_and_nothing_is_lost(
    app: Quart, outside: Outside, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    monkeypatch.setattr(sqlite, "PRAGMAS", [*sqlite.PRAGMAS, "PRAGMA busy_timeout = 10"])
    monkeypatch.setattr(database_module, "WRITE_TIMEOUT", 0.1)
    client = app.test_client()
    outside.hold()
    got = await ask(client, "POST", "/users", FORMATS[reader], form=ADA)
    assert got.status == 503
    assert int(got.headers["Retry-After"]) > 0
    assert "busy" in got.text
    assert (await ask(client, "GET", "/users", JSON)).status == 200, "readers do not notice"
    outside.release()


@pytest.mark.parametrize("reader", FORMATS)
async def test_what_goes_wrong_here_is_500_and_tells_nobody_how(
    app: Quart, dialect: str, outside: Outside, caplog: pytest.LogCaptureFixture, reader: str
) -> None:
    outside.execute(KEEPS_OUT[dialect])
    if dialect == "postgresql":
        outside.execute("CREATE TRIGGER a BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION kept_out()")
    got = await ask(app.test_client(), "POST", "/users", FORMATS[reader], form=ADA)
    assert got.status == 500
    assert "logged" in got.text
    reason = "a trigger of the database kept a row from being written"
    assert reason not in got.text
    assert reason in caplog.text
    assert {key: got.headers.get(key) for key in HEADERS} == HEADERS


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("reader", FORMATS)
async def test_without_its_database_a_process_says_so_and_asks_to_come_back(
    app: Quart, settings: Settings, cluster: Databases, reader: str
) -> None:
    client = app.test_client()
    assert (await ask(client, "GET", "/users", FORMATS[reader])).status == 200
    cluster.drop(Database(settings.database).url.database or "")
    for method, path, sent in (("GET", "/users", {}), ("POST", "/users", {"form": ADA}), ("GET", "/users/stream", {})):
        got = await ask(client, method, path, FORMATS[reader], **sent)
        assert got.status == 503
        assert int(got.headers["Retry-After"]) > 0
        assert "The database does not answer." in got.text
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("script", ["", "CREATE TABLE users (mine)"], ids=["none", "theirs"])
async def test_an_app_that_nobody_starts_says_what_its_database_lacks_and_makes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: str
) -> None:
    file = tmp_path / "rowcast.db"
    if script:
        with closing(sqlite3.connect(file)) as theirs:
            theirs.executescript(script)
    before = files(tmp_path)
    app = create_app(Settings(database=f"sqlite:///{file}"))
    client = app.test_client()
    for reader in FORMATS.values():
        got = await ask(client, "GET", "/users", reader)
        assert got.status == 503
        assert "The database is not as it should be." in got.text
    assert ("has tables of another program: users" if script else "is not set up: run rowcast migrate") in caplog.text
    assert files(tmp_path) == before
    if not script:
        migrate(f"sqlite:///{file}")
        async with app.test_app():
            assert (await ask(client, "GET", "/users", PAGE)).status == 200


async def test_a_hostile_address_is_not_shown_as_markup(client: Client) -> None:
    got = await ask(client, "GET", "/<script>alert(1)</script>", PAGE)
    assert got.status == 404
    assert "<script>" not in got.text
