"""A crowd of readers: open, until they all agree with what the server says now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import httpx

from tests.faults.readers import PATIENCE, Reader
from tests.model import Decoder, Screen
from tests.running import Server

JSON = {"Accept": "application/json"}


async def until(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait until ``holds()``; fail with ``what`` when that takes too long."""
    try:
        async with asyncio.timeout(patience):
            while not holds():  # noqa: ASYNC110  it may be anything, also in another process
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not within {patience} s: {what}") from None


class Page:
    """A whole page and its reader, to be compared with a fresh one as a browser would show it."""

    def __init__(self, server: Server, query: str) -> None:
        self.query = query
        self._address = f"{server.address}/users?{query}"
        self._screen = Screen(httpx.get(self._address).raise_for_status().text)
        self.reader = Reader(server.port, self._screen.stream.partition("?")[2], keeps=True)

    def check(self) -> int:
        """Fail unless all that was heard makes the page a fresh one shows; return the number of events."""
        for event in Decoder().feed(b"".join(self.reader.events)):
            self._screen.receive(event)
        heard = len(self.reader.events)
        self.reader.events.clear()
        assert self._screen.state == Screen(httpx.get(self._address).raise_for_status().text).state, self.query
        return heard


@asynccontextmanager
async def following(readers: Iterable[Reader]) -> AsyncIterator[list[Reader]]:
    """Let ``readers`` follow their streams; they are open and greeted when it begins, and gone when it ends."""
    crowd = list(readers)
    tasks = [asyncio.create_task(reader.follow()) for reader in crowd]
    try:
        await until(lambda: all(reader.greetings for reader in crowd), "all are greeted")
        yield crowd
        assert not any(task.done() for task in tasks), [task.exception() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # the loop closes what was cut


async def ended(server: Server, readers: list[Reader]) -> tuple[float, int]:
    """Tell the server to end, and wait until ``readers`` have heard; return the seconds it took, and the clean ends."""
    for reader in readers:
        reader.backoff = 0.05, 1.0
    began = time.monotonic()
    assert await asyncio.to_thread(server.stop) == 0
    took = time.monotonic() - began
    await until(lambda: not any(reader.is_open for reader in readers), "all have heard the end")
    return took, sum(reader.clean_ends for reader in readers)


async def agree(server: Server, readers: list[Reader], since: float, patience: float = PATIENCE) -> list[float]:
    """Wait until all are open and where a fresh listing is; return when each was, in seconds after ``since``."""
    now = await revisions(server, {listing(reader.query) for reader in readers})

    def behind() -> list[Reader]:
        return [reader for reader in readers if not reader.is_open or reader.last_id != now[listing(reader.query)]]

    await until(lambda: not behind(), "all agree", patience)
    return [max(0.0, reader.moved_at - since) for reader in readers]


async def revisions(server: Server, queries: set[str]) -> dict[str, str]:
    """Return the revision of each listing as a program that asks now is told."""
    async with httpx.AsyncClient(base_url=server.address, headers=JSON, timeout=PATIENCE) as client:
        return {query: (await client.get(f"/users?{query}")).raise_for_status().json()["revision"] for query in queries}


def listing(query: str) -> str:
    """Return the query without the position of its reader."""
    return "&".join(part for part in query.split("&") if not part.startswith("have="))
