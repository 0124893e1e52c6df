"""Handover by ASGI ``send``: greeting, changes, the end; the reader is forgotten when it is gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import Settings
from tests.conftest import Outside
from tests.live.source import until
from tests.model import Decoder, Screen, parts
from tests.routes.asking import ADA, JSON, PAGE, ask
from tests.routes.following import PATIENCE, Stream, following, targets


async def subscribers(client: Client) -> str:
    metrics = (await ask(client, "GET", "/metrics", {})).text
    (line,) = [line for line in metrics.splitlines() if line.startswith("rowcast_subscribers ")]
    return line.split()[1]


async def test_a_page_that_follows_its_stream_stays_equal_to_a_fresh_one(client: Client) -> None:
    query = "?sort=-username"
    screen = Screen((await ask(client, "GET", f"/users{query}", PAGE)).text)
    async with client.request(screen.stream) as connection:
        stream = Stream(connection)
        screen.receive(await stream.next())
        for method, path, sent in (
            ("POST", "/users", ADA),
            ("POST", "/users", ADA | {"username": "</tr><script>", "email": "b@example.org"}),
            ("PATCH", "/users/1", {"username": "Zoe"}),
            ("DELETE", "/users/2", {}),
        ):
            await ask(client, method, path, JSON, form=sent)
            revision = (await ask(client, "GET", f"/users{query}", JSON)).json["revision"]
            for event in await stream.all_until(revision):
                screen.receive(event)
            assert screen.state == Screen((await ask(client, "GET", f"/users{query}", PAGE)).text).state
        await connection.disconnect()


async def test_the_head_says_what_proxies_must_not_do(client: Client) -> None:
    async with following(client) as stream:
        await stream.next()
        headers = stream.connection.headers
        assert headers["Content-Type"].startswith("text/event-stream")
        assert headers["Cache-Control"] == "no-store, no-transform"
        assert headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in headers
        assert "Content-Encoding" not in headers
        assert "Content-Security-Policy" in headers


async def test_a_change_by_another_program_comes_too(client: Client, outside: Outside) -> None:
    async with following(client) as stream:
        await stream.next()
        outside.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@example.org')")
        assert targets(await stream.next()) == ["users", "pager", "summary"]


async def test_a_reader_that_comes_back_gets_exactly_what_it_missed(client: Client) -> None:
    for number in range(9):
        await ask(client, "POST", "/users", JSON, form={"username": f"u{number}", "email": f"u{number}@example.org"})
    async with following(client) as witness:
        had = (await witness.next()).id
        await ask(client, "PATCH", "/users/3", JSON, form={"status": "closed"})
        revision = (await ask(client, "GET", "/users", JSON)).json["revision"]
        await witness.until(revision)
    for query, headers in (("", {"Last-Event-ID": had}), (f"?have={had}", {}), ("?have=junk", {"Last-Event-ID": had})):
        async with following(client, query, **headers) as stream:
            event = await stream.next()
            assert (event.id, targets(event)) == (revision, ["log", "beat", "user-3"])
    async with following(client, f"?have={revision}") as stream:
        assert targets(await stream.next()) == ["log", "beat"]


@pytest.mark.parametrize("have", ["junk", "x" * 10_000, "\u00ff", "%0a%0d", "<script>"], ids=lambda have: have[:8])
async def test_a_position_of_junk_gets_all_the_rows(client: Client, have: str) -> None:
    async with following(client, **{"Last-Event-ID": have}) as stream:
        assert targets(await stream.next()) == ["log", "beat", "users", "pager"]


async def test_a_reader_that_leaves_is_forgotten(client: Client) -> None:
    async with following(client) as first, following(client) as second:
        await first.next()
        await second.next()
        assert await subscribers(client) == "2.0"
    assert await subscribers(client) == "0.0"


async def test_the_browsers_answer_comes_back_to_its_own_stream(client: Client) -> None:
    async with following(client) as stream, following(client) as other:
        greeting = await stream.next()
        await other.next()
        (line,) = [part for part in parts(greeting.data) if part.target == "log"]
        path = line.content.partition('hx-post="')[2].partition('"')[0]
        assert (await ask(client, "POST", path, {})).status == 204
        answered = await stream.next()
        assert targets(answered) == ["log"]
        assert "connected" in answered.data
        again = (await ask(client, "POST", path, {})).status
        assert again in (404, 202), "it answers once; who has other processes asks them"
        await ask(client, "POST", "/users", JSON, form=ADA)
        assert targets(await stream.next()) == ["users", "pager", "summary"]
        assert targets(await other.next()) == ["users", "pager", "summary"], "the other reader heard nothing of it"


async def test_a_stream_ends_cleanly_after_its_life(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"stream_life": 0.2}))
    async with app.test_app(), app.test_client().request("/users/stream") as connection:
        await Stream(connection).next()
        assert await asyncio.wait_for(connection.receive(), PATIENCE) == b""


async def test_when_the_app_ends_its_streams_end(settings: Settings) -> None:
    app = create_app(settings)
    async with app.test_app() as running:
        connection = app.test_client().request("/users/stream")
        await connection.__aenter__()
        await Stream(connection).next()
        await running.shutdown()
        assert await asyncio.wait_for(connection.receive(), PATIENCE) == b""
        await connection.__aexit__(None, None, None)  # type: ignore[arg-type]


async def test_a_reader_that_takes_nothing_is_let_go(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"stall": 0.1}))
    async with app.test_app():
        sent: list[Any] = []
        gone = asyncio.Event()

        async def receive() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message["type"])
            if message["type"] == "http.response.body":
                await gone.wait()  # the socket's buffer is full, and nobody reads

        served = asyncio.create_task(app(scope(), receive, send))  # type: ignore[arg-type]
        await until(lambda: len(sent) >= 2)
        assert await subscribers(app.test_client()) == "1.0"
        await asyncio.wait_for(served, PATIENCE)
        assert await subscribers(app.test_client()) == "0.0"


def scope() -> dict[str, Any]:
    """Return what a server that is not ours says of a request for the stream."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/users/stream", "raw_path": b"/users/stream", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1), "server": ("localhost", 80),
        "extensions": {},
    }  # fmt: skip


async def test_a_reader_that_is_slow_gets_one_frame_for_all_it_missed(app: Quart) -> None:
    client = app.test_client()
    free = asyncio.Event()
    gone = asyncio.Event()
    bodies: list[bytes] = []

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            bodies.append(message["body"])
            await free.wait()

    served = asyncio.create_task(app(scope(), receive, send))  # type: ignore[arg-type]
    await until(lambda: bodies)
    async with following(client) as witness:
        await witness.next()
        for number in range(4):
            form = {"username": f"u{number}", "email": f"u{number}@example.org"}
            await ask(client, "POST", "/users", JSON, form=form)
            revision = (await ask(client, "GET", "/users", JSON)).json["revision"]
            await witness.until(revision)
        assert len(bodies) == 1
        free.set()
        await until(lambda: len(bodies) == 2)
        await ask(client, "PATCH", "/users/1", JSON, form={"status": "closed"})
        await until(lambda: len(bodies) == 3)
    (event,) = Decoder().feed(bodies[1])
    assert event.id == revision
    gone.set()
    await served
