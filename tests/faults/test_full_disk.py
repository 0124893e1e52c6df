"""The disk is full: the files of the server may not grow any more, until there is room again."""

from __future__ import annotations

import asyncio
import resource

import httpx

from tests.faults.conftest import Serve
from tests.faults.crowd import JSON, Page, agree, following
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.writers import in_file
from tests.running import Server

READERS = 20
ROOM = 200_000  # bytes that are left
MOST = 300  # writes that are tried
UNLIMITED = resource.RLIM_INFINITY


def give_room(server: Server, size: int) -> None:
    """Let no file of the server grow beyond ``size``."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))


async def test_a_full_disk_is_told_and_damages_nothing_and_passes(serve: Serve, tell: Tell) -> None:
    server = serve(heartbeat=1)
    server.add_users(60)
    loop = asyncio.get_running_loop()
    pages = [Page(server, query) for query in ("", "q=full", "sort=-changed&size=25")]
    plain = [Reader(server.port, f"size=25&page={number % 3 + 1}") for number in range(READERS - len(pages))]
    confirmed: set[str] = set()
    statuses: list[int] = []
    async with (
        following([*plain, *(page.reader for page in pages)]) as readers,
        httpx.AsyncClient(base_url=server.address, headers=JSON, timeout=60) as client,
    ):

        async def add(name: str) -> httpx.Response:
            response = await client.post("/users", json={"username": name, "email": f"{name}@example.org"})
            statuses.append(response.status_code)
            if response.is_success:
                confirmed.add(name)
            return response

        in_use = max(file.stat().st_size for file in server.folder.glob("rowcast.db*"))
        give_room(server, in_use + ROOM)
        for number in range(MOST):
            if (answer := await add(f"full{number}")).status_code != 201:
                break
        assert answer.status_code == 507, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        again = [(await add(f"again{number}")).status_code for number in range(20)]
        assert (await client.get("/users")).status_code == 200, "reading needs no room"
        assert (await client.get("/health/live")).status_code == 200
        await agree(server, readers, 0)
        in_file(server)
        give_room(server, UNLIMITED)
        since = loop.time()
        for number in range(20):
            assert (await add(f"after{number}")).status_code == 201
        agreed = await agree(server, readers, since)
        for page in pages:
            page.check()
        lost = len(confirmed - in_file(server)[0].keys())
        tell(READERS, agreed, lost=lost, confirmed=len(confirmed), refused=statuses.count(507))
        assert lost == 0
        assert all(reader.greetings == 1 for reader in readers), "nobody had to come back"
        # A small write may still find room.
        assert set(again) <= {201, 507}
        assert again.count(507) > 10
    assert "The database cannot be written" in server.told
    server.output.clear()  # the traceback of what was done to it on purpose
