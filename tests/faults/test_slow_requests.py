"""Clients that send their requests byte by byte, or never to the end; and the real slowhttptest."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter

import httpx
import pytest

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.watching import files_fall, memory, warmed
from tests.running import Server

TIMEOUT = 2.0  # seconds in which a request must have come
KEPT = 5.0  # seconds that a connection is kept for another request
SLACK = 2.0
CLIENTS = 200
HEAD = b"GET /users HTTP/1.1\r\nHost: 127.0.0.1\r\n"
FORM = b"POST /users HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
KINDS = {
    "nothing": (b"", b""),
    "blank lines": (b"", b"\r\n"),
    "a slow line": (b"GET /", b"x"),
    "slow headers": (HEAD, b"X-a: b\r\n"),
    "a slow header": (HEAD + b"X-a: ", b"b"),
    "a slow body": (FORM + b"Content-Length: 9999\r\n\r\nusername=", b"x"),
    "slow chunks": (FORM + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


async def trickle(port: int, begin: bytes, piece: bytes) -> tuple[float, bytes]:
    """Send ``begin``, then ``piece`` four times a second; return after how long the server closed, and what it said."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = asyncio.create_task(reader.read())
    try:
        writer.write(begin)
        while not said.done():
            assert loop.time() < began + TIMEOUT + KEPT + 5 * SLACK, f"{begin!r} and {piece!r} hold the connection"
            writer.write(piece)
            await asyncio.wait([said], timeout=0.25)
        answer = b"" if said.exception() else said.result()
        return loop.time() - began, answer
    finally:
        said.cancel()
        writer.transport.abort()


async def test_slow_requests_end_in_time_and_keep_no_reader_out(serve: Serve, tell: Tell) -> None:
    server = serve(request_timeout=TIMEOUT)
    server.add_users(60)
    loop = asyncio.get_running_loop()
    page = Page(server, "")
    async with following([page.reader, *(Reader(server.port, "size=25") for _ in range(19))]) as readers:
        open_files = await warmed(server)
        kinds = [list(KINDS)[number % len(KINDS)] for number in range(CLIENTS)]
        tasks = [asyncio.create_task(trickle(server.port, *KINDS[kind])) for kind in kinds]
        slowest = 0.0
        async with httpx.AsyncClient(base_url=server.address, timeout=30) as client:
            while not all(task.done() for task in tasks):
                since = loop.time()
                edit = await client.patch("/users/1", json={"email": f"at{since}@example.org"})
                assert edit.status_code == 200
                async with following([Reader(server.port, "size=25")]):
                    slowest = max(slowest, loop.time() - since)
                await asyncio.sleep(0.1)
        ended = await asyncio.gather(*tasks)
        answers = Counter((kind, answer.split(b"\r\n")[0]) for kind, (_, answer) in zip(kinds, ended, strict=True))
        await files_fall(server, open_files, KEPT + SLACK)
        agreed = await agree(server, readers, since)
        page.check()
        assert all(reader.greetings == 1 for reader in readers), "nobody had to come back"
        longest = max(seconds for seconds, _ in ended)
        tell(20 + CLIENTS, agreed, leaks="0 files", closed_in=f"{longest:.1f} s", a_new_reader_in=f"{slowest:.2f} s")
        assert longest < TIMEOUT + SLACK
        assert slowest < 2
        for kind in ("slow headers", "a slow body"):
            assert answers[kind, b"HTTP/1.1 408 Request Timeout"], answers


async def test_a_connection_that_was_answered_once_is_not_held_by_blank_lines(serve: Serve) -> None:
    server = serve(request_timeout=TIMEOUT)
    once = HEAD.replace(b"/users", b"/health/live") + b"\r\n"
    seconds, answer = await trickle(server.port, once, b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200"), "this proves nothing unless it was answered"
    assert seconds < max(TIMEOUT, KEPT) + SLACK


@pytest.mark.parametrize("begin", [b"GET /users?q=", HEAD + b"X-long: "], ids=["address", "header"])
async def test_a_head_without_end_is_cut_off_before_it_fills_the_memory(serve: Serve, begin: bytes) -> None:
    server = serve()
    await warmed(server)
    before, sent, piece = memory(server), 0, b"x" * 65536
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(begin)
        while sent < 64 * 2**20 and not reader.at_eof() and not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    except OSError:
        pass  # it was cut off
    finally:
        grown = memory(server) - before
        writer.transport.abort()
        await asyncio.sleep(0.01)
    assert grown < 4 * 2**20, f"{grown / 2**20:.0f} MiB after {sent / 2**20:.0f} MiB"


@pytest.mark.parametrize("kind", ["-H", "-B", "-X"], ids=["headers", "body", "reading"])
async def test_slowhttptest_keeps_no_reader_out(serve: Serve, tell: Tell, kind: str) -> None:
    assert shutil.which("slowhttptest"), "apt-get install slowhttptest"
    server = serve(request_timeout=TIMEOUT)
    server.add_users(60)
    async with following([Reader(server.port, "size=25") for _ in range(20)]) as readers:
        open_files = await warmed(server)
        slowest, said = await attack(server, kind)
        await files_fall(server, open_files, KEPT + SLACK)
        agreed = await agree(server, readers, asyncio.get_running_loop().time())
        assert all(reader.greetings == 1 for reader in readers), "nobody had to come back"
    tell(220, agreed, leaks="0 files", a_new_reader_in=f"{slowest:.2f} s")
    assert re.findall(r"service available: +(\w+)", said).count("YES") > 0, said
    assert "NO" not in re.findall(r"service available: +(\w+)", said), said
    assert slowest < 2


async def attack(server: Server, kind: str) -> tuple[float, str]:
    """Run slowhttptest; return how long a new reader waited at most, and what it said at the end."""
    options = ["-c", "200", "-r", "100", "-l", "4", "-i", "1", "-p", "2", "-u", f"{server.address}/users"]
    process = await asyncio.create_subprocess_exec(
        "slowhttptest", kind, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    ended = asyncio.create_task(process.communicate())
    loop = asyncio.get_running_loop()
    slowest = 0.0
    while not ended.done():
        since = loop.time()
        async with following([Reader(server.port, "size=25")]):
            slowest = max(slowest, loop.time() - since)
        await asyncio.wait([ended], timeout=0.2)
    return slowest, re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", (await ended)[0].decode())
