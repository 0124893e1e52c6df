"""Listings that were opened and left are freed, however many there were: no memory is kept until it is searched for.

``LISTINGS=20000 pytest tests/faults/test_dropped_listings.py`` opens so many.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from itertools import combinations, islice, product
from string import ascii_lowercase, digits
from urllib.parse import urlencode

import httpx
import pytest

from tests.faults.conftest import Serve
from tests.faults.crowd import until
from tests.faults.figures import Tell
from tests.faults.readers import PATIENCE, Reader
from tests.faults.watching import fall, memory, warmed
from tests.running import ADD_USER, Server

LISTINGS = int(os.environ.get("LISTINGS", "400"))
AT_ONCE = 10
ROWS = 100
GROWTH = 30 * 1024 * 1024  # bytes
TEXT = f"{ascii_lowercase} {digits} and some words"  # in each name, so that any part of it is a search that finds all
SORTS = ("username", "-username", "email", "-email", "role", "-role", "status", "-status", "changed", "-changed")


def listings() -> Iterator[str]:
    """Yield queries, no two of which are the same listing; each shows as many rows as a page has."""
    parts = [TEXT[begin:end].strip() for begin, end in combinations(range(len(TEXT) + 1), 2) if end - begin > 3]
    for q, sort, size in product(dict.fromkeys(parts), SORTS, (100, 50, 25)):
        yield urlencode({"q": q, "size": size, "sort": sort})


async def open_and_leave(client: httpx.AsyncClient, server: Server, query: str) -> None:
    """Load a page, follow its stream until it is greeted, and leave, as somebody does who types a search."""
    if not os.environ.get("NOGET"):
        (await client.get(f"/users?{query}")).raise_for_status()
    reader = Reader(server.port, query)
    await reader.open()
    await until(lambda: reader.greetings > 0, query)
    reader.cut()


@pytest.mark.timeout(60 + LISTINGS / 10)
async def test_listings_that_were_opened_and_left_are_freed(serve: Serve, tell: Tell) -> None:
    server = serve(linger=1)
    server.execute_many(ADD_USER, [(f"{n} {TEXT}", f"u{n}@example.org", "member", "active") for n in range(ROWS)])
    await warmed(server)
    before = memory(server)
    queries = islice(listings(), LISTINGS)
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
