"""The promise: after any edits, cut connections and kills, every open page equals a fresh one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.conftest import Outside
from tests.programs import program
from tests.running import ADD_USER, Server
from tests.server.conftest import Serve
from tests.server.follower import Follower

QUERIES = [
    *("", "sort=-username", "sort=email", "sort=-changed", "sort=role", "sort=-status&size=25", "size=100", "size=25"),
    *("size=25&page=2", "page=99", "q=user", "q=1&sort=-email", "q=User+00", "q=%25", "q=nobody&size=25"),
    *("role=administrator", "role=member&sort=changed", "status=closed", "role=member&status=active&page=2&size=25"),
    "sort=changed&size=25&page=3",
]
PEOPLE = 90
EDITS, BURST = 320, 4
PAUSE = 0.05  # seconds after three of four bursts: of what comes without end a feed makes fewer, bigger steps
WRITES = 10


@asynccontextmanager
async def open_pages(
    server: Server, client: httpx.AsyncClient, queries: list[str], path: str = "/users"
) -> AsyncIterator[list[Follower]]:
    """Open a page for each query, and follow them all."""
    pages = [Follower(server, query, path) for query in queries]
    for page in pages:
        await page.open(client)
    tasks = [asyncio.create_task(page.follow()) for page in pages]
    try:
        yield pages
        assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def edit(client: httpx.AsyncClient, other: Outside, dice: random.Random, number: int) -> None:
    """Add, change or delete something, by HTTP or by another program."""
    user = dice.randint(1, PEOPLE + number // 4)
    role, status = dice.choice(["administrator", "member"]), dice.choice(["active", "closed"])
    name, email = f"{dice.choice('AbZé')} user {number}", f"u{number}@{dice.choice('abc')}.example.org"
    match dice.randrange(8):
        case 0:
            await client.post("/users", json={"username": name, "email": email, "role": role, "status": status})
        case 1:
            await client.delete(f"/users/{user}")
        case 2 | 3:
            await client.patch(f"/users/{user}", json={dice.choice(["role", "status"]): role if number % 2 else status})
        case 4:
            await client.patch(f"/users/{user}", json={"username": name})
        case 5:
            other.execute(ADD_USER, name, email, role, status)
        case 6:
            other.execute("UPDATE users SET role = ?, status = ? WHERE id % 7 = ?", role, status, number % 7)
        case 7:
            other.execute("DELETE FROM users WHERE id = ?", user)


async def edit_and_cut(
    client: httpx.AsyncClient, other: Outside, pages: list[Follower], dice: random.Random, edits: int
) -> None:
    """Edit in bursts, cut a connection after each, and wait until all pages are as fresh ones."""
    for first in range(0, edits, BURST):
        await asyncio.gather(*(edit(client, other, dice, number) for number in range(first, first + BURST)))
        dice.choice(pages).cut()
        await asyncio.sleep(PAUSE if first // BURST % 4 else 0)
    for page in pages:
        await page.settle(client)


EMBEDDED = ["", "actions=0", "theme=dark&size=25", "actions=0&theme=light&sort=-email&size=25&page=2", "role=member"]


async def test_every_embedded_table_equals_a_fresh_one_after_hundreds_of_edits_and_cuts(serve: Serve) -> None:
    server, dice = serve(), random.Random(3)
    server.add_users(PEOPLE)
    for accept in ("*/*", "text/html"):  # the part, and the page of a frame
        async with (
            httpx.AsyncClient(base_url=server.address, headers={"Accept": accept}) as client,
            open_pages(server, client, EMBEDDED, "/users/table") as pages,
        ):
            assert all(("embed=part" in page.screen.stream) == (accept == "*/*") for page in pages)
            with program(server.url) as other:
                await edit_and_cut(client, other, pages, dice, EDITS // 4)
            whole, steps = sum(page.whole for page in pages), sum(page.steps for page in pages)
            assert steps > 3 * whole, (whole, steps)


async def test_every_page_equals_a_fresh_one_after_hundreds_of_edits_and_cuts(serve: Serve) -> None:
    server, dice = serve(), random.Random(2)
    server.add_users(PEOPLE)
    assert len(set(QUERIES)) == 20
    async with httpx.AsyncClient(base_url=server.address) as client, open_pages(server, client, QUERIES) as pages:
        with program(server.url) as other:
            await edit_and_cut(client, other, pages, dice, EDITS)
        # This proves nothing unless connections were cut, and unless steps did the work.
        assert sum(page.cuts for page in pages) > EDITS / BURST / 2
        whole, steps = sum(page.whole for page in pages), sum(page.steps for page in pages)
        assert steps > 10 * whole, (whole, steps)


async def test_pages_open_through_a_kill_and_a_restart_end_equal_to_fresh_ones(serve: Serve, dialect: str) -> None:
    server = serve()
    server.add_users(PEOPLE)
    queries = ["", "size=25&page=2", "role=member&sort=-email"]
    async with httpx.AsyncClient(base_url=server.address) as client, open_pages(server, client, queries) as pages:
        busy = asyncio.Event()

        async def write() -> int:
            number = 0
            try:
                while True:
                    number += 1
                    if number == WRITES:
                        busy.set()
                    body = {"username": f"Written {number}", "email": f"w{number}@example.org"}
                    (await client.post("/users", json=body)).raise_for_status()
                    await client.patch(f"/users/{number % PEOPLE + 1}", json={"status": "closed"})
            except httpx.TransportError:
                return number

        writing = asyncio.create_task(write())
        for page in pages:
            await page.changed.wait()
        await busy.wait()
        await asyncio.to_thread(server.kill)
        assert await writing >= WRITES, "this proves nothing unless it was killed while someone wrote"
        server.execute("UPDATE users SET role = 'administrator' WHERE id % 3 = 1")  # while nobody listens
        await asyncio.to_thread(server.start)
    async with httpx.AsyncClient(base_url=server.address) as client:
        if dialect == "sqlite":
            with program(server.url) as other:
                assert other.execute("PRAGMA integrity_check") == [("ok",)]
        for page in pages:
            task = asyncio.create_task(page.follow())
            await page.settle(client)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
