"""Both ways of writing give the same bytes: to our server's transport, and by ASGI ``send`` on any other server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.ports import free_port
from tests.running import ADD_USER, START, STOP, Server, environment
from tests.server.stream import Reader, following

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

APP = """
from rowcast import schema
from rowcast.app import create_app
from rowcast.config import read_settings
settings = read_settings()
schema.prepare(settings.database)
app = create_app(settings)
"""
EDIT = "UPDATE users SET role = 'administrator' WHERE username = ?"


async def greeted(stream: Reader) -> bytes:
    """Return the greeting, without what is of one connection only."""
    _, found, rest = (await stream.event()).raw.partition(b"</li></hx-partial>")
    assert found
    return rest


async def test_http_1_0_and_1_1_readers_get_the_same_bytes(server: Server, word: str) -> None:
    server.add_users(5, word)
    async with following(server.port, f"q={word}") as new, following(server.port, f"q={word}", http="1.0") as old:
        assert await greeted(new) == await greeted(old)
        server.execute(EDIT, f"{word} 002")
        changes = [(await stream.change()).raw for stream in (new, old)]
        assert changes[0] == changes[1]
        assert b"Administrator" in changes[0]


async def test_a_reader_of_http_1_0_is_sent_no_chunks(server: Server) -> None:
    async with following(server.port, http="1.0") as stream:
        assert "transfer-encoding" not in stream.headers
        assert (await stream.event()).is_greeting


@pytest.fixture
def hypercorn(tmp_path: Path) -> Iterator[Server]:
    """The app on hypercorn, as one who deploys it there would start it."""
    (tmp_path / "deployed.py").write_text(APP)
    port = free_port()
    server = Server(tmp_path, port=port)
    server.address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "deployed:app"]
    with (tmp_path / "output").open("w+") as output:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=output, stderr=output)
        try:
            transport = httpx.HTTPTransport(retries=8)  # 0.5 s, 1 s, 2 s, ... until it listens
            with httpx.Client(transport=transport, timeout=START) as client:
                client.get(f"{server.address}/users").raise_for_status()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(STOP)
            finally:
                process.kill()
                process.wait(STOP)
        output.seek(0)
        assert "Traceback" not in (told := output.read()), told


async def test_hypercorn_serves_streams_as_well(hypercorn: Server) -> None:
    hypercorn.add_users(3)
    async with following(hypercorn.port) as stream:
        assert stream.headers["cache-control"] == "no-store, no-transform"
        greeting = await stream.event()
        assert greeting.is_greeting
        hypercorn.execute(ADD_USER, "Ada Lovelace", "ada.lovelace@example.org", "member", "active")
        change = await stream.change()
        assert "Ada Lovelace" in change.data
    async with following(hypercorn.port, have=greeting.id) as stream:
        missed = await stream.event()
        assert missed.id == change.id
        assert missed.data.count("<tr") == 1


async def test_a_reader_that_leaves_hypercorn_leaves_nothing_behind(hypercorn: Server) -> None:
    for _ in range(3):
        async with following(hypercorn.port) as stream:
            assert (await stream.event()).is_greeting
    async with following(hypercorn.port) as stream:
        await stream.event()
        hypercorn.execute(ADD_USER, "Ada Lovelace", "ada.lovelace@example.org", "member", "active")
        assert "Ada Lovelace" in (await stream.change()).data
