"""A reader that keeps a page up to date over a real connection, and comes back whenever it is cut."""

from __future__ import annotations

import asyncio
import contextlib

import httpx

from tests.model import Decoder, Screen
from tests.running import Server
from tests.server.stream import Reader, following


class Follower:
    """One open page: what it shows, where its stream is, and how its rows came."""

    def __init__(self, server: Server, query: str, path: str = "/users") -> None:
        self.server = server
        self.path = path
        self.query = query
        self.last_id = ""
        self.whole = 0  # how often all rows were replaced
        self.steps = 0  # how often some were
        self.cuts = 0
        self.changed = asyncio.Event()
        self._stream: Reader | None = None

    async def open(self, client: httpx.AsyncClient) -> None:
        """Load the page."""
        self.screen = Screen((await client.get(f"{self.path}?{self.query}")).raise_for_status().text)

    async def follow(self) -> None:
        """Follow the page's stream for ever."""
        query = self.screen.stream.partition("?")[2]
        while True:
            # The server is gone, or the connection was cut: come back, as a browser would.
            with contextlib.suppress(OSError, EOFError):
                async with following(self.server.port, query, have=self.last_id) as self._stream:
                    assert self._stream.status == 200
                    decoder = Decoder()
                    while True:
                        event = await self._stream.event(60)
                        for heard in decoder.feed(event.raw):
                            self.screen.receive(heard)
                            self.last_id = heard.id
                        self._count(event.parts)
            await asyncio.sleep(0.05)

    def cut(self) -> None:
        """Cut the connection, if there is one."""
        if self._stream is not None:
            self.cuts += 1
            self._stream.abort()

    async def settle(self, client: httpx.AsyncClient, patience: float = 15) -> None:
        """Wait until the page shows what a fresh one shows; edits must have stopped."""
        fresh = Screen((await client.get(f"{self.path}?{self.query}")).raise_for_status().text).state
        try:
            async with asyncio.timeout(patience):
                while self.screen.state != fresh:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            assert self.screen.state == fresh, self.query

    def _count(self, parts: list[tuple[str, str]]) -> None:
        rows = [swap for target, swap in parts if target.startswith(("#users", "#user-"))]
        if ("#users", "innerMorph") in parts:
            self.whole += 1
        elif rows:
            self.steps += 1
        self.changed.set()
