"""What is refused: too many streams, listings that do not exist, large bodies, foreign pages, unknown names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import httpx
import pytest

from tests.running import ADD_USER, Server
from tests.server.conftest import Serve
from tests.server.stream import following

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

PATIENCE = 10.0  # seconds; those that take longer than twice of it are ended anyway
ADA = {"username": "Ada Lovelace", "email": "ada.lovelace@example.org"}


@pytest.mark.parametrize("setting", ["streams", "streams_per_client"])
async def test_one_stream_too_many_is_refused_in_plain_words(serve: Serve, setting: str) -> None:
    server = serve(**{setting: 3})
    async with AsyncExitStack() as stack:
        for _ in range(3):
            stream = await stack.enter_async_context(following(server.port))
            assert (await stream.event()).is_greeting
        async with following(server.port) as fourth:
            assert fourth.status == 503
            assert fourth.headers["content-type"].startswith("text/plain")
            assert int(fourth.headers["retry-after"]) > 0
            assert "location" not in fourth.headers
            assert "<" not in await fourth.text()


async def test_a_stream_that_left_makes_room_for_another(serve: Serve) -> None:
    server = serve(streams=1)
    async with following(server.port) as stream:
        assert (await stream.event()).is_greeting
    for _attempt in range(100):
        async with following(server.port) as stream:
            if stream.status == 200:
                return
    raise AssertionError("the place stays taken")


@pytest.mark.parametrize("query", ["sort=nonsense", "page=0", "size=7", "role=queen", "colour=red"])
async def test_a_stream_of_a_listing_that_does_not_exist_is_refused_in_plain_words(server: Server, query: str) -> None:
    async with following(server.port, query) as stream:
        assert stream.status == 400
        assert stream.headers["content-type"].startswith("text/plain")
        assert "<" not in await stream.text()


@pytest.mark.parametrize("path", ["/users", "/users/1", "/users/1/delete"])
async def test_a_body_of_one_megabyte_is_refused(server: Server, path: str) -> None:
    body = {**ADA, "username": "x" * 1_000_000}
    async with httpx.AsyncClient(base_url=server.address) as client:
        assert (await client.post(path, data=body)).status_code == 413
        assert (await client.post(path, json=body)).status_code == 413
        assert (await client.get("/users", headers={"Accept": "application/json"})).json()["total"] == 0


async def test_a_body_of_one_megabyte_without_a_length_is_refused(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.address) as client:

        async def body() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 10_000

        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await client.post("/users", content=body(), headers=headers)).status_code == 413


HEAD = b"POST /users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("endless", [b"x", b"x: y\r\n"], ids=["one", "many"])
@pytest.mark.parametrize("before", [b"", b"0\r\n", b"5;x="], ids=["head", "trailers", "extension"])
async def test_what_has_no_end_before_a_body_or_after_it_is_refused(
    server: Server, before: bytes, endless: bytes
) -> None:
    reads, writes = await asyncio.open_connection("127.0.0.1", server.port)
    writes.write((CHUNKED + before) if before else HEAD)
    deadline = asyncio.get_running_loop().time() + PATIENCE
    answer = b""
    with suppress(ConnectionError):
        while not reads.at_eof() and asyncio.get_running_loop().time() < deadline:
            writes.write(endless * 1000)
            await writes.drain()
            await asyncio.sleep(0.001)
        assert reads.at_eof(), "it is still taken"
        answer = await reads.read()
    writes.close()
    assert not answer or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


async def test_what_follows_a_body_is_for_nobody(server: Server) -> None:
    reads, writes = await asyncio.open_connection("127.0.0.1", server.port)
    body = json.dumps(ADA).encode()
    chunks = b"%x\r\n%b\r\n0\r\nSec-Fetch-Site: cross-site\r\nAccept: text/html\r\n\r\n" % (len(body), body)
    writes.write(CHUNKED + chunks)
    assert (await reads.readline()).startswith(b"HTTP/1.1 201")
    writes.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{own}"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "{own}"}, 201),
        ({}, 201),
    ],
)
async def test_pages_of_other_origins_may_not_change_anything(
    server: Server, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.replace("{own}", server.address) for name, value in headers.items()}
    async with httpx.AsyncClient(base_url=server.address) as client:
        response = await client.post("/users", json=ADA, headers=sent)
        assert response.status_code == status
        total = (await client.get("/users", headers={"Accept": "application/json"})).json()["total"]
        assert total == (1 if status == 201 else 0)


async def test_deleting_is_protected_as_well(server: Server) -> None:
    server.execute(ADD_USER, "Ada Lovelace", "ada.lovelace@example.org", "member", "active")
    async with httpx.AsyncClient(base_url=server.address, headers={"Accept": "application/json"}) as client:
        id = (await client.get("/users")).json()["rows"][0]["id"]
        for method, path in (("POST", f"/users/{id}/delete"), ("DELETE", f"/users/{id}"), ("PATCH", f"/users/{id}")):
            refused = await client.request(method, path, headers={"Sec-Fetch-Site": "cross-site"})
            assert refused.status_code == 403
        assert (await client.get("/users")).json()["total"] == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "["])
@pytest.mark.parametrize("path", ["/users", "/users/stream", "/static/favicon.svg"])
async def test_an_unknown_host_name_is_refused(server: Server, host: str, path: str) -> None:
    async with httpx.AsyncClient(base_url=server.address) as client:
        assert (await client.get(path, headers={"Host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}"])
async def test_the_names_of_this_machine_are_known(server: Server, host: str) -> None:
    async with httpx.AsyncClient(base_url=server.address) as client:
        response = await client.get("/users", headers={"Host": host.replace("{port}", str(server.port))})
        assert response.status_code == 200
