"""What is sent twice is done once and told twice, by whichever process; what nobody can have read is not taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.database import Database
from rowcast.routes.answers.repeated_requests import LONGEST
from tests.conftest import make_user
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, PART, Got, ask

PEOPLE = pytest.mark.parametrize("reader", [PAGE, PART], ids=["page", "part"])
BROWSER = {"Origin": "http://localhost"}
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


@pytest.fixture
async def nodes(settings: Settings) -> AsyncIterator[list[Client]]:
    """Clients of three apps on one database."""
    apps = [create_app(settings) for _ in range(3)]
    async with apps[0].test_app(), apps[1].test_app(), apps[2].test_app():
        yield [app.test_client() for app in apps]


async def told(client: Client, got: Got) -> str:
    """Return what a person reads of the result."""
    return got.flash if got.status != 303 else (await ask(client, "GET", got.headers["Location"], PAGE)).flash


async def history(client: Client, path: str) -> int:
    """Return how often the row was written."""
    return len((await ask(client, "GET", path, PAGE)).html.xpath("//ol[@class='history']/li"))


@PEOPLE
async def test_a_form_to_add_that_is_sent_twice_adds_one_and_says_so_both_times(
    client: Client, reader: dict[str, str]
) -> None:
    sent = (await ask(client, "GET", "/users/new", reader)).hidden | ADA
    for _ in range(2):
        got = await ask(client, "POST", "/users", reader, form=sent)
        assert got.status == (303 if reader is PAGE else 201)
        assert await told(client, got) == "Added Ada."
    assert (await ask(client, "GET", "/users", JSON)).json["total"] == 1


@PEOPLE
async def test_forms_that_are_sent_twice_at_once_to_several_nodes_are_carried_out_once(
    nodes: list[Client], reader: dict[str, str]
) -> None:
    async def send(path: str, sent: dict[str, str], text: str) -> None:
        for number, got in enumerate(
            await asyncio.gather(*(ask(node, "POST", path, reader, form=sent) for node in (*nodes, *nodes)))
        ):
            assert got.status in (200, 201, 303)
            if reader is PART or number == 5:
                assert await told(nodes[number % 3], got) == text

    await send("/users", (await ask(nodes[0], "GET", "/users/new", reader)).hidden | ADA, "Added Ada.")
    form = await ask(nodes[0], "GET", "/users/1/edit", reader)
    await send("/users/1", form.typed | form.hidden | {"username": "Eve"}, "Saved Eve.")
    assert await history(nodes[0], "/users/1") == 2
    await send("/users/1/delete", (await ask(nodes[0], "GET", "/users/1/delete", reader)).hidden, "Deleted Eve.")
    assert (await ask(nodes[0], "GET", "/users", JSON)).json["total"] == 0


async def test_who_goes_back_to_a_form_and_types_something_else_adds_another(client: Client) -> None:
    sent = (await ask(client, "GET", "/users/new", PAGE)).hidden | ADA
    await ask(client, "POST", "/users", PAGE, form=sent)
    other = sent | {"username": "Eve", "email": "eve@example.org"}
    assert await told(client, await ask(client, "POST", "/users", PAGE, form=other)) == "Added Ada."
    assert (await ask(client, "GET", "/users", JSON)).json["total"] == 2


async def test_a_program_that_sends_a_request_again_gets_the_same_answer(nodes: list[Client]) -> None:
    asked = [
        ("POST", "/users", ADA, KEY, 201),
        ("PATCH", "/users/1", {"role": "administrator"}, {"Idempotency-Key": "two", "If-Match": '"1"'}, 200),
        ("PUT", "/users/1", ADA | {"version": 2}, {"Idempotency-Key": "three"}, 200),
        ("DELETE", "/users/1", {}, {"Idempotency-Key": "four"}, 204),
    ]
    for method, path, sent, headers, status in asked:
        answers = await asyncio.gather(*(ask(n, method, path, JSON, json=sent, headers=headers) for n in nodes))
        answers += [await ask(nodes[0], method, path, JSON, json=sent, headers=headers)]
        assert [got.status for got in answers] == [status] * 4
        assert len({got.text for got in answers}) == 1
        assert len({(got.headers.get("ETag"), got.headers.get("Location")) for got in answers}) == 1
    assert (await ask(nodes[0], "GET", "/users", JSON)).json["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/users", ADA | {"status": "closed"}),
        ("PUT", "/users/1", ADA),
        ("PATCH", "/users/1", ADA),
        ("DELETE", "/users/1", {}),
        ("DELETE", "/users/1?version=1", {}),
    ],
)
async def test_a_key_is_for_one_request(client: Client, method: str, path: str, sent: dict[str, str]) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA, headers=KEY)
    got = await ask(client, method, path, JSON, json=sent, headers=KEY)
    assert (got.status, got.json["detail"]) == (422, "This Idempotency-Key was sent before, with another request.")
    assert (await ask(client, "GET", "/users/1", JSON)).json["version"] == 1


@pytest.mark.parametrize("key", ["", "x" * (LONGEST + 1)], ids=["empty", "too long"])
async def test_what_is_no_key_is_refused(client: Client, key: str) -> None:
    got = await ask(client, "POST", "/users", JSON, json=ADA, headers={"Idempotency-Key": key})
    assert (got.status, got.json["detail"]) == (400, "Idempotency-Key has 1 to 255 characters.")


@pytest.mark.parametrize("path", ["/users?a=%ff", "/users?%00"])
async def test_whatever_the_address_asks_for_beside_it(client: Client, path: str) -> None:
    for _ in range(2):
        assert (await ask(client, "POST", path, JSON, json=ADA, headers=KEY)).status == 201


async def test_a_body_that_is_deeper_than_can_be_compared_is_refused(client: Client) -> None:
    for depth in (10, 900, 990, 5000):
        body = '{"username": ' + "[" * depth + "]" * depth + "}"
        headers = KEY | {"Content-Type": "application/json"}
        got = await ask(client, "POST", "/users", JSON, data=body, headers=headers)
        assert got.status in (400, 422)


def unread_after(got: Got, seconds: float) -> dict[str, str]:
    """Return what the form carries, as if it had been shown ``seconds`` earlier than it was."""
    moment, _space, digest = got.hidden["rendered"].partition(" ")
    return got.hidden | {"rendered": f"{float(moment) - seconds} {digest}"}


@PEOPLE
async def test_a_conflict_that_nobody_can_have_read_is_not_taken_for_answered(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada")
    form = await ask(client, "GET", "/users/1/edit", reader)
    await ask(client, "PATCH", "/users/1", JSON, json={"email": "theirs@example.org"})
    mine = form.typed | form.hidden | {"email": "mine@example.org"}
    asked = await ask(client, "POST", "/users/1", reader, form=mine)
    assert asked.status == 409
    again = await ask(client, "POST", "/users/1", reader, form=asked.typed | asked.hidden)
    assert (again.status, again.text) == (204, ""), "and the page stays as it is"
    assert (await ask(client, "GET", "/users/1", JSON)).json["email"] == "theirs@example.org"
    saved = await ask(client, "POST", "/users/1", reader, form=asked.typed | unread_after(asked, 1))
    assert saved.status in (200, 303)
    assert (await ask(client, "GET", "/users/1", JSON)).json["email"] == "mine@example.org"


@PEOPLE
async def test_a_deletion_of_what_nobody_can_have_read_is_not_taken(
    client: Client, database: Database, reader: dict[str, str]
) -> None:
    await make_user(database, "Ada")
    question = await ask(client, "GET", "/users/1/delete", reader)
    await ask(client, "PATCH", "/users/1", JSON, json={"email": "theirs@example.org"})
    asked = await ask(client, "POST", "/users/1/delete", reader, form=question.hidden)
    assert asked.status == 409
    assert (await ask(client, "POST", "/users/1/delete", reader, form=asked.hidden)).status == 204
    assert (await ask(client, "GET", "/users/1", JSON)).status == 200
    assert (await ask(client, "POST", "/users/1/delete", reader, form=unread_after(asked, 1))).status in (200, 303)


async def test_the_empty_form_after_an_addition_is_taken_once_something_is_typed_or_time_has_passed(
    client: Client,
) -> None:
    added = await ask(client, "POST", "/users", PART, form=ADA)
    assert (await ask(client, "POST", "/users", PART, form=added.typed | added.hidden)).status == 204
    assert (await ask(client, "POST", "/users", PART, form=added.typed | unread_after(added, 1))).status == 422
    eve = {"username": "Eve", "email": "eve@example.org"}
    assert (await ask(client, "POST", "/users", PART, form=added.typed | added.hidden | eve)).status == 201


@pytest.mark.parametrize("mark", ["", "x", "nan", "inf x", "1e400 x", "\0", "9" * 300])
async def test_a_mark_that_is_none_does_no_harm(client: Client, mark: str) -> None:
    assert (await ask(client, "POST", "/users", PART, form=ADA | {"rendered": mark})).status == 201


@PEOPLE
async def test_a_second_click_in_a_row_does_not_take_the_first_back(client: Client, reader: dict[str, str]) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)

    async def click(headers: dict[str, str], **fields: str) -> int:
        return (await ask(client, "POST", "/users/1", reader, form=fields, headers=headers)).status

    done = 303 if reader is PAGE else 200
    assert await click(BROWSER, status="closed") == done
    assert await click(BROWSER, status="closed") == done, "the same again is a success"
    assert await click(BROWSER, status="active") == 204
    assert await click(BROWSER, role="administrator") == done, "another button is another click"
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert (row["status"], row["role"], row["version"]) == ("closed", "administrator", 3)
    assert await click({}, role="member") == done, "a program means what it says"
    await asyncio.sleep(0.7)
    assert await click(BROWSER, role="administrator") == done


@pytest.mark.parametrize("reader", FORMATS)
async def test_programs_are_never_too_quick(client: Client, reader: str) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    for status in ("closed", "active", "closed"):
        await ask(client, "PATCH", "/users/1", FORMATS[reader], json={"status": status}, headers=BROWSER)
        assert (await ask(client, "GET", "/users/1", JSON)).json["status"] == status
