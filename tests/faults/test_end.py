"""The server is told to end while a thousand readers follow it."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, ended, following
from tests.faults.figures import Tell
from tests.faults.readers import Reader

pytestmark = pytest.mark.xdist_group("alone")  # it measures

READERS = 1000
BOUND = 2.0  # seconds, as the contract of the stream has it


async def test_a_server_told_to_end_ends_a_thousand_streams_cleanly(serve: Serve, tell: Tell) -> None:
    server = serve()
    server.add_users(60)
    loop = asyncio.get_running_loop()
    pages = [Page(server, query) for query in ("", "size=25&page=2", "sort=-email")]
    plain = [Reader(server.port, f"size=25&page={number % 4 + 1}") for number in range(READERS - len(pages))]
    async with following([*plain, *(page.reader for page in pages)]) as readers:
        took, clean = await ended(server, readers)
        server.execute("UPDATE users SET role = 'administrator' WHERE id % 7 = 1")  # while nobody listens
        await asyncio.to_thread(server.start)
        agreed = await agree(server, readers, loop.time())
        for page in pages:
            assert page.check() == 2, "one greeting before, one after, which brings the change"
    tell(READERS, agreed, ended_in=f"{took:.2f} s", clean_ends=clean)
    assert clean == READERS
    assert took < BOUND
