"""Tables whose key is text, or of two columns, by HTTP: each row is at its own address, and no other word is one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client
from sqlalchemy import Connection

from rowcast.config import Settings
from rowcast.database import Database
from rowcast.tables import row_writes
from rowcast.tables.key import Key, KeyType
from rowcast.tables.table import Table
from rowcast.users import USERS
from tests.conftest import Outside
from tests.model import Screen
from tests.other_tables import KEYS, PARTS, SLOTS, TABLES, fields, statements
from tests.routes.asking import JSON, PAGE, PART, ask
from tests.routes.following import Stream

pytestmark = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@pytest.fixture
def settings(settings: Settings, table: Table, dialect: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an app that has this table beside users."""
    monkeypatch.setattr("rowcast.app.TABLES", {made.name: made for made in (USERS, table)})
    return settings


@pytest.fixture(autouse=True)
async def set_up(table: Table, dialect: str, outside: Outside, database: Database) -> None:
    """Set the table up, with a row for each key."""
    for statement in statements(table, dialect):
        outside.execute(statement)

    def unit(connection: Connection) -> None:
        for key in KEYS[table]:
            row_writes.create(connection, table, fields(table, key, name=f"name of {key}"), by="tests")

    await database.write(unit)


async def listed(client: Client, table: Table) -> list[dict[str, Any]]:
    """Return all rows, as a program gets them."""
    found: list[dict[str, Any]] = []
    while True:
        document = (await ask(client, "GET", f"/{table.name}?size=100&page={len(found) // 100 + 1}", JSON)).json
        found += document["rows"]
        if document["page"] == document["pages"]:
            return found


async def test_every_address_in_a_listing_leads_to_its_row(client: Client, table: Table) -> None:
    seen: set[Key] = set()
    for page in range(1, 9):
        got = await ask(client, "GET", f"/{table.name}?size=25&page={page}", PAGE)
        for row in got.html.get_element_by_id(table.name):
            (shown,) = row.xpath("th/a/@href")
            assert row.get("id").removeprefix(f"{table.row}-") == shown.removeprefix(f"/{table.name}/")
            key = table.key_type.parse(shown.rpartition("/")[2])
            program = (await ask(client, "GET", shown, JSON)).json
            assert table.key_of(program) == key
            assert program["name"] == f"name of {key}"
            seen.add(key)
    assert seen == set(KEYS[table])


async def test_every_id_in_a_page_is_there_once_and_can_be_selected(client: Client, table: Table) -> None:
    for page in range(1, 9):
        got = await ask(client, "GET", f"/{table.name}?size=25&page={page}", PAGE)
        ids = [element.get("id") for element in got.html.xpath("//*[@id]")]
        assert len({id.casefold() for id in ids}) == len(ids)
        assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", id) for id in ids)
        assert {button.get("form") for button in got.html.xpath("//tbody//button")} <= set(ids)


async def test_a_row_is_shown_edited_and_deleted_at_its_address(
    client: Client, table: Table, database: Database
) -> None:
    for key in KEYS[table][::6]:
        path = f"/{table.name}/{key}"
        for address in (path, f"{path}.json"):
            row = (await ask(client, "GET", address, JSON)).json
            assert table.key_of(row) == key
        for reader in (PAGE, PART):
            assert f"name of {key}" in (await ask(client, "GET", path, reader)).text
            for form, target in (("edit", path), ("delete", f"{path}/delete")):
                got = await ask(client, "GET", f"{path}/{form}", reader)
                assert got.html.get_element_by_id("form").get("action") == target
                assert got.html.get_element_by_id(f"notice-{table.row}-{key}") is not None
                assert got.html.get_element_by_id("row-stream").get("hx-sse:connect") == f"{path}/stream"
        clicked = await ask(client, "POST", path, PART, form={"status": "closed"})
        assert clicked.status == 200
        (undo,) = clicked.html.xpath("//hx-partial[@hx-target='#flash']/form")
        assert undo.get("action") == f"{path}/undo"
        edited = await ask(client, "PATCH", path, JSON, json={"name": "another"}, headers={"If-Match": '"2"'})
        assert (edited.json["version"], edited.json["name"], edited.json["status"]) == (3, "another", "closed")
        assert "another" in (await ask(client, "GET", path, PAGE)).html.xpath("string(//ol[@class='history'])")
        stale = await ask(client, "DELETE", f"{path}?version=1", JSON)
        assert stale.status == 409
        assert table.key_of(stale.json["row"]) == key
        assert (await ask(client, "DELETE", f"{path}?version=3", JSON)).status == 204
        assert (await ask(client, "GET", path, JSON)).status == 404
        for _ in range(2):
            made = await ask(client, "POST", f"/{table.name}", JSON, json=fields(table, key))
            assert (made.status, made.headers["Location"]) == (201, path)
            undone = await ask(client, "POST", f"{path}/undo?version=1", JSON)
            assert undone.status == 204
        await ask(client, "POST", f"/{table.name}", JSON, json=fields(table, key))
    left = [table.key_of(row) for row in await listed(client, table)]
    assert sorted(left) == sorted(KEYS[table]), "no other row was meant"


async def test_what_is_no_key_leads_nowhere_and_what_is_no_row_says_so(client: Client, table: Table) -> None:
    for text in ("nobody", "3", "03", "_A", "%5F%41", "_a%2Fb", "__97_", "_a__b__3", "_nobody__03", "_..", "_a%00"):
        for path in (f"/{table.name}/{text}", f"/{table.name}/{text}/edit", f"/{table.name}/{text}.json"):
            assert (await ask(client, "GET", path, JSON)).status == 404, path
    nobody = Key(("nobody", 3)[: len(table.key_names)])
    for path in (f"/{table.name}/{nobody}", f"/{table.name}/{nobody}/edit"):
        got = await ask(client, "GET", path, JSON)
        assert got.status == 404
        assert "detail" in got.json


async def test_no_word_of_a_route_can_be_a_key(app: Quart, table: Table) -> None:
    words = {
        rule.rule.removeprefix(f"/{table.name}/").partition("/")[0]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"/{table.name}/") and "<" not in rule.rule
    }
    assert {"new", "panel", "table", "stream", "stream.json", "waiting", "embed"} <= words
    for word in words:
        for kinds in (table.key_type.kinds, (str,), (int,), (int, str)):
            with pytest.raises(ValueError):  # noqa: PT011 -- whatever the reason is
                KeyType(kinds).parse(word)


async def test_a_paused_page_knows_which_of_its_rows_were_written(
    client: Client, table: Table, outside: Outside
) -> None:
    outside.execute(f"UPDATE {table.name} SET changed = '2020-01-01 00:00:00.000000'")  # none is new
    got = await ask(client, "GET", f"/{table.name}?size=25&paused=1", PAGE)
    address = got.html.get_element_by_id("waiting").get("hx-get")
    assert (await ask(client, "GET", address, JSON)).json == {"waiting": 0}
    rows = [row.get("id").removeprefix(f"{table.row}-") for row in got.html.get_element_by_id(table.name)]
    for number, key in enumerate(rows[:3]):
        await ask(client, "PATCH", f"/{table.name}/{key}", JSON, json={"status": "closed"})
        assert (await ask(client, "GET", address, JSON)).json == {"waiting": number + 1}
    await ask(client, "DELETE", f"/{table.name}/{rows[3]}", JSON)
    assert (await ask(client, "GET", address, JSON)).json == {"waiting": 4}


async def test_streams_keep_a_listing_true_as_parts_and_as_json(client: Client, table: Table) -> None:
    path = f"/{table.name}?size=25"
    screen = Screen((await ask(client, "GET", path, PAGE)).text, table.name)
    async with (
        client.request(f"/{table.name}/stream?size=25") as one,
        client.request(f"/{table.name}/stream.json?size=25") as other,
    ):
        stream, program = Stream(one), Stream(other)
        screen.receive(await stream.next())
        steps = json.loads((await program.next()).data)["steps"]
        assert [step["step"] for step in steps] == ["reset"]
        keys = [table.key_of(row) for row in steps[0]["rows"]]
        await ask(client, "PATCH", f"/{table.name}/{keys[2]}", JSON, json={"status": "closed"})
        screen.receive(await stream.next())
        (update,) = json.loads((await program.next()).data)["steps"]
        assert (update["step"], table.key_of(update["row"])) == ("update", keys[2])
        await ask(client, "DELETE", f"/{table.name}/{keys[1]}", JSON)
        screen.receive(await stream.next())
        delete, insert = json.loads((await program.next()).data)["steps"]
        assert delete == {"step": "delete", "id": keys[1].plain}
        assert (insert["step"], insert["after"]) == ("insert", keys[-1].plain)
        await one.disconnect()
        await other.disconnect()
        assert screen.state == Screen((await ask(client, "GET", path, PAGE)).text, table.name).state


async def test_the_document_says_what_a_key_is(client: Client, table: Table) -> None:
    document = (await ask(client, "GET", "/openapi.json", JSON)).json
    schemas, row = document["components"]["schemas"], table.row.title()
    values: dict[Table, dict[str, Any]] = {
        PARTS: {"type": "string"},
        SLOTS: {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "integer"}],
            "minItems": 2,
            "maxItems": 2,
        },
    }
    assert schemas[f"{row}Delete"]["properties"]["id"] == values[table]
    assert schemas[f"{row}Insert"]["properties"]["after"]["type"] == [values[table]["type"], "null"]
    (address,) = [
        parameter["schema"]
        for parameter in document["paths"][f"/{table.name}/{{id}}"]["get"]["parameters"]
        if parameter["in"] == "path"
    ]
    assert address == {"type": "string", "pattern": "^[a-z0-9_-]+$"}
    assert all(re.fullmatch(address["pattern"], str(key)) for key in KEYS[table])
