"""Connections go dead without a word: nothing is forwarded any more, and nobody hears of an end."""

from __future__ import annotations

import asyncio

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following, until
from tests.faults.figures import Tell
from tests.faults.proxy import proxying
from tests.faults.readers import Reader
from tests.faults.watching import fall, files_fall, warmed
from tests.running import Server
from tests.server.flood import LONG

BEHIND, DIRECT = 30, 5
LIFE = 8.0  # seconds that a stream lives at most
KEPT = 5.0  # seconds that a connection is kept for another request


async def half_open(server: Server, tell: Tell, bound: float, big: bool) -> None:
    """Freeze all that is behind a proxy; the server must be rid of it within ``bound`` seconds."""
    loop = asyncio.get_running_loop()
    async with following(Reader(server.port, "size=100") for _ in range(DIRECT)) as direct:
        open_files = await warmed(server)
        async with proxying(server.port) as proxy:
            page = Page(server, "size=100")
            page.reader.port = proxy.port
            async with following([page.reader, *(Reader(proxy.port, "size=100") for _ in range(BEHIND - 1))]) as lost:
                assert proxy.freeze() == BEHIND
                began = loop.time()
                heard = sum(reader.beats for reader in lost)
                for number in range(40 if big else 3):
                    before = direct[0].last_id
                    text = f"{number}{LONG if big else ''}"
                    server.execute("UPDATE users SET email = id || ? WHERE id <= ?", text, 100 if big else 1)
                    await until(lambda before=before: direct[0].last_id != before, "the others hear")  # type: ignore[misc]
                await fall(server, "rowcast_subscribers", DIRECT, bound)
                rid = loop.time() - began
                await files_fall(server, open_files, KEPT + 3)
                assert all(reader.is_open for reader in lost), "this proves nothing unless nobody told them"
                assert sum(reader.beats for reader in lost) == heard
                since = loop.time()
                for reader in lost:
                    reader.cut()
                agreed = await agree(server, [*direct, *lost], since)
                page.check()
                tell(BEHIND + DIRECT, agreed, leaks="0 files", rid_of_them_in=f"{rid:.1f} s")


async def test_dead_connections_of_a_quiet_table_are_freed_when_their_life_ends(serve: Serve, tell: Tell) -> None:
    server = serve(heartbeat=0.5, stream_life=LIFE)
    server.add_users(100)
    await half_open(server, tell, LIFE + 3, big=False)


async def test_dead_connections_of_a_busy_table_are_freed_as_stalled(serve: Serve, tell: Tell) -> None:
    server = serve(heartbeat=0.5, stall=3)
    server.add_users(100)
    await half_open(server, tell, 3 + 5, big=True)
