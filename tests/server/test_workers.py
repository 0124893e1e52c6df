"""Several worker processes on one port: they share what they must, and none outlives its parent."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.crowd import until
from tests.faults.watching import all_run, metric, workers
from tests.running import PROGRAM, STOP, Server, running
from tests.server.conftest import Serve
from tests.server.stream import following

LENIENT = 5.0  # seconds; two are promised, on a machine that does nothing else


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("workers"), workers=2) as started:
        started.add_users(5)
        yield started


def test_the_address_is_printed_once(server: Server) -> None:
    asyncio.run(all_run(server, 2))
    assert server.told.count("Rowcast is at") == 1


async def test_an_answer_that_reaches_the_wrong_worker_comes_back_on_the_stream(server: Server) -> None:
    statuses = set()
    for _ in range(60):
        async with following(server.port) as stream:
            greeting = await stream.event()
            token = re.search(r"/connection/([\w-]+)", greeting.data)
            assert token
            answer = await asyncio.to_thread(httpx.post, f"{server.address}{token[0]}")
            statuses.add(answer.status_code)
            assert "connected" in (await stream.event()).data
        if len(statuses) == 2:
            break
    assert statuses == {202, 204}, "this proves nothing unless some came to the wrong worker"


def test_an_answer_that_no_worker_waits_for_does_no_harm(server: Server) -> None:
    for token, status in {"x" * 16: 202, "junk": 404, "x" * 2000: 404, "%00": 404, "%F0%9F%90%A3": 404}.items():
        assert httpx.post(f"{server.address}/connection/{token}").status_code == status


def test_a_message_that_one_worker_signed_is_read_by_another(server: Server) -> None:
    form = {"email": "", "role": "member", "status": "active"}
    for number in range(12):
        sent = form | {"username": f"Signed {number}", "email": f"signed{number}@example.org"}
        answer = httpx.post(f"{server.address}/users", data=sent)
        assert answer.status_code == 303
        cookies = dict(answer.cookies)
        assert cookies
        page = httpx.get(f"{server.address}{answer.headers['Location']}", headers={"Cookie": _header(cookies)})
        assert re.search(r'<div id="flash"[^>]*>\s*\S+', page.text), number


async def test_the_metrics_are_those_of_all_workers_whichever_is_asked(server: Server) -> None:
    async with (
        following(server.port, "q=a") as one,
        following(server.port, "q=b") as two,
        following(server.port, "q=c") as three,
        following(server.port, "q=d") as four,
    ):
        for stream in (one, two, three, four):
            await stream.event()
        await until(lambda: metric(server, "rowcast_subscribers") == 4, "all are counted")
        assert {metric(server, "rowcast_subscribers") for _ in range(20)} == {4}
        assert metric(server, "rowcast_workers") == 2
    await until(lambda: metric(server, "rowcast_subscribers") == 0, "none is counted")
    assert metric(server, 'rowcast_streams_ended_total{reason="left"}') >= 4


def test_the_number_of_workers_may_be_given_to_the_command(tmp_path: Path) -> None:
    server = Server(tmp_path, command=PROGRAM)
    server.words = ["serve", "--workers", "3"]
    server.start()
    try:
        asyncio.run(all_run(server, 3))
    finally:
        assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_parents_end_is_a_clean_end_of_all_streams(serve: Serve, number: int) -> None:
    server = serve(workers=2)
    await all_run(server, 2)
    async with following(server.port) as one, following(server.port) as two:
        for stream in (one, two):
            await stream.event()
        began = time.monotonic()
        assert await asyncio.to_thread(server.stop, number) == 0
        assert time.monotonic() - began < LENIENT
        for stream in (one, two):
            assert await stream.end() == []
            assert stream.is_clean


async def test_a_parent_told_to_end_while_its_workers_start_ends(serve: Serve) -> None:
    server = serve(workers=4)
    assert await asyncio.to_thread(server.stop) == 0


async def test_workers_whose_parent_was_killed_end_and_leave_the_port(serve: Serve) -> None:
    server = serve(workers=2)
    await all_run(server, 2)
    left = workers(server)
    async with following(server.port) as stream:
        await stream.event()
        await asyncio.to_thread(server.kill)
        await stream.end()
        assert stream.is_clean
    await until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in left), "they have ended", LENIENT)
    socket.create_server(("127.0.0.1", server.port)).close()


async def test_a_worker_that_cannot_start_ends_all_with_its_message(serve: Serve) -> None:
    server = serve(workers=2)
    await all_run(server, 2)
    before = workers(server)
    server.execute("UPDATE alembic_version SET version_num = '0004'")
    # A worker that is to be replaced is still needed, and stays; one that died is missing.
    os.kill(server.process.pid, signal.SIGHUP)
    await until(lambda: "the old ones remain" in server.told, "the restart is given up")
    assert workers(server) == before
    os.kill(before[0], signal.SIGKILL)
    assert await asyncio.to_thread(server.process.wait, STOP) == 1
    assert "run rowcast migrate" in server.told
    assert server.told.count("could not start; why") == 1


def _header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
