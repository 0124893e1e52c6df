"""Writes over HTTP: what goes wrong is told where it was typed, and nothing that was typed is lost."""

from __future__ import annotations

from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import Outside, make_user
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, PART, ask

BAD = [
    # what is typed, and what the message beside the field says
    pytest.param({"username": ""}, {"username": "This is needed."}, id="no name"),
    pytest.param({"username": "  "}, {"username": "This is needed."}, id="a name of spaces"),
    pytest.param({"username": "x" * 65}, {"username": "At most 64 characters; these are 65."}, id="65 characters"),
    pytest.param({"username": "a\rid: 1\r\rdata: x"}, {"username": "control characters"}, id="line breaks"),
    pytest.param({"username": "\u200b\u200e"}, {"username": "Nothing in this text can be seen."}, id="unseen"),
    pytest.param({"email": ""}, {"email": "This is needed."}, id="no address"),
    pytest.param({"email": "ada"}, {"email": "looks like name@example.org"}, id="a bad address"),
    pytest.param({"email": "<script>@x.org"}, {"email": "What stands before the @"}, id="a hostile address"),
    pytest.param({"role": "emperor"}, {"role": "Choose"}, id="unknown role"),
    pytest.param({"status": "100%(s)s"}, {"status": "Choose"}, id="unknown status"),
    pytest.param({"username": "BOB"}, {"username": "Another user has this name."}, id="a name that is taken"),
    pytest.param(
        {"email": "Bob@EXAMPLE.org"}, {"email": "Another user has this e-mail"}, id="an address that is taken"
    ),
    pytest.param({"username": "", "role": "x"}, {"username": "needed", "role": "Choose"}, id="two at once"),
    pytest.param(
        {"username": "BOB", "email": "ada"},
        {"username": "Another user has this name.", "email": "looks like"},
        id="a name that is taken and a bad address",
    ),
    pytest.param(
        {"email": "bob@example.org", "role": "x"},
        {"email": "Another user has this e-mail", "role": "Choose"},
        id="an address that is taken and an unknown role",
    ),
]


def as_sent(text: str) -> str:
    """Return ``text`` without what neither a form nor a parser keeps apart: kinds of line ends."""
    return text.replace("\r", "\n").replace("\n", "")


@pytest.mark.parametrize(("typed", "told"), BAD)
@pytest.mark.parametrize("path", ["/users", "/users/2"])
async def test_bad_input_is_told_beside_its_field_and_nothing_typed_is_lost(
    client: Client, database: Database, path: str, typed: dict[str, str], told: dict[str, str]
) -> None:
    await make_user(database, "Bob")
    await make_user(database, "Eve")
    before = (await ask(client, "GET", "/users", JSON)).json
    for reader in (PAGE, PART):
        got = await ask(client, "POST", path, reader, form=ADA | typed | {"back": "q=a"})
        assert got.status == 422
        assert {name: as_sent(value) for name, value in got.typed.items()} == {
            name: as_sent(value) for name, value in (ADA | typed).items()
        }
        assert got.told.keys() == told.keys()
        assert all(text in got.told[name] for name, text in told.items())
        assert got.hidden["back"] == "q=a"
        assert "Nothing was saved" in got.flash
    for body in ({"form": ADA | typed}, {"json": ADA | typed}):
        got = await ask(client, "POST", path, JSON, **body)
        assert (got.status, got.json["status"], got.json["errors"].keys()) == (422, 422, told.keys())
        assert all(text in got.json["errors"][name] for name, text in told.items())
    assert (await ask(client, "GET", "/users", JSON)).json == before


async def test_people_choose_by_the_label_and_programs_by_the_value(client: Client) -> None:
    sent = ADA | {"role": "emperor"}
    assert (await ask(client, "POST", "/users", PAGE, form=sent)).told["role"] == "Choose Administrator or Member."
    told = (await ask(client, "POST", "/users", JSON, form=sent)).json["errors"]["role"]
    assert told == "Choose administrator or member."


@pytest.mark.parametrize("value", [None, 7, 1.5, True, [], {}, ["member"]], ids=str)
@pytest.mark.parametrize("field", list(ADA))
async def test_json_of_the_wrong_type_is_told_by_field(client: Client, field: str, value: Any) -> None:
    got = await ask(client, "POST", "/users", JSON, json=ADA | {field: value})
    assert (got.status, set(got.json["errors"])) == (422, {field})


async def test_a_field_that_there_is_not_is_refused_so_that_no_typing_error_passes(client: Client) -> None:
    got = await ask(client, "POST", "/users", JSON, json=ADA | {"statsu": "closed"})
    assert (got.status, set(got.json["errors"])) == (422, {"statsu"})
    assert (await ask(client, "POST", "/users", JSON, json=ADA | {"\ud800": 1})).status == 422


async def test_what_is_sent_is_trimmed_and_composed(client: Client) -> None:
    row = (await ask(client, "POST", "/users", JSON, form=ADA | {"username": " A\u030ada "})).json
    assert row["username"] == "Åda"


async def test_what_cannot_be_set_is_not_set(client: Client) -> None:
    sent = ADA | {"id": 77, "created": "2000-01-01", "changed": "2000-01-01", "version": 9}
    row = (await ask(client, "POST", "/users", JSON, json=sent)).json
    assert (row["id"], row["version"]) == (1, 1)
    assert row["created"] > "2001"


async def test_an_edit_of_an_older_version_is_refused_and_shows_both_values(client: Client, database: Database) -> None:
    row = await make_user(database, "Ada")
    await ask(client, "PATCH", "/users/1", JSON, json={"status": "closed", "email": "theirs@example.org"})
    mine = ADA | {"email": "mine@example.org", "version": "1"}
    for reader in (PAGE, PART):
        got = await ask(client, "POST", "/users/1", reader, form=mine)
        assert got.status == 409
        assert (got.typed["email"], got.typed["status"]) == ("mine@example.org", "active")
        assert got.told == {"email": "Now: theirs@example.org", "status": "Now: Closed"}
        assert got.hidden["version"] == "2", "saving again keeps mine, knowingly"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        program = await ask(client, method, f"/users/{row.key}?version=1", JSON, json={**ADA, "email": "x@example.org"})
        assert (program.status, program.json["status"], program.json["row"]["version"]) == (409, 409, 2)
    again = await ask(client, "POST", "/users/1", PAGE, form=mine | {"version": "2"})
    assert again.status == 303


async def test_a_form_with_a_mistake_still_knows_which_version_it_was_opened_on(
    client: Client, database: Database
) -> None:
    await make_user(database, "Ada")
    await ask(client, "PATCH", "/users/1", JSON, json={"status": "closed"})
    for reader in (PAGE, PART):
        mistaken = await ask(client, "POST", "/users/1", reader, form=ADA | {"email": "no", "version": "1"})
        assert mistaken.status == 422
        mended = ADA | mistaken.hidden | {"role": "administrator"}
        saved = await ask(client, "POST", "/users/1", reader, form=mended)
        assert saved.status == 409, "the mended form would overwrite what its author never saw"


@pytest.mark.parametrize("reader", [PAGE, PART], ids=["page", "part"])
async def test_what_another_set_meanwhile_stays_when_the_form_only_carried_it(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada")
    form = await ask(client, "GET", "/users/1/edit", reader)
    await ask(client, "PATCH", "/users/1", JSON, json={"role": "administrator"})
    sent = form.typed | form.hidden | {"username": "Eve"}
    assert sent["role"] == "member", "this proves nothing unless the form still holds the old role"
    saved = await ask(client, "POST", "/users/1", reader, form=sent)
    assert saved.status in (200, 303), "nobody is asked about what only one of the two changed"
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert (row["username"], row["role"], row["version"]) == ("Eve", "administrator", 3)
    (change, *_) = (await ask(client, "GET", "/users/1", PAGE)).html.xpath("//ol[@class='history']/li")
    assert [change.xpath("string(.//del)"), change.xpath("string(.//ins)")] == ["Ada", "Eve"]


@pytest.mark.parametrize("reader", [PAGE, PART], ids=["page", "part"])
async def test_only_what_both_changed_is_asked_about_and_to_save_mine_sets_nothing_else(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada")
    form = await ask(client, "GET", "/users/1/edit", reader)
    theirs = {"email": "theirs@example.org", "role": "administrator"}
    await ask(client, "PATCH", "/users/1", JSON, json=theirs)
    mine = form.typed | form.hidden | {"email": "mine@example.org", "username": "Eve"}
    asked = await ask(client, "POST", "/users/1", reader, form=mine)
    assert asked.status == 409
    assert asked.told == {"email": "Now: theirs@example.org"}
    assert asked.typed == {
        "username": "Eve",
        "email": "mine@example.org",
        "role": "administrator",
        "status": "active",
    }, "mine, and theirs where I changed nothing"
    await ask(client, "PATCH", "/users/1", JSON, json={"status": "closed", "role": "member"})
    saved = await ask(client, "POST", "/users/1", reader, form=asked.typed | asked.read)
    assert saved.status in (200, 303)
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert {name: row[name] for name in ADA} == {
        "username": "Eve",
        "email": "mine@example.org",
        "role": "member",
        "status": "closed",
    }


async def test_who_saves_mine_is_asked_again_about_what_is_newer_still(client: Client, database: Database) -> None:
    await make_user(database, "Ada")
    form = await ask(client, "GET", "/users/1/edit", PAGE)
    got = form.typed | form.hidden | {"email": "mine@example.org"}
    for email in ("theirs@example.org", "newer@example.org"):
        await ask(client, "PATCH", "/users/1", JSON, json={"email": email})
        asked = await ask(client, "POST", "/users/1", PAGE, form=got)
        assert (asked.status, asked.told) == (409, {"email": f"Now: {email}"})
        got = asked.typed | asked.read
    assert (await ask(client, "POST", "/users/1", PAGE, form=got)).status == 303


async def test_a_form_with_a_mistake_still_knows_what_it_was_given(client: Client, database: Database) -> None:
    await make_user(database, "Ada")
    form = await ask(client, "GET", "/users/1/edit", PAGE)
    await ask(client, "PATCH", "/users/1", JSON, json={"role": "administrator", "email": "theirs@example.org"})
    mistaken = await ask(client, "POST", "/users/1", PAGE, form=form.typed | form.hidden | {"username": ""})
    assert mistaken.status == 422
    mended = mistaken.typed | mistaken.hidden | {"username": "Eve"}
    assert (await ask(client, "POST", "/users/1", PAGE, form=mended)).status == 303
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert (row["username"], row["role"], row["email"]) == ("Eve", "administrator", "theirs@example.org")


async def test_what_was_merged_is_compared_with_all_others(client: Client, database: Database) -> None:
    await make_user(database, "Ada")
    await make_user(database, "Bob")
    form = await ask(client, "GET", "/users/1/edit", PAGE)
    await ask(client, "PATCH", "/users/1", JSON, json={"role": "administrator"})
    got = await ask(client, "POST", "/users/1", PAGE, form=form.typed | form.hidden | {"username": "BOB"})
    assert (got.status, got.told) == (422, {"username": "Another user has this name."})


async def test_a_row_that_no_form_would_take_can_be_edited_elsewhere(client: Client, outside: Outside) -> None:
    outside.execute("INSERT INTO users (username, email) VALUES (?, 'a@example.org')", " A\nda\t")
    form = await ask(client, "GET", "/users/1/edit", PAGE)
    # A one-line field gives back what it was filled with without the line break, a form with "\r\n" for it.
    sent = form.typed | form.hidden | {"username": " Ada\t", "given-username": " A\r\nda\t", "role": "administrator"}
    assert (await ask(client, "POST", "/users/1", PAGE, form=sent)).status == 303
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert (row["username"], row["role"]) == (" A\nda\t", "administrator")


@pytest.mark.parametrize("reader", FORMATS)
async def test_a_click_in_the_row_sets_one_field_and_is_refused_on_an_older_version(
    client: Client, database: Database, reader: str
) -> None:
    await make_user(database, "Ada")
    done = await ask(client, "POST", "/users/1?version=1", FORMATS[reader], form={"status": "closed"})
    assert done.status in (200, 303)
    late = await ask(client, "POST", "/users/1?version=1", FORMATS[reader], form={"role": "administrator"})
    assert late.status == 409
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert (row["status"], row["role"], row["version"]) == ("closed", "member", 2)
    if reader == "part":
        assert late.targets == done.targets == ["flash"], "a form that is open stays as it is"
        assert "someone else changed" in late.flash


async def test_put_sets_all_fields_and_patch_those_that_are_sent(client: Client, database: Database) -> None:
    await make_user(database, "Ada", role="administrator", status="closed")
    patched = (await ask(client, "PATCH", "/users/1", JSON, json={"username": "Eve"})).json
    assert (patched["username"], patched["role"], patched["status"]) == ("Eve", "administrator", "closed")
    refused = await ask(client, "PUT", "/users/1", JSON, json={"username": "Bob"})
    assert (refused.status, set(refused.json["errors"])) == (422, {"email"})
    put = (await ask(client, "PUT", "/users/1", JSON, json={"username": "Bob", "email": "bob@example.org"})).json
    assert (put["username"], put["role"], put["status"]) == ("Bob", "member", "active")


@pytest.mark.parametrize("sent", [{}, {"status": "active"}, {"status": "active", "version": 1}], ids=str)
async def test_nothing_new_is_no_change(client: Client, database: Database, sent: dict[str, Any]) -> None:
    await make_user(database, "Ada")
    got = await ask(client, "PATCH", "/users/1", JSON, json=sent)
    assert (got.status, got.json["version"]) == (200, 1)


@pytest.mark.parametrize("version", ["x", "-", "--1", "+1", "1.0", "²", "1 ", [1], True, 1.5], ids=ascii)
async def test_a_version_that_is_no_number_is_refused(client: Client, database: Database, version: Any) -> None:
    await make_user(database, "Ada")
    for method in ("PATCH", "DELETE"):
        got = await ask(client, method, "/users/1", JSON, json={"status": "closed", "version": version})
        assert (got.status, set(got.json["errors"])) == (422, {"version"})


@pytest.mark.parametrize("version", ["7", "-1", "9" * 30, "9" * 5000, "-" + "9" * 5000], ids=range(5))
async def test_a_version_that_never_was_is_a_conflict(client: Client, database: Database, version: str) -> None:
    await make_user(database, "Ada")
    got = await ask(client, "POST", "/users/1", PAGE, form=ADA | {"status": "closed", "version": version})
    assert got.status == 409


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/delete")]
)
async def test_a_row_that_is_gone_is_404_and_what_was_typed_is_kept(client: Client, method: str, path: str) -> None:
    for name, reader in FORMATS.items():
        got = await ask(client, method, f"/users/7{path}", reader, form=ADA)
        assert got.status == 404
        if name != "json" and method != "DELETE" and not path:
            assert got.typed == ADA
            assert got.html.get_element_by_id("form").get("action") == "/users", "one click adds it anew"
        if name == "json":
            assert got.json["status"] == 404


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [("POST", "/users", "Added Ada."), ("POST", "/users/1", "Saved Ada."), ("DELETE", "/users/1", "Deleted Bob.")],
)
async def test_the_result_is_told_by_name(
    client: Client, database: Database, method: str, path: str, text: str
) -> None:
    await make_user(database, "Bob")
    got = await ask(client, method, path, PART, form=ADA)
    assert got.flash == text
    assert got.targets == ["flash", "panel"]


async def test_a_hostile_name_is_text_in_the_result(client: Client) -> None:
    name = "</hx-partial><img src=x onerror=alert(1)>%(name)s"
    got = await ask(client, "POST", "/users", PART, form=ADA | {"username": name})
    assert got.flash == f"Added {name}."
    assert got.targets == ["flash", "panel"]
    assert not got.html.xpath("//img")
