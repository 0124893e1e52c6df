"""Several workers on one database: an edit reaches the streams of all, and no worker's end is seen by a reader."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from tests.conftest import NewDatabase
from tests.faults.conftest import Serve
from tests.faults.crowd import agree, ended, following, until
from tests.faults.figures import Tell
from tests.faults.readers import PATIENCE, Reader
from tests.faults.watching import all_run, metric, sockets, workers
from tests.postgres import Databases
from tests.running import Server

QUERIES = ("", "sort=-username", "sort=email&size=25", "role=administrator", "size=25&page=2")
BOUND = 2.0  # seconds from an edit to the last reader; 0.2 are promised, on a machine that does nothing else
RESTARTS = 3


async def started(serve: Serve, count: int = 2, **settings: object) -> Server:
    """Start a server, and wait until all its workers accept."""
    server = serve(workers=count, **settings)
    server.add_users(60)
    await all_run(server, count)
    return server


def crowd(server: Server, count: int) -> list[Reader]:
    """Return so many readers, of all queries."""
    return [Reader(server.port, QUERIES[number % len(QUERIES)]) for number in range(count)]


@pytest.fixture
def typed(dialect: str, request: pytest.FixtureRequest) -> Callable[[Server, str], None]:
    """Run a statement in ``sqlite3`` or ``psql``, as somebody does who types it."""

    def run(server: Server, sql: str) -> None:
        if dialect == "postgresql":
            cluster: Databases = request.getfixturevalue("cluster")
            words = [str(cluster.psql), "-qc", sql, server.url.replace("+asyncpg", "")]
        elif program := shutil.which("sqlite3"):
            words = [program, "-cmd", ".timeout 10000", server.url.partition(":///")[2], sql]
        else:
            server.execute(sql)
            return
        subprocess.run(words, check=True, timeout=PATIENCE)

    return run


async def test_an_edit_at_one_worker_or_by_another_program_reaches_the_streams_of_all(
    new_database: NewDatabase, serve: Serve, tell: Tell, typed: Callable[[Server, str], None]
) -> None:
    server = await started(serve, database=new_database())
    loop = asyncio.get_running_loop()
    took: dict[str, list[float]] = {"by_request": [], "by_another_program": [], "which_itself_took": []}
    before = {worker: sockets(worker) for worker in workers(server)}
    async with following(crowd(server, 40)) as readers, httpx.AsyncClient(base_url=server.address) as client:
        spread = [sockets(worker) - count for worker, count in before.items()]
        assert min(spread) >= 2, "this proves nothing unless both have readers"
        for number in range(9):
            role = ("member", "administrator")[number % 2]
            began = loop.time()
            answer = await client.post("/users/3", json={"role": role})
            assert answer.status_code == 200
            took["by_request"].append(max(await agree(server, readers, began)))
            began = loop.time()
            await asyncio.to_thread(typed, server, f"UPDATE users SET role = '{role}' WHERE id = 6")
            took["which_itself_took"].append(loop.time() - began)
            took["by_another_program"].append(max(await agree(server, readers, began)))
        agreed = await agree(server, readers, loop.time())
    medians = {name: statistics.median(times) for name, times in took.items()}
    tell(len(readers), agreed, spread=spread, **{name: f"{value * 1000:.0f} ms" for name, value in medians.items()})
    assert all(all(times) for times in took.values()), "this proves nothing unless each edit was shown"
    assert max(medians.values()) < BOUND


async def test_a_killed_worker_is_replaced_and_its_readers_come_back(serve: Serve, tell: Tell) -> None:
    server = await started(serve)
    loop = asyncio.get_running_loop()
    async with following(crowd(server, 100)) as readers:
        before = workers(server)
        counted = metric(server, 'rowcast_frames_total{kind="replacing"}')
        began = loop.time()
        os.kill(before[0], signal.SIGKILL)
        await until(lambda: len(workers(server)) == 2 and before[0] not in workers(server), "another runs")
        replaced = loop.time() - began
        await all_run(server, 2)
        server.execute("UPDATE users SET role = 'administrator' WHERE id % 7 = 1")
        agreed = await agree(server, readers, began)
        cut = sum(reader.cuts for reader in readers)
        assert cut, "this proves nothing unless it had readers"
        assert all(reader.greetings == 1 + reader.cuts for reader in readers)
        assert metric(server, 'rowcast_frames_total{kind="replacing"}') >= counted, "what it had counted stays counted"
        await until(lambda: metric(server, "rowcast_subscribers") == len(readers), "each is counted once")
    tell(len(readers), agreed, cut=cut, replaced_in=f"{replaced:.2f} s")
    assert replaced < BOUND


async def test_workers_told_to_end_end_two_hundred_streams_cleanly(serve: Serve, tell: Tell) -> None:
    server = await started(serve)
    async with following(crowd(server, 200)) as readers:
        took, clean = await ended(server, readers)
    tell(len(readers), [], ended_in=f"{took:.2f} s", clean_ends=clean)
    assert clean == len(readers)
    assert took < 5  # two are promised, on a machine that does nothing else


async def test_a_rolling_restart_refuses_nobody(serve: Serve, tell: Tell) -> None:
    server = await started(serve)
    loop = asyncio.get_running_loop()
    statuses: Counter[int] = Counter()
    is_over = asyncio.Event()

    async def ask() -> None:
        while not is_over.is_set():  # a new connection each time, on which the request comes at once
            connection = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(b"GET /users?size=25 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            reads, writes = await asyncio.open_connection(sock=connection)
            answer = await reads.read()
            statuses[int(answer[9:12]) if answer.endswith(b"</html>") else 0] += 1
            writes.close()
            await writes.wait_closed()

    async with following(crowd(server, 40)) as readers:
        asking = [asyncio.create_task(ask()) for _ in range(4)]
        for _ in range(RESTARTS):
            before = {*workers(server)}
            began = loop.time()
            os.kill(server.process.pid, signal.SIGHUP)
            await until(lambda: len(workers(server)) == 2 and not before & {*workers(server)}, "all are new")  # noqa: B023
            took = loop.time() - began
        server.execute("UPDATE users SET role = 'administrator' WHERE id % 7 = 1")
        is_over.set()
        await asyncio.gather(*asking)
        agreed = await agree(server, readers, began)
        clean = sum(reader.clean_ends for reader in readers)
        assert clean == sum(reader.cuts for reader in readers)
        assert clean >= RESTARTS * len(readers), "this proves nothing unless each stream was ended"
    tell(len(readers), agreed, requests=statuses.total(), restarted_in=f"{took:.2f} s")
    assert set(statuses) == {200}
    assert "A worker did not end" not in server.told
    assert statuses.total() > 20
