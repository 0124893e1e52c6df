"""Any value that other programs can write is shown as it stands; none takes a page, a form or a stream down."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel
from quart.typing import TestClientProtocol as Client
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.config import Settings
from rowcast.i18n import Message
from rowcast.tables.model import UtcDateTime, VersionedModel
from rowcast.tables.table import NOTHING, Column, Table
from rowcast.users import STATUSES, USERS
from tests.conftest import Outside
from tests.model import Screen
from tests.routes.asking import JSON, PAGE, PART, ask
from tests.routes.following import Stream


class Thing(VersionedModel):
    """A row of a table that is not ours: nothing keeps anything out of it."""

    __tablename__ = "things"
    metadata = MetaData()

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str | None]
    status: Mapped[str | None]
    seen: Mapped[Any] = mapped_column(UtcDateTime, nullable=True)


class ThingDraft(BaseModel):
    """What is sent to add one."""

    name: str
    status: Literal["active", "closed"] = "active"


THINGS = Table(
    name="things",
    row="thing",
    title=Message("Things"),
    model=Thing,
    draft=ThingDraft,
    sort="name",
    columns=(
        Column(name="name", label=Message("Name"), value=Thing.name, searched=True),
        Column(name="status", label=Message("Status"), value=Thing.status, choices=STATUSES),
        Column(name="seen", label=Message("Seen"), value=Thing.seen, kind="time"),
    ),
    words=USERS.words,
)
CREATE = {
    "sqlite": "CREATE TABLE things (id INTEGER PRIMARY KEY, version, created timestamp, changed timestamp,"
    " name text, status text, seen timestamp)",
    "postgresql": "CREATE TABLE things (id bigint PRIMARY KEY, version bigint, created timestamp, changed timestamp,"
    ' name text COLLATE "C", status text COLLATE "C", seen timestamp)',
}
MOMENT = "'2026-11-29 12:53:00.000001'"
# The values of name, status and seen, as SQL has them, and what people read of the last two.
ROWS = {
    "nothing": ("NULL, NULL, NULL", NOTHING, NOTHING),
    "a choice that is none": ("'a', 'emperor', NULL", "emperor", NOTHING),
    "a choice of markup": ("'<b>', '<i>\"x\"</i> y', NULL", '<i>"x"</i> y', NOTHING),
    "no text": ("'', '', NULL", "", NOTHING),
    "a moment": (f"'b', 'closed', {MOMENT}", "Closed", "Nov 29, 2026, 12:53"),
}
SQLITE_ROWS = {
    "numbers": ("5, 7, 8", "7", "8"),
    "a moment that is none": ("'c', 'closed', 'tomorrow'", "Closed", "tomorrow"),
    "bytes": ("x'00ff', x'00ff', x'00ff'", r"b'\x00\xff'", r"b'\x00\xff'"),
}


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of an app that has this table beside users."""
    monkeypatch.setattr("rowcast.app.TABLES", {table.name: table for table in (USERS, THINGS)})
    return settings


@pytest.fixture
def told(outside: Outside, dialect: str) -> dict[int, tuple[str, str]]:
    """Add the rows; return what people read of them, by id."""
    rows = ROWS | (SQLITE_ROWS if dialect == "sqlite" else {})
    outside.execute(CREATE[dialect])
    for number, (values, *_) in enumerate(rows.values(), 1):
        outside.execute(f"INSERT INTO things VALUES ({number}, 1, {MOMENT}, NULL, {values})")
    return {number: (status, seen) for number, (_, status, seen) in enumerate(rows.values(), 1)}


async def test_rows_pages_and_forms_show_what_stands_there(client: Client, told: dict[int, tuple[str, str]]) -> None:
    for path in ("/things", "/things/table", "/things/table?actions=0"):
        got = await ask(client, "GET", path, PAGE)
        assert got.status == 200
        shown = {
            int(row.get("id").removeprefix("thing-")): tuple(cell.text_content().strip() for cell in row[1:3])
            for row in got.html.get_element_by_id("things")
        }
        assert shown == told
    for number, (status, seen) in told.items():
        for reader in (PAGE, PART):
            for path in ("", "/edit", "/delete", "/notice?version=9"):
                got = await ask(client, "GET", f"/things/{number}{path}", reader)
                assert got.status == 200
                assert path == "/edit" or status in got.html.text_content()
                assert path or seen in got.html.text_content()


async def test_a_form_offers_the_choices_and_asks_for_one(client: Client, told: dict[int, tuple[str, str]]) -> None:
    for number in told:
        got = await ask(client, "POST", f"/things/{number}", PART, form={"name": "x", "status": "emperor"})
        assert (got.status, got.told) == (422, {"status": "Choose Active or Closed."})
        got = await ask(client, "POST", f"/things/{number}", PART, form={"name": "x", "status": "active"})
        assert got.status == 200
        assert (await ask(client, "GET", f"/things/{number}", PAGE)).status == 200, "with a line of history"


async def test_rows_can_be_deleted_whatever_stands_in_them(client: Client, told: dict[int, tuple[str, str]]) -> None:
    for number in told:
        assert (await ask(client, "POST", f"/things/{number}/delete", PART, form={"version": "1"})).status == 200
    assert (await ask(client, "GET", "/things", JSON)).json["total"] == 0


async def test_programs_get_what_stands_there(client: Client, told: dict[int, tuple[str, str]]) -> None:
    rows = {row["id"]: row for row in (await ask(client, "GET", "/things", JSON)).json["rows"]}
    assert rows[1]["status"] is rows[1]["seen"] is None
    assert rows[2]["status"] == "emperor"
    assert rows[5]["seen"] == "2026-11-29T12:53:00.000001Z"
    if 8 in rows:
        assert (rows[7]["seen"], rows[8]["status"]) == ("tomorrow", "00ff")
    for number, row in rows.items():
        assert (await ask(client, "GET", f"/things/{number}", JSON)).json == row
    file = (await ask(client, "GET", "/things.csv", PAGE)).text.removeprefix("\ufeff")
    found = {row["id"]: row for row in csv.DictReader(io.StringIO(file, newline=""), strict=True)}
    assert (found["1"]["status"], found["2"]["status"]) == ("", "emperor")
    assert (await client.get("/things.xlsx")).status_code == 200


@pytest.mark.only("sqlite")  # on PostgreSQL a table without triggers says nothing
async def test_streams_go_on(client: Client, outside: Outside, told: dict[int, tuple[str, str]]) -> None:
    screen = Screen((await ask(client, "GET", "/things", PAGE)).text, "things")
    async with client.request("/things/stream") as one, client.request("/things/stream.json") as other:
        stream, program = Stream(one), Stream(other)
        screen.receive(await stream.next())
        await program.next()
        await ask(client, "PATCH", "/things/1", JSON, json={"name": "now"})
        screen.receive(await stream.next())
        rows = [step["row"] for step in json.loads((await program.next()).data)["steps"] if "row" in step]
        assert {"name": "now", "status": None}.items() <= next(row for row in rows if row["id"] == 1).items()
        await one.disconnect()
        await other.disconnect()
    assert screen.state == Screen((await ask(client, "GET", "/things", PAGE)).text, "things").state
