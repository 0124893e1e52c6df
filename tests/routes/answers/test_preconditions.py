"""If-Match: a write goes on only on the row that the writer saw (RFC 9110, 13.1.1)."""

from __future__ import annotations

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import Outside, make_user
from tests.routes.asking import ADA, JSON, PART, Got, ask

WRITES = [("POST", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/delete"), ("PATCH", ".json")]


@pytest.fixture
async def tag(client: Client, database: Database) -> str:
    """The tag of the one row that there is."""
    await make_user(database, "Ada")
    return str((await ask(client, "GET", "/users/1", JSON)).headers["ETag"])


async def write(client: Client, method: str, path: str, expected: str) -> Got:
    """Change or delete the row, if it is as ``expected``."""
    sent = {"json": ADA | {"role": "administrator"}}
    return await ask(client, method, f"/users/1{path}", JSON, headers={"If-Match": expected}, **sent)


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("sent", ["{}", '"1"', "*", '"other", {}', ' ,{} ,"a,b"', '"a","1"'])
async def test_a_row_that_is_as_expected_is_written(
    client: Client, tag: str, method: str, path: str, sent: str
) -> None:
    got = await write(client, method, path, sent.format(tag))
    assert got.status in (200, 204)
    if got.status == 200:
        assert got.headers["ETag"] == (await ask(client, "GET", "/users/1", JSON)).headers["ETag"] != tag


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("sent", ['"other"', '"2"', "W/{}", 'W/"1"', '"2", "3"', '""', "", ",", '"1-"'])
async def test_a_row_that_is_not_as_expected_stays_and_is_told(
    client: Client, tag: str, method: str, path: str, sent: str
) -> None:
    row = (await ask(client, "GET", "/users/1", JSON)).json
    got = await write(client, method, path, sent.format(tag))
    assert (got.status, got.json["status"], got.json["row"]) == (412, 412, row)
    assert (await ask(client, "GET", "/users/1", JSON)).json == row


@pytest.mark.parametrize("sent", ["1", "tag", '"1', '"1" "2"', '"1""2"', "*, *", 'w/"1"', '"1"; x'])
async def test_what_is_no_list_of_tags_is_refused_and_protects(client: Client, tag: str, sent: str) -> None:
    for method, path in WRITES:
        refused = (await write(client, method, path, sent)).json
        assert (refused["status"], refused["detail"][:13]) == (400, "If-Match is *")
    assert (await ask(client, "GET", "/users/1", JSON)).headers["ETag"] == tag


async def test_a_version_that_was_set_back_does_not_pass_for_the_row_that_was_seen(
    client: Client, tag: str, outside: Outside
) -> None:
    outside.execute("UPDATE users SET username = 'Eva', version = version + 1")
    outside.execute("UPDATE users SET version = version - 1")
    assert (await write(client, "PATCH", "", tag)).status == 412
    assert (await write(client, "PATCH", "", '"1"')).status == 200, "by its version alone it is the one"


async def test_what_is_wrong_without_it_is_told_first(client: Client, tag: str) -> None:
    for method in ("PATCH", "PUT", "POST"):
        got = await ask(client, method, "/users/1", JSON, json={"role": "x"}, headers={"If-Match": '"7"'})
        assert got.status == 422
    for method in ("PATCH", "DELETE"):
        assert (await ask(client, method, "/users/9", JSON, json={}, headers={"If-Match": "*"})).status == 404


async def test_the_version_in_the_body_goes_on_to_be_a_conflict(client: Client, tag: str) -> None:
    got = await ask(client, "PATCH", "/users/1", JSON, json={"role": "administrator", "version": 7})
    assert got.status == 409
    both = await ask(
        client, "PATCH", "/users/1", JSON, json={"role": "administrator", "version": 7}, headers={"If-Match": tag}
    )
    assert both.status == 409


async def test_a_new_row_comes_with_its_tag(client: Client) -> None:
    made = await ask(client, "POST", "/users", JSON, form=ADA)
    assert made.headers["ETag"] == (await ask(client, "GET", "/users/1", JSON)).headers["ETag"]


async def test_htmx_gets_the_form_with_both_values(client: Client, tag: str) -> None:
    sent = ADA | {"email": "mine@example.org"}
    got = await ask(client, "POST", "/users/1", PART, form=sent, headers={"If-Match": '"7"'})
    assert (got.status, got.typed["email"], got.targets) == (412, "mine@example.org", ["flash", "panel"])
