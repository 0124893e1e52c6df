"""Tabs and single streams over HTTPS and HTTP/2, each in a browser of its own."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx

from tests.deploy.conftest import Site
from tests.model import Decoder, Event, Screen
from tests.running import Server

PATIENCE = 30.0  # seconds that anything may take


def browser(site: Site, address: str = "127.0.0.2") -> httpx.AsyncClient:
    """Return a client at ``address`` that speaks HTTP/2, keeps cookies and believes only the site's certificate.

    For one stream at most: httpx ends it only with the connection, and what else it asks there waits for its events.
    """
    context = ssl.create_default_context(cafile=site.certificate)
    transport = httpx.AsyncHTTPTransport(http2=True, verify=context, local_address=address)
    return httpx.AsyncClient(base_url=site.address, transport=transport, timeout=PATIENCE)


class Stream:
    """One stream, event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._bytes = response.aiter_bytes()
        self._decoder = Decoder()
        self._events: list[Event] = []

    async def event(self, patience: float = PATIENCE) -> Event:
        """Return the next event; raises EOFError when the stream has ended, TimeoutError when nothing comes."""
        async with asyncio.timeout(patience):
            while not self._events:
                data = await anext(self._bytes, None)
                if data is None:
                    raise EOFError
                self._events = self._decoder.feed(data)
        return self._events.pop(0)


@asynccontextmanager
async def following(site: Site, query: str = "", have: str = "") -> AsyncIterator[Stream]:
    """Follow the stream of a listing in a browser of its own, from the revision ``have`` on."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": have} if have else {})
    async with (
        browser(site) as client,
        client.stream("GET", f"/users/stream?{query}", headers=headers) as response,
    ):
        response.raise_for_status()
        yield Stream(response)


class Tab:
    """One open page, which comes back whenever its stream ends."""

    def __init__(self, site: Site, query: str) -> None:
        self.query = query
        self.last_id = ""
        self.connections = 0
        self._site = site

    async def open(self) -> None:
        """Load the page."""
        self._screen = await self._load()

    async def follow(self) -> None:
        """Follow the page's stream for ever."""
        query = self._screen.stream.partition("?")[2]
        while True:
            with suppress(EOFError, httpx.TransportError, httpx.HTTPStatusError):
                async with following(self._site, query, self.last_id) as stream:
                    self.connections += 1
                    while True:
                        event = await stream.event(10 * PATIENCE)
                        self._screen.receive(event)
                        self.last_id = event.id
            await asyncio.sleep(0.2)

    async def is_fresh(self) -> bool:
        """Whether it shows what a fresh page shows."""
        return self._screen.state == (await self._load()).state

    async def _load(self) -> Screen:
        async with browser(self._site) as client:
            return Screen((await client.get(f"/users?{self.query}")).raise_for_status().text)


async def streams(node: Server) -> int:
    """Return how many streams are open at ``node``."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        text = (await client.get(f"{node.address}/metrics")).raise_for_status().text
    found = re.search(r"^rowcast_subscribers (\S+)$", text, re.MULTILINE)
    assert found
    return int(float(found[1]))


async def until_both_serve(site: Site) -> None:
    """Wait until nginx gives streams to both nodes: one that failed it leaves out for ten seconds."""
    async with asyncio.timeout(2 * PATIENCE):
        while True:
            async with following(site, "size=25") as first, following(site, "size=25") as second:
                await first.event()
                await second.event()
                if all([await streams(node) for node in site.nodes]):
                    return
            await asyncio.sleep(0.2)


async def until_streams(site: Site, *counts: int) -> None:
    """Wait until the nodes have so many open streams."""
    try:
        async with asyncio.timeout(PATIENCE):
            while (now := tuple([await streams(node) for node in site.nodes])) != counts:  # noqa: ASYNC110  it is in another process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"open streams: {now}, not {counts}") from None
