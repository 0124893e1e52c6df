"""The document that describes all routes, and the page that shows it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from openapi_spec_validator import validate
from quart import Quart
from quart.typing import TestClientProtocol as Client
from quart_schema.openapi import OpenAPIProvider

from rowcast.config import Settings
from rowcast.routes.site.api_operations import SERVICES, interface
from rowcast.users import USERS
from tests.routes.asking import ADA, JSON, PAGE, ask


@pytest.fixture
async def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(client, "GET", "/openapi.json", JSON)).json
    return found


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    # This proves nothing unless the validator looks.
    document["paths"]["/users"]["get"]["parameters"][0]["in"] = "nowhere"
    with pytest.raises(Exception, match="nowhere"):
        validate(document)


def test_every_route_is_described_and_nothing_else_is(app: Quart) -> None:
    described = set(SERVICES) | {f"users.{name.split()[-1]}" for name in interface(USERS)}
    routed = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static", "openapi", "docs"}
    assert described == routed


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_it_is_told_in_the_readers_language(client: Client, path: str) -> None:
    got = await ask(client, "GET", path, PAGE, headers={"Accept-Language": "zh-CN"})
    assert "列出各行" in got.text.encode().decode("unicode_escape" if path.endswith("json") else "utf-8")
    assert "Accept-Language" in got.headers["Vary"]


async def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) > 20
    assert {"get_users", "post_users", "patch_users_id"} <= set(names)


async def test_a_program_reads_what_it_may_send(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    assert shapes["UserDraft"]["required"] == ["username", "email"]
    assert not shapes["UserEdit"]["required"]
    assert {"version", *ADA} == shapes["UserEdit"]["properties"].keys()
    body = document["paths"]["/users/{id}"]["put"]["requestBody"]["content"]
    assert body.keys() == {"application/json", "application/x-www-form-urlencoded"}
    assert body["application/json"]["schema"]["$ref"].endswith("/UserReplacement")
    parameters = {one["name"]: one["schema"] for one in document["paths"]["/users"]["get"]["parameters"]}
    assert parameters["size"] == {"enum": [25, 50, 100]}
    assert "-changed" in parameters["sort"]["enum"]


async def test_what_a_name_does_not_say_is_said_in_words(client: Client, document: dict[str, Any]) -> None:
    operations = document["paths"]
    told = {one["name"]: one.get("description") for one in operations["/users"]["get"]["parameters"]}
    assert told["q"] == "Text to search for in User name or E-mail"
    assert all(told[name] for name in ("sort", "page", "size", "paused"))
    fields = document["components"]["schemas"]["Users"]["properties"]
    assert {name for name, field in fields.items() if "description" in field} == {"is_more", "revision"}
    assert "PATCH" in operations["/users/{id}"]["post"]["summary"]
    assert "DELETE" in operations["/users/{id}/delete"]["post"]["summary"]
    page = (await ask(client, "GET", "/docs", PAGE)).html.text_content()
    assert told["q"] in page
    assert fields["revision"]["description"] in page


async def test_the_page_shows_every_operation_and_every_shape(client: Client, document: dict[str, Any]) -> None:
    page = (await ask(client, "GET", "/docs", PAGE)).html
    entries = page.xpath("//details")
    shown = [one.get("id") for one in (*entries, *page.xpath("//summary/code[@id]"))]
    assert len(shown) == len(set(shown))
    assert set(shown) == {one["operationId"] for path in document["paths"].values() for one in path.values()}
    anchors = {one.get("id") for one in page.xpath("//h3[@id]")}
    assert anchors == document["components"]["schemas"].keys()
    assert {link.get("href").removeprefix("#") for link in page.xpath("//a[starts-with(@href, '#')]")} <= anchors


DESCRIBE = """
import asyncio, sys
from rowcast import Settings, create_app

async def described():
    async with create_app(Settings(database=sys.argv[1])).test_app() as app:
        return await (await app.test_client().get("/openapi.json")).get_data(as_text=True)

print(asyncio.run(described()))
"""


def test_every_process_tells_the_same_bytes(settings: Settings) -> None:
    told = set()
    for seed in "123":
        command = [sys.executable, "-c", DESCRIBE, settings.database]
        told.add(
            subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        )
    assert len(told) == 1


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_it_is_made_once_for_each_language_and_place(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    made = []
    made_by = OpenAPIProvider.schema

    def make(provider: OpenAPIProvider) -> dict[str, Any]:
        made.append(provider)
        return made_by(provider)

    monkeypatch.setattr(OpenAPIProvider, "schema", make)
    for language, root in (("en", ""), ("zh-CN", ""), ("en", "/admin"), ("en", ""), ("zh-CN", ""), ("en", "/admin")):
        response = await client.get(f"{root}{path}", headers={"Accept-Language": language}, root_path=root)
        text = await response.get_data(as_text=True)
        assert response.status_code == 200
        assert ("/admin" in text) == bool(root)
        assert response.headers["ETag"]
        again = await client.get(
            f"{root}{path}", root_path=root,
            headers={"Accept-Language": language, "If-None-Match": response.headers["ETag"]},
        )  # fmt: skip
        assert again.status_code == 304
    assert len(made) == 3
