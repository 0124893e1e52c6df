"""Two thousand listings are open at once, no two the same."""

from __future__ import annotations

import asyncio

import httpx

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following, until
from tests.faults.figures import Tell
from tests.faults.readers import PATIENCE, Reader
from tests.faults.watching import fall, metric
from tests.running import Server

LISTINGS = 2000


async def get(server: Server, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.address, timeout=PATIENCE) as client:
        return await client.get(path)


async def test_two_thousand_listings_are_served_and_one_more_is_refused(serve: Serve, tell: Tell) -> None:
    server = serve(feeds=LISTINGS, linger=1)
    server.add_users(100)
    loop = asyncio.get_running_loop()
    pages = [Page(server, query) for query in ("q=User+001", "q=User+002", "q=user001%40&sort=email")]
    touched = [page.reader for page in pages] + [Reader(server.port, f"q=user+0{n}") for n in range(2, 12)]
    quiet = [Reader(server.port, f"q=nobody+{number}") for number in range(LISTINGS - len(touched))]
    began = loop.time()
    async with following([*touched, *quiet]) as readers:
        opened = loop.time() - began
        assert metric(server, "rowcast_feeds") == LISTINGS
        refused = await get(server, "/users/stream?q=one-more")
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"].startswith("text/plain")
        assert (await get(server, "/users?q=one-more")).status_code == 200, "a page is no feed"
        ids = [reader.last_id for reader in quiet]
        since = loop.time()
        server.execute("UPDATE users SET role = iif(role = 'member', 'administrator', 'member') WHERE id = 1")
        first = pages[0].reader
        before = first.last_id
        await until(lambda: first.last_id != before, "the edit reaches a page that it changes")
        agreed = await agree(server, touched, since)
        assert [reader.last_id for reader in quiet] == ids
        began = loop.time()
        (await get(server, "/users")).raise_for_status()
        answered = loop.time() - began
        for page in pages:
            page.check()
        assert all(reader.greetings == 1 for reader in readers)
    await fall(server, "rowcast_feeds", 0, 30)
    tell(LISTINGS, agreed, all_open_in=f"{opened:.1f} s", page_meanwhile=f"{answered * 1000:.0f} ms", leaks="0 feeds")


async def test_a_wave_of_new_listings_beyond_the_bound_is_refused_in_order(serve: Serve, tell: Tell) -> None:
    server = serve(feeds=50, linger=1)
    wave = [Reader(server.port, f"q={number}") for number in range(200)]
    await asyncio.gather(*(reader.open() for reader in wave))
    await until(lambda: all(sum(reader.statuses.values()) for reader in wave), "all are answered")
    served = [reader for reader in wave if reader.statuses[200]]
    await until(lambda: all(reader.greetings for reader in served), "all that were let in are greeted")
    assert {status for reader in wave for status in reader.statuses} == {200, 503}
    assert metric(server, "rowcast_feeds") <= 50
    tell(len(wave), [], served=len(served), refused=len(wave) - len(served))
    for reader in wave:
        reader.cut()
    await fall(server, "rowcast_feeds", 0, 10)


async def test_a_wave_of_new_streams_beyond_the_bound_is_refused(serve: Serve, tell: Tell) -> None:
    server = serve(streams=50)
    wave = [Reader(server.port, f"size={size}") for size in (25, 50, 100) for _ in range(70)]
    await asyncio.gather(*(reader.open() for reader in wave))
    await until(lambda: all(sum(reader.statuses.values()) for reader in wave), "all are answered")
    served = sum(reader.statuses[200] for reader in wave)
    tell(len(wave), [], served=served, refused=sum(reader.statuses[503] for reader in wave))
    for reader in wave:
        reader.cut()
    await fall(server, "rowcast_subscribers", 0, 10)
    assert served == 50
