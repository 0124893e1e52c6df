"""The stream's door: who is refused gets short text, for htmx takes a redirect or HTML for success."""

from __future__ import annotations

import asyncio
import json

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from tests.conftest import Outside
from tests.model import parts
from tests.routes.asking import ADA, FORMATS, JSON, ask
from tests.routes.following import Stream, following


@pytest.mark.parametrize("query", ["sort=nonsense", "page=0", "size=7", "role=emperor", "nonsense=1"])
async def test_a_listing_that_there_is_not_is_refused_in_plain_text(client: Client, query: str) -> None:
    for reader in FORMATS.values():
        got = await ask(client, "GET", f"/users/stream?{query}", reader)
        assert got.status == 400
        assert got.headers["Content-Type"].startswith("text/plain")
        assert len(got.text.splitlines()) == 1


@pytest.mark.parametrize("query", ["sort=nonsense", "page=0", "size=7", "role=emperor", "nonsense=1"])
async def test_a_program_is_told_by_field_which_listing_there_is_not(client: Client, query: str) -> None:
    for reader in FORMATS.values():
        got = await ask(client, "GET", f"/users/stream.json?{query}", reader)
        assert (got.status, got.json["status"]) == (400, 400)
        assert set(got.json["errors"]) == {query.partition("=")[0]}


async def test_both_forms_have_the_revisions_of_the_page(client: Client) -> None:
    query = "?sort=-username&size=25"
    async with following(client, query) as parts, following(client, query, ".json") as documents:
        revisions = [(await ask(client, "GET", f"/users{query}", JSON)).json["revision"]]
        events = [[await stream.next() for stream in (parts, documents)]]
        for method, path, sent in (
            ("POST", "/users", ADA),
            ("PATCH", "/users/1", {"role": "administrator"}),
            ("DELETE", "/users/1", {}),
        ):
            await ask(client, method, path, JSON, form=sent)
            revisions.append((await ask(client, "GET", f"/users{query}", JSON)).json["revision"])
            events.append([await stream.until(revisions[-1]) for stream in (parts, documents)])
        assert [[event.id for event in pair] for pair in events] == [[revision] * 2 for revision in revisions]
        assert [json.loads(document.data)["revision"] for _, document in events] == revisions
        assert len({*revisions}) == 3, "this proves nothing unless the page changed, and in the end was as before"
    async with following(client, f"{query}&have={revisions[0]}", ".json") as stream:
        assert json.loads((await stream.next()).data)["steps"] == []


@pytest.mark.parametrize("have", ["junk", "x" * 10_000, "\u00ff", "<script>"], ids=lambda have: have[:8])
async def test_a_program_with_a_position_of_junk_gets_all_the_rows(client: Client, have: str) -> None:
    async with following(client, "", ".json", **{"Last-Event-ID": have}) as stream:
        (step,) = json.loads((await stream.next()).data)["steps"]
        assert step == {"step": "reset", "rows": []}


async def test_asking_for_the_head_opens_no_stream(client: Client) -> None:
    got = await ask(client, "HEAD", "/users/stream", {})
    assert (got.status, got.text) == (200, "")
    assert got.headers["Content-Type"].startswith("text/event-stream")
    metrics = await ask(client, "GET", "/metrics", {})
    assert "rowcast_subscribers 0.0" in metrics.text


async def test_nobody_but_get_and_head_is_let_in(client: Client) -> None:
    assert (await ask(client, "POST", "/users/stream", JSON)).status == 405


async def test_too_many_streams_are_refused_for_a_while(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"streams": 1}))
    async with app.test_app():
        client = app.test_client()
        async with client.request("/users/stream") as stream:
            await stream.receive()
            got = await ask(client, "GET", "/users/stream", {})
            assert got.status == 503
            assert int(got.headers["Retry-After"]) > 0
            assert got.headers["Content-Type"].startswith("text/plain")
            told = await ask(client, "GET", "/users/stream.json", {})
            assert (told.status, told.json["title"]) == (503, got.text.strip())
            assert int(told.headers["Retry-After"]) > 0
            await stream.disconnect()


async def test_readers_that_come_at_once_are_counted_all_the_same(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"streams": 2}))
    async with app.test_app():
        client = app.test_client()
        streams = [client.request("/users/stream") for _ in range(5)]
        for stream in streams:
            await stream.__aenter__()
        for stream in streams:
            await stream.receive()
        admitted = [stream for stream in streams if stream.status_code == 200]  # type: ignore[attr-defined]
        for stream in streams:
            await stream.disconnect()
            await stream.__aexit__(None, None, None)  # type: ignore[arg-type]
        assert len(admitted) == 2


async def test_a_database_that_does_not_answer_is_a_refusal_and_no_broken_stream(app: Quart, outside: Outside) -> None:
    outside.execute("ALTER TABLE users RENAME TO lost")
    got = await ask(app.test_client(), "GET", "/users/stream", {})
    assert got.status == 503
    assert int(got.headers["Retry-After"]) > 0
    assert "<html" not in got.text


async def test_whoever_has_a_row_open_hears_of_each_change_of_it_and_of_no_other(client: Client) -> None:
    for name in ("Ada", "Bob"):
        await ask(client, "POST", "/users", JSON, json=ADA | {"username": name, "email": f"{name}@example.org"})
    async with client.request("/users/1/stream") as connection:
        stream = Stream(connection)
        for method, path, sent in (
            ("", "", {}),
            ("PATCH", "/users/1", {"role": "administrator"}),
            ("PATCH", "/users/2", {"role": "administrator"}),
            ("DELETE", "/users/1", {}),
        ):
            if method:
                await ask(client, method, path, JSON, json=sent)
            if path != "/users/2":
                (told,) = parts((await stream.next()).data)
                assert (told.target, "/users/1/notice" in told.content) == ("notice-user-1", True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await stream.next()
        await connection.disconnect()


async def test_a_row_that_comes_back_is_asked_for_again_for_the_answer_may_have_been_lost(client: Client) -> None:
    await ask(client, "POST", "/users", JSON, json=ADA)
    seen = ""
    for _ in range(2):
        async with client.request("/users/1/stream", headers={"Last-Event-ID": seen}) as connection:
            event = await Stream(connection).next()
            assert [part.target for part in parts(event.data)] == ["notice-user-1"]
            seen = event.id
            await connection.disconnect()
