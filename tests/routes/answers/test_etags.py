"""Conditional requests: who has seen it gets 304 and no body; whoever would see anything else gets all of it."""

from __future__ import annotations

from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from tests.conftest import Outside, make_user
from tests.routes.asking import ADA, JSON, PAGE, PART, Got, ask

SHOWN = [
    ("/users?q=a", PAGE),
    ("/users?q=a", PART),
    ("/users?q=a", JSON),
    ("/users/table?q=a", PAGE),
    ("/users/table?q=a", PART),
    ("/users/1", PAGE),
    ("/users/1", PART),
    ("/users/1", JSON),
]
KEPT = ("ETag", "Vary", "Cache-Control", "Refresh", "HX-Push-Url", "Content-Security-Policy")


@pytest.fixture
async def ada(database: Database) -> None:
    await make_user(database, "Ada")


async def again(client: Client, path: str, reader: dict[str, str], tag: str, **more: str) -> Got:
    """Ask as a reader does that has kept what it got with ``tag``."""
    return await ask(client, "GET", path, reader, headers={"If-None-Match": tag, **more})


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(("path", "reader"), SHOWN)
async def test_who_has_seen_it_gets_no_body(client: Client, path: str, reader: dict[str, str]) -> None:
    first = await ask(client, "GET", path, reader)
    tag = first.headers["ETag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        got = await again(client, path, reader, sent)
        assert (got.status, got.text) == (304, "")
        assert {name: got.headers.get(name) for name in KEPT} == {name: first.headers.get(name) for name in KEPT}
    for sent in ('"other"', tag.strip('"') + "x", "junk", ""):
        got = await again(client, path, reader, sent)
        assert (got.status, got.text) == (200, first.text)
    head = await ask(client, "HEAD", path, reader, headers={"If-None-Match": tag})
    assert head.status == 304


@pytest.mark.usefixtures("ada")
async def test_each_representation_has_its_own_tag(client: Client) -> None:
    tags = [(await ask(client, "GET", path, reader)).headers["ETag"] for path, reader in SHOWN]
    assert len(set(tags)) == len(SHOWN)
    elsewhere = await ask(client, "GET", "/users?q=a", PAGE, headers={"Host": "127.0.0.1"})
    assert elsewhere.headers["ETag"] not in tags, "the page shows the address of its stream"


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(("path", "reader"), SHOWN)
@pytest.mark.parametrize("column", ["role", "status"])
async def test_after_a_change_all_of_it_comes(
    client: Client, outside: Outside, column: str, path: str, reader: dict[str, str]
) -> None:
    value = {"role": "administrator", "status": "closed"}[column]
    tag = (await ask(client, "GET", path, reader)).headers["ETag"]
    outside.execute(f"UPDATE users SET {column} = ?", value)
    got = await again(client, path, reader, tag)
    assert got.status == 200
    assert got.headers["ETag"] != tag
    assert value in got.text.casefold()


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(("path", "reader"), SHOWN)
async def test_a_row_whose_version_was_set_back_is_another_row(
    client: Client, outside: Outside, path: str, reader: dict[str, str]
) -> None:
    tag = (await ask(client, "GET", path, reader)).headers["ETag"]
    outside.execute("UPDATE users SET username = 'Eva', version = version + 1")
    outside.execute("UPDATE users SET version = version - 1")
    row = (await ask(client, "GET", "/users/1", JSON)).json
    assert (row["username"], row["version"]) == ("Eva", 1), "this proves nothing unless the version is the same"
    assert (await again(client, path, reader, tag)).status == 200


@pytest.mark.usefixtures("ada")
async def test_a_row_is_shown_anew_when_its_history_or_its_listing_is_another(client: Client, outside: Outside) -> None:
    tag = (await ask(client, "GET", "/users/1", PAGE)).headers["ETag"]
    assert (await again(client, "/users/1", PAGE, tag, Referer="http://localhost/users?q=a")).status == 200
    outside.execute("DELETE FROM changes")
    assert (await again(client, "/users/1", PAGE, tag)).status == 200
    row = (await ask(client, "GET", "/users/1", JSON)).headers["ETag"]
    assert (await again(client, "/users/1", JSON, row)).status == 304, "JSON shows no history"


async def test_a_page_that_tells_something_is_not_kept(client: Client) -> None:
    tag = (await ask(client, "GET", "/users", PAGE)).headers["ETag"]
    await ask(client, "POST", "/users", PAGE, form=ADA)
    await ask(client, "DELETE", "/users/1", JSON)
    told = await again(client, "/users", PAGE, tag)
    assert (told.status, told.flash) == (200, "Added Ada.")
    assert "ETag" not in told.headers
    assert (await again(client, "/users", PAGE, tag)).status == 304
    for query in ("sort=nonsense", "page=x"):
        for reader in (PAGE, PART, JSON):
            assert "ETag" not in (await ask(client, "GET", f"/users?{query}", reader)).headers


async def test_what_is_told_later_waits_for_a_page_that_shows_it(client: Client) -> None:
    await ask(client, "POST", "/users", PAGE, form=ADA)
    for path, reader in (("/users/table", PAGE), ("/users", JSON), ("/users", PART)):
        tag = (await ask(client, "GET", path, reader)).headers["ETag"]
        assert (await again(client, path, reader, tag)).status == 304
    assert (await ask(client, "GET", "/users", PAGE)).flash == "Added Ada."


@pytest.mark.usefixtures("ada")
async def test_what_htmx_does_with_the_address_is_not_taken_from_an_earlier_answer(client: Client) -> None:
    def typing(before: str) -> dict[str, Any]:
        return {"HX-Current-URL": f"http://localhost/users{before}"}

    first = await ask(client, "GET", "/users?q=ad", PART, headers=typing("?q=a"))
    assert "HX-Replace-Url" in first.headers
    got = await again(client, "/users?q=ad", PART, first.headers["ETag"], **typing(""))
    assert got.status == 200
    assert "HX-Push-Url" in got.headers
