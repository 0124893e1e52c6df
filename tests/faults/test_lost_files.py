"""Files that are taken away while the server runs: temporary ones by a cleaner, the database by a mistake."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import httpx
import pytest

from tests.faults.conftest import Serve
from tests.faults.crowd import JSON, Page, agree, following, until
from tests.faults.watching import all_run, metric, workers
from tests.programs import program
from tests.running import PROGRAM, Server

pytestmark = pytest.mark.only("sqlite")


def statuses(server: Server) -> tuple[int, int, int]:
    """Return how a write, a page and the question whether the server is ready are answered."""
    with httpx.Client(base_url=server.address, headers=JSON) as client:
        write = client.patch("/users/1", json={"username": f"Name {os.urandom(4).hex()}"})
        return write.status_code, client.get("/users").status_code, client.get("/health/ready").status_code


async def test_a_cleaner_of_temporary_files_takes_nothing_from_workers(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    server = serve(command=PROGRAM, workers=2)
    server.add_users(5)
    await all_run(server, 2)
    for _ in range(3):
        frames = metric(server, 'rowcast_frames_total{kind="replacing"}')
        async with following([Page(server, "").reader]):
            shutil.rmtree(temporary)
            temporary.mkdir()
            before = workers(server)
            os.kill(before[0], signal.SIGKILL)
            await until(lambda: len(workers(server)) == 2 and before[0] not in workers(server), "another runs")  # noqa: B023
            await all_run(server, 2)
        assert metric(server, 'rowcast_frames_total{kind="replacing"}') >= frames, "what was counted stays counted"


async def test_a_database_that_is_removed_is_missed_and_not_made_anew(serve: Serve) -> None:
    server = serve(heartbeat=0.5)
    server.add_users(5)
    away = server.folder / "away.db"
    page = Page(server, "")
    async with following([page.reader]) as readers:
        assert statuses(server) == (200, 200, 200)
        server.file.rename(away)
        assert statuses(server) == (503, 503, 503)
        await asyncio.sleep(1)  # a heartbeat, in which all listings are read
        assert not server.file.exists()
        assert "was removed" in server.told
        assert readers[0].greetings == 1, "its stream stays open"
        away.rename(server.file)
        assert statuses(server) == (200, 200, 200)
        await agree(server, readers, 0)
        page.check()


async def test_a_database_that_another_file_takes_the_place_of_is_not_written_to(serve: Serve) -> None:
    server = serve()
    server.add_users(5)
    away = server.folder / "away.db"
    assert statuses(server) == (200, 200, 200)
    server.file.rename(away)
    server.file.write_bytes(b"")
    assert statuses(server) == (503, 503, 503)
    assert server.file.read_bytes() == b""
    assert server.stop() == 0
    assert "another file has taken its place" in server.told
    assert server.file.read_bytes() == b""


async def test_a_worker_that_dies_while_the_database_is_away_is_replaced_and_makes_none(serve: Serve) -> None:
    server = serve(workers=2)
    server.add_users(5)
    await all_run(server, 2)
    away = server.folder / "away.db"
    server.file.rename(away)
    before = workers(server)
    os.kill(before[0], signal.SIGKILL)
    await until(lambda: len(workers(server)) == 2 and before[0] not in workers(server), "another runs")
    await all_run(server, 2)
    assert [statuses(server) for _ in range(10)] == [(503, 503, 503)] * 10
    assert not server.file.exists()
    away.rename(server.file)
    assert [statuses(server) for _ in range(10)] == [(200, 200, 200)] * 10
    with program(server.url) as other:
        assert other.execute("SELECT count(*) FROM users WHERE username LIKE 'Name %'") == [(1,)]
