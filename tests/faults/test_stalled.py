"""Two hundred readers stop reading, while others go on."""

from __future__ import annotations

import asyncio
import statistics

import pytest

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following, until
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.watching import fall, files_fall, kernel_memory, memory, metric, rise, warmed
from tests.running import Server
from tests.server.flood import LONG

pytestmark = pytest.mark.xdist_group("alone")  # it measures

STALLED = 200
OTHERS = 20
STALL = 15.0  # seconds; they stay that long at least, so all that is measured beside them must take less
EDITS = 40  # in each phase
FLOODS = 40  # changes of every row at most, each a frame of some 150 kB
ROWS = 100
QUERY = f"size={ROWS}"
BOUND = 64 * 1024  # bytes of the server's memory for each
KERNEL = 512 * 1024  # bytes that the sockets of each may hold, both ends


async def latencies(server: Server, readers: list[Reader]) -> list[float]:
    """Make small edits one after another; return how long each took to each of ``readers``, in seconds."""
    loop = asyncio.get_running_loop()
    found: list[float] = []
    for number in range(EDITS):
        began = loop.time()
        await change(server, readers, f"role = iif(role = 'member', 'administrator', 'member') WHERE id = {number + 1}")
        found += [reader.moved_at - began for reader in readers]
        await asyncio.sleep(0.03)  # longer than the throttle, so that each edit goes out at once
    return found


async def flood(server: Server, readers: list[Reader], behind: float) -> None:
    """Change every row again and again, until the server says that so many fell ``behind``; ``readers`` always hear."""
    for number in range(FLOODS):
        await change(server, readers, f"email = id || 'f{number}{LONG}'")
        if metric(server, "rowcast_behind_total") >= behind:
            break
    await change(server, readers, "email = id || '@example.org'")


async def change(server: Server, readers: list[Reader], what: str) -> None:
    """Change rows, and wait until ``readers`` have heard."""
    before = [reader.last_id for reader in readers]
    server.execute(f"UPDATE users SET {what}")
    await until(lambda: all(r.last_id != old for r, old in zip(readers, before, strict=True)), "all have heard")


async def test_two_hundred_readers_that_stop_reading_cost_the_others_nothing(serve: Serve, tell: Tell) -> None:
    server = serve(stall=STALL, cached_rows=200)  # the cache has a bound of its own
    server.add_users(ROWS)
    page = Page(server, QUERY)
    growth: list[int] = []  # of the server's memory, in bytes for each reader
    stalled: list[Reader] = []
    async with following([page.reader, *(Reader(server.port, QUERY) for _ in range(OTHERS - 1))]) as others:
        await latencies(server, others)
        for _ in range(2):
            await flood(server, others, 0)
        open_files = await warmed(server)
        without, kernel = await latencies(server, others), kernel_memory()
        try:
            # The first half read what they are greeted with; the others never read a byte of a page that is large.
            for is_large in (False, True):
                if is_large:
                    await change(server, others, f"email = id || '{LONG}'")
                before = memory(server)
                came = [Reader(server.port, QUERY, buffer=2048) for _ in range(STALLED // 2)]
                stalled += came
                await asyncio.gather(*(reader.open(reading=not is_large) for reader in came))
                await rise(server, "rowcast_subscribers", OTHERS + len(stalled))
                for reader in came:
                    reader.stall()
                await flood(server, others, len(stalled))
                assert metric(server, "rowcast_behind_total") >= len(stalled), "or none of them has stalled"
                growth.append((memory(server) - before) // len(came))
            held = (kernel_memory() - kernel) // STALLED
            beside = await latencies(server, others)
            assert metric(server, "rowcast_subscribers") == OTHERS + STALLED, "they are there all the time"
            gone = await fall(server, "rowcast_subscribers", OTHERS, STALL + 10)
            assert metric(server, 'rowcast_streams_ended_total{reason="stalled"}') == STALLED
        finally:
            for reader in stalled:
                reader.cut()
        await files_fall(server, open_files, 10)
        agreed = await agree(server, others, asyncio.get_running_loop().time())
        page.check()
        assert all(reader.greetings == 1 for reader in others), "nobody had to come back"
    p99s = [statistics.quantiles(found, n=100)[98] for found in (without, beside)]
    tell(
        STALLED + OTHERS,
        agreed,
        leaks="0 files",
        p99_without=f"{p99s[0] * 1000:.0f} ms",
        p99_beside=f"{p99s[1] * 1000:.0f} ms",
        ratio=f"{p99s[1] / p99s[0]:.2f}",
        memory_for_each=" and ".join(f"{bytes / 1024:.1f} KiB" for bytes in growth),
        kernel_memory_for_each=f"{held / 1024:.0f} KiB",
        all_gone_after=f"{gone:.1f} s more",
    )
    assert max(growth) < BOUND
    assert held < KERNEL
    assert p99s[1] < 3 * p99s[0] + 0.05
