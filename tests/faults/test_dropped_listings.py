"""Listings that were opened and left are freed, however many there were: no memory is kept until it is searched for.

``LISTINGS=20000 pytest tests/faults/test_dropped_listings.py`` opens so many.
"""

from __future__ import annotations

import asyncio
import os
from itertools import islice

import httpx
import pytest

from tests.faults.conftest import Serve
from tests.faults.crowd import until
from tests.faults.figures import Tell
from tests.faults.readers import PATIENCE, Reader
from tests.faults.searches import fill, searches
from tests.faults.watching import fall, memory, warmed
from tests.running import Server

LISTINGS = int(os.environ.get("LISTINGS", "400"))
AT_ONCE = 10
GROWTH = 30 * 1024 * 1024  # bytes


async def open_and_leave(client: httpx.AsyncClient, server: Server, query: str) -> None:
    """Load a page, follow its stream until it is greeted, and leave, as somebody does who types a search."""
    (await client.get(f"/users?{query}")).raise_for_status()
    reader = Reader(server.port, query)
    await reader.open()
    await until(lambda: reader.greetings > 0, query)
    reader.cut()


@pytest.mark.timeout(60 + LISTINGS / 10)
async def test_listings_that_were_opened_and_left_are_freed(serve: Serve, tell: Tell) -> None:
    server = serve(linger=1)
    fill(server)
    await warmed(server)
    before = memory(server)
    queries = islice(searches(), LISTINGS)
    opened = 0

    async def visit() -> None:
        nonlocal opened
        for query in queries:
            await open_and_leave(client, server, query)
            opened += 1

    async with httpx.AsyncClient(base_url=server.address, timeout=PATIENCE) as client:
        await asyncio.gather(*(visit() for _ in range(AT_ONCE)))
    assert opened == LISTINGS, "this proves nothing unless there are so many"
    await fall(server, "rowcast_subscribers", 0, PATIENCE)
    await fall(server, "rowcast_feeds", 0, PATIENCE)
    grown = memory(server) - before
    tell(opened, [], leaks=f"{grown / 1024 / 1024:.1f} MiB", of=f"{before / 1024 / 1024:.0f} MiB")
    assert grown < GROWTH
