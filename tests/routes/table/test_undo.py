"""Undo over HTTP: what was done is told, and can be taken back by who was told, as long as nothing came after it."""

from __future__ import annotations

from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import Outside, make_user
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, PART, Got, ask

PEOPLE = pytest.mark.parametrize("reader", [PAGE, PART], ids=["page", "part"])


async def act(client: Client, path: str, reader: dict[str, str], sent: dict[str, str], **headers: str) -> Got:
    """Send a form; return what then shows the result."""
    headers = {"Referer": "http://localhost/users?q=a", **headers}
    got = await ask(client, "POST", path, reader, form=sent, headers=headers)
    if got.status != 303:
        return got
    assert got.headers["Location"] == ("/users" if "back" in sent else "/users?q=a"), "where it came from"
    return await ask(client, "GET", got.headers["Location"], PAGE, headers=headers)


def undoing(got: Got) -> tuple[str, dict[str, str]]:
    """Return where the form beside the result is sent, and what it holds; it is the same with script and without."""
    (form,) = got.html.xpath("//*[@id='flash' or @hx-target='#flash']/form")
    assert form.get("hx-post") == form.get("action")
    assert form.get("hx-target") == "#flash"
    return form.get("action"), dict(form.fields)


def offers(got: Got) -> bool:
    """Whether there is anything to undo."""
    return bool(got.html.xpath("//form[contains(@action, '/undo')]"))


async def row(client: Client) -> dict[str, Any]:
    """Return what the row holds."""
    found: dict[str, Any] = (await ask(client, "GET", "/users/1", JSON)).json
    return found


@PEOPLE
async def test_one_click_says_what_it_did_and_is_undone_by_another(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada")
    done = await act(client, "/users/1", reader, {"status": "closed"})
    assert done.flash == "Ada: Status Closed"
    path, sent = undoing(done)
    undone = await act(client, path, reader, sent)
    assert (undone.flash, offers(undone)) == ("Ada: Status Active", False)
    assert ((await row(client))["status"], (await row(client))["version"]) == ("active", 3)
    history = (await ask(client, "GET", "/users/1", PAGE)).html.xpath("//ol[@class='history']/li")
    assert len(history) == 3, "to undo is a change like any other"


@PEOPLE
async def test_the_words_are_those_of_the_reader(client: Client, database: Database, reader: dict[str, str]) -> None:
    await make_user(database, "Ada")
    done = await act(client, "/users/1", reader, {"status": "closed"}, **{"Accept-Language": "zh-CN"})
    assert done.flash == "Ada：状态已改为“停用”"
    assert "撤销" in done.html.xpath("string(//form[contains(@action, '/undo')])")


@PEOPLE
async def test_a_form_that_was_saved_and_a_row_that_was_added_can_be_undone(
    client: Client, reader: dict[str, str]
) -> None:
    added = await act(client, "/users", reader, ADA)
    assert undoing(added)[0] == "/users/1/undo"
    form = await ask(client, "GET", "/users/1/edit", reader)
    eve = form.typed | form.hidden | {"username": "Eve", "role": "administrator"}
    saved = await act(client, "/users/1", reader, eve)
    path, sent = undoing(added)
    late = await act(client, path, reader, sent)
    assert (late.status, late.flash) == (409, "Nothing was undone: this row was changed since.")
    path, sent = undoing(saved)
    assert (await act(client, path, reader, sent)).flash == "Saved Ada."
    assert {name: (await row(client))[name] for name in ADA} == ADA
    again = await act(client, "/users", reader, ADA | {"username": "Bob", "email": "bob@example.org"})
    path, sent = undoing(again)
    gone = await act(client, path, reader, sent)
    assert (gone.flash, offers(gone)) == ("Deleted Bob.", False)
    assert (await ask(client, "GET", "/users/2", JSON)).status == 404


@PEOPLE
async def test_what_changed_nothing_offers_no_undo_of_what_another_did(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada", status="closed", role="administrator")
    assert not offers(await act(client, "/users/1", reader, {"status": "closed"}))
    form = await ask(client, "GET", "/users/1/edit", reader)
    assert not offers(await act(client, "/users/1", reader, form.typed | form.hidden))


@PEOPLE
async def test_the_second_half_of_a_double_click_offers_it_as_the_first(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada")
    first, second = [await act(client, "/users/1", reader, {"status": "closed"}) for _ in range(2)]
    assert (first.flash, undoing(first)[1]["version"]) == (second.flash, undoing(second)[1]["version"])
    path, sent = undoing(second)
    once, twice = [await act(client, path, reader, sent) for _ in range(2)]
    assert once.flash == twice.flash == "Ada: Status Active"
    assert (await row(client))["version"] == 3


@pytest.mark.parametrize("reader", FORMATS)
@pytest.mark.parametrize(
    "since",
    [
        "UPDATE users SET role = 'administrator'",
        "UPDATE users SET status = 'active', version = version + 1",
        "UPDATE users SET status = 'active', version = 2",
    ],
)
async def test_a_row_that_was_changed_since_is_left_alone(
    client: Client, database: Database, outside: Outside, since: str, reader: str
) -> None:
    await make_user(database, "Ada")
    path, sent = undoing(await act(client, "/users/1", PART, {"status": "closed"}))
    outside.execute(since)
    before = await row(client)
    got = await ask(client, "POST", path, FORMATS[reader], form=sent)
    assert got.status == 409
    assert await row(client) == before
    if reader == "json":
        assert got.json["row"] == before
        return
    assert got.flash == "Nothing was undone: this row was changed since."
    assert got.is_document is (reader == "page")
    if reader == "page":
        assert "Ada" in got.html.xpath("//dd//text()"), "and the row is shown as it is"
    else:
        assert got.targets == ["flash"]


@PEOPLE
async def test_a_name_that_was_taken_since_is_told(client: Client, database: Database, reader: dict[str, str]) -> None:
    await make_user(database, "Ada")
    saved = await act(client, "/users/1", reader, ADA | {"username": "Eve"})
    await make_user(database, "ADA", email="else@example.org")
    path, sent = undoing(saved)
    got = await act(client, path, reader, sent)
    assert (got.status, got.flash) == (422, "Nothing was undone: Another user has this name.")
    assert (await row(client))["username"] == "Eve"


async def test_programs_undo_as_well(client: Client) -> None:
    await ask(client, "POST", "/users.json", JSON, json=ADA)
    await ask(client, "PATCH", "/users/1", JSON, json={"status": "closed", "role": "administrator"})
    refused = await ask(client, "POST", "/users/1/undo.json", JSON, headers={"If-Match": '"1"'})
    assert (refused.status, refused.json["row"]["version"]) == (412, 2)
    assert (await ask(client, "POST", "/users/1/undo", JSON, json={"version": 1})).status == 409
    assert (await ask(client, "POST", "/users/1/undo", JSON, json={"version": "x"})).status == 422
    undone = await ask(client, "POST", "/users/1/undo", JSON, json={"version": 2})
    assert (undone.status, undone.json["status"], undone.json["role"]) == (200, "active", "member")
    assert undone.headers["ETag"] == (await ask(client, "GET", "/users/1", JSON)).headers["ETag"]
    again = await ask(client, "POST", "/users/1/undo", JSON)
    assert (again.json["status"], again.json["version"]) == ("closed", 4), "to undo it once more does it again"
    assert (await ask(client, "POST", "/users/7/undo", JSON)).status == 404


async def test_to_undo_an_addition_deletes_and_a_row_of_another_program_cannot_be_undone(
    client: Client, outside: Outside
) -> None:
    outside.execute("INSERT INTO users (username, email) VALUES ('Bob', 'bob@example.org')")
    assert (await ask(client, "POST", "/users/1/undo", JSON)).status == 409
    await ask(client, "POST", "/users", JSON, json=ADA)
    undone = await ask(client, "POST", "/users/2/undo", JSON, headers={"Idempotency-Key": "one"})
    again = await ask(client, "POST", "/users/2/undo", JSON, headers={"Idempotency-Key": "one"})
    assert (undone.status, again.status) == (204, 204)
    assert (await ask(client, "GET", "/users/2", JSON)).status == 404


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("edit", "NULL", """'{"role": "member"}'"""),
        ("edit", """'{"unknown": "x"}'""", """'{"role": "member"}'"""),
        ("edit", "'[]'", "'[]'"),
        ("edit", "'{}'", "'{}'"),
        ("create", "NULL", "NULL"),
        ("create", "NULL", "'7'"),
        ("odd", "NULL", """'{"role": "member"}'"""),
    ],
)
async def test_a_history_that_another_program_wrote_is_no_reason_to_fail(
    client: Client, outside: Outside, verb: str, before: str, after: str
) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    outside.execute(
        'INSERT INTO changes (at, "by", verb, table_name, row_key, "before", "after")'
        f" VALUES ('2021-03-04 05:06:07', 'x', '{verb}', 'users', '1', {before}, {after})"
    )
    assert (await ask(client, "POST", "/users/1/undo", JSON)).status == 409
    clicked = {"Origin": "http://localhost"}
    assert (await ask(client, "POST", "/users/1", PAGE, form={"role": "member"}, headers=clicked)).status == 303
    assert (await ask(client, "POST", "/users/1", PAGE, form={"status": "closed"}, headers=clicked)).status == 303


async def test_a_message_from_before_this_version_is_still_told(client: Client) -> None:
    async with client.session_transaction() as session:
        session["_flashes"] = [("message", "Added Ada.")]
    got = await ask(client, "GET", "/users", PAGE)
    assert (got.flash, offers(got)) == ("Added Ada.", False)
