"""Another program holds the database for ten seconds."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import httpx

from tests.faults.conftest import Serve
from tests.faults.crowd import JSON, Page, agree, following
from tests.faults.figures import Tell
from tests.faults.readers import Reader

HELD = 10.0  # seconds
PATIENCE = 8.0  # seconds that a writer may wait for its answer
READERS = 30
WRITERS = 30  # more than the database has connections


async def test_a_database_held_for_ten_seconds_costs_the_writers_a_clear_answer_and_nobody_else(
    serve: Serve, tell: Tell
) -> None:
    server = serve(heartbeat=1)
    server.add_users(60)
    loop = asyncio.get_running_loop()
    pages = [Page(server, query) for query in ("", "role=administrator", "sort=-email&size=25")]
    plain = [Reader(server.port, f"size=25&page={number % 3 + 1}") for number in range(READERS - len(pages))]
    answered: list[float] = []
    async with (
        following([*plain, *(page.reader for page in pages)]) as readers,
        httpx.AsyncClient(base_url=server.address, headers=JSON, timeout=60) as writing,
        httpx.AsyncClient(base_url=server.address, timeout=60) as reading,
    ):

        async def edit(number: int) -> httpx.Response:
            began = loop.time()
            response = await writing.patch(f"/users/{number + 1}", json={"role": "administrator", "status": "closed"})
            answered.append(loop.time() - began)
            return response

        slowest = 0.0
        with closing(sqlite3.connect(server.file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            held_at = loop.time()
            other.execute("UPDATE users SET username = 'held ' || id WHERE id <= 20")
            beats = [reader.beats for reader in readers]
            edits = [asyncio.create_task(edit(number)) for number in range(WRITERS)]
            while (began := loop.time()) < held_at + HELD:
                assert "held" not in (await reading.get("/users")).raise_for_status().text
                slowest = max(slowest, loop.time() - began)
                await asyncio.sleep(0.1)
            heard = min(reader.beats - before for reader, before in zip(readers, beats, strict=True))
            other.execute("COMMIT")
            since = loop.time()
        answers = await asyncio.gather(*edits)
        agreed = await agree(server, readers, since)
        tell(
            READERS,
            agreed,
            lost=0,
            refused=sum(answer.status_code == 503 for answer in answers),
            slowest_answer_to_a_writer=f"{max(answered):.1f} s",
            slowest_page=f"{slowest:.2f} s",
            fewest_heartbeats=heard,
        )
        assert {answer.status_code for answer in answers} == {503}
        for answer in answers:
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert max(answered) < PATIENCE
        assert slowest < 2
        assert heard >= HELD / 2, "the heartbeat of each reader goes on, every second"
        assert all(reader.greetings == 1 for reader in readers), "nobody had to come back"
        assert all(page.check() > 1 for page in pages)
        assert (await edit(0)).status_code == 200
