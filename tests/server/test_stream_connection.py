"""The writer of our own server, on its own event loop: nothing is lost, doubled or out of order, whoever reads how."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop

from rowcast.live.frame import Frame, frame
from rowcast.live.subscriber import Subscriber
from rowcast.routes.answers.stream_response import EXTENSION
from rowcast.serving.http_protocol import LAST_CHUNK, StreamConnection, StreamingHttpProtocol

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database

PATIENCE = 10.0  # seconds
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Connection:
    """Both ends of one stream: the ``writer`` and its ``subscriber`` here, the socket of the ``peer`` there."""

    def __init__(
        self, server: uvicorn.Server, peer: socket.socket, writer: StreamConnection, subscriber: Subscriber
    ) -> None:
        self.server, self.peer, self.writer, self.subscriber = server, peer, writer, subscriber

    async def receive(self, size: int) -> bytes:
        """Return the next bytes that came to the peer, at least ``size``; fewer when the stream has ended."""
        taken = b""
        async with asyncio.timeout(PATIENCE):
            while len(taken) < size:
                data = await asyncio.get_running_loop().sock_recv(self.peer, 64 * 1024)
                if not data:
                    break
                taken += data
        return taken


@asynccontextmanager
async def connected(buffer: int = 0, request: bytes = REQUEST) -> AsyncIterator[Connection]:
    """Connect to a real uvicorn that hands its connection over; ``buffer`` is how much the peer takes unread."""
    made: asyncio.Future[tuple[StreamConnection, Subscriber]] = asyncio.get_running_loop().create_future()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        writer = scope["extensions"][EXTENSION]()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        subscriber = Subscriber(writer, life=60, stall=60)
        await writer.run(subscriber, receive)
        made.set_result((writer, subscriber))

    with socket.create_server(("127.0.0.1", 0)) as bound, socket.socket() as peer:
        config = uvicorn.Config(
            app, http=StreamingHttpProtocol, lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([bound]))
        if buffer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        peer.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(peer, bound.getsockname())
        await loop.sock_sendall(peer, request)
        async with asyncio.timeout(PATIENCE):
            writer, subscriber = await made
        connection = Connection(server, peer, writer, subscriber)
        head = await connection.receive(1)
        assert head.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in head
        yield connection
        server.should_exit = True
        async with asyncio.timeout(PATIENCE):
            await serving
        assert not server.server_state.connections


def on_uvloop(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        uvloop.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    return run


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  it may be anything
            await asyncio.sleep(0.005)


def numbered(number: int, size: int = 20_000) -> Frame:
    return frame(f"r{number}", f"{number:05}" * (size // 5))


def chunks(frames: list[Frame]) -> bytes:
    return b"".join(segment.chunk for made in frames for segment in made.segments)


@on_uvloop
async def test_a_request_that_comes_with_that_for_the_stream_is_not_taken_for_it() -> None:
    async with connected(request=2 * REQUEST) as connection:
        assert not connection.subscriber.reason
        connection.subscriber.push(numbered(1))
        expected = chunks([numbered(1)])
        assert await connection.receive(len(expected)) == expected


@on_uvloop
async def test_a_reader_with_little_room_gets_exactly_the_bytes() -> None:
    async with connected(buffer=4096) as connection:
        written = []
        for number in range(200):
            if not connection.writer.is_full:
                written.append(numbered(number))
                connection.subscriber.push(written[-1])
            if number % 7 == 0:  # the loop may write what waits
                await asyncio.sleep(0)
        assert connection.writer.is_full, "this proves nothing unless the reader was written to until it lagged"
        expected = chunks(written)
        assert await connection.receive(len(expected)) == expected
        await until(lambda: not connection.writer.is_full)
        after = [numbered(number, 50) for number in range(1000, 1003)]
        for made in after:
            connection.subscriber.push(made)
        expected = chunks(after)
        assert await connection.receive(len(expected)) == expected


@on_uvloop
async def test_a_reader_that_lags_is_marked_behind_and_caught_up_when_it_drains() -> None:
    async with connected(buffer=4096) as connection:
        subscriber = connection.subscriber
        caught_up: list[Subscriber] = []
        subscriber.catch_up = caught_up.append
        pushed = 0
        while not subscriber.is_behind:
            subscriber.push(numbered(pushed))
            pushed += 1
            assert pushed < 2000
        assert subscriber.lags == 1
        assert subscriber.revision == f"r{subscriber.frames - 1}", "its position is that of what was written"
        assert not caught_up
        await connection.receive(subscriber.bytes)
        await until(lambda: bool(caught_up))
        assert not subscriber.is_behind


@on_uvloop
async def test_a_connection_that_was_reset_is_noticed_by_a_write() -> None:
    async with connected() as connection:
        heard = asyncio.Event()
        connection.subscriber.left = heard.set
        connection.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.peer.close()  # with that it sends a reset
        for number in range(3):  # before the loop has had a chance to hear of it
            connection.subscriber.push(numbered(number, 50))
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
        assert connection.subscriber.reason
        connection.subscriber.push(numbered(9, 50))  # the hub may not yet know


@on_uvloop
async def test_the_end_comes_after_all_that_was_written() -> None:
    async with connected(buffer=4096) as connection:
        made = numbered(0, 200_000)
        connection.writer.write(made)
        assert not connection.subscriber.reason
        connection.writer.end()
        expected = chunks([made]) + LAST_CHUNK
        assert await connection.receive(len(expected) + 1) == expected


@on_uvloop
async def test_the_servers_end_ends_streams_cleanly() -> None:
    async with connected() as connection:
        connection.server.should_exit = True
        assert await connection.receive(len(LAST_CHUNK) + 1) == LAST_CHUNK
        assert connection.subscriber.reason == "shutdown"
