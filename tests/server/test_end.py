"""The server's end: SIGTERM, SIGINT and SIGHUP end every stream cleanly, with status 0, within two seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest

from tests.running import PROGRAM, Server
from tests.server.conftest import Serve
from tests.server.flood import QUERY, ROWS, flood
from tests.server.stream import following

# Nothing here is about the database; and all of it measures.
pytestmark = [pytest.mark.only("sqlite"), pytest.mark.xdist_group("alone")]

BOUND = 2.0  # seconds, as the contract of the stream has it


async def stop(server: Server, number: int) -> None:
    """Stop the server; it must end with status 0 within the bound."""
    began = time.monotonic()
    status = await asyncio.to_thread(server.stop, number)
    assert status == 0
    assert time.monotonic() - began < BOUND


@contextmanager
def hang_up(action: signal.Handlers) -> Iterator[None]:
    """Let what is started meanwhile find SIGHUP so: ignored, as by nohup, or not."""
    before = signal.signal(signal.SIGHUP, action)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_fifty_streams_end_cleanly(serve: Serve, number: int) -> None:
    with hang_up(signal.SIG_DFL):
        server = serve(command=PROGRAM)
    server.add_users(5)
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(following(server.port, f"size=25&page={page % 7 + 1}"))
            for page in range(50)
        ]
        for stream in streams:
            await stream.event()
        await stop(server, number)
        for stream in streams:
            assert await stream.end() == []
            assert stream.is_clean


async def test_whoever_was_started_by_nohup_goes_on_when_the_terminal_is_closed(serve: Serve) -> None:
    with hang_up(signal.SIG_IGN):
        server = serve(command=PROGRAM)
    async with following(server.port) as stream:
        await stream.event()
        os.kill(server.process.pid, signal.SIGHUP)
        server.add_users(1)
        assert "User 001" in (await stream.event()).data
    await stop(server, signal.SIGTERM)


async def test_readers_that_take_nothing_do_not_hold_up_the_end(serve: Serve) -> None:
    server = serve()
    server.add_users(ROWS)
    async with (
        following(server.port, QUERY, buffer=2048) as stalled,
        following(server.port, QUERY, buffer=2048, http="1.0") as older,
        following(server.port, QUERY) as reading,
    ):
        await reading.event()
        await flood(server, reading)
        await stop(server, signal.SIGTERM)
        await reading.end()
        assert reading.is_clean
        for stream in (stalled, older):
            await stream.end()
            assert not stream.is_clean


async def test_a_stream_of_http_1_0_ends_too(serve: Serve) -> None:
    server = serve()
    async with following(server.port, http="1.0") as stream:
        await stream.event()
        await stop(server, signal.SIGTERM)
        await stream.end()
        assert stream.is_clean


async def test_a_server_that_begins_to_end_takes_no_new_connections(serve: Serve) -> None:
    server = serve()
    await stop(server, signal.SIGTERM)
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", server.port)
