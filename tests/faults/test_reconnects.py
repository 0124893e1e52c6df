"""A thousand readers come back in one second, from everywhere: with the right id, an old one, junk, none."""

from __future__ import annotations

import asyncio
import random
from typing import NamedTuple

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.watching import fall, files, files_fall, memory, metric, warmed

READERS = 1000
LISTINGS = 20
WARM, ROUNDS, MOST_ROUNDS = 2, 2, 8
GROWTH = 5 * 1024 * 1024  # bytes
FILES = 6  # two more connections to the database, of those that it opens when it first needs so many at once


class Held(NamedTuple):
    """What the server holds after a round; the memory in bytes."""

    files: int
    memory: int
    tasks: float
    streams: float
    feeds: float


async def test_a_thousand_reconnects_in_one_second_leak_nothing(serve: Serve, tell: Tell) -> None:
    dice = random.Random(7)
    server = serve()
    server.add_users(200)
    await warmed(server)
    loop = asyncio.get_running_loop()
    pages = [Page(server, f"q={number}&size=25") for number in range(3)]
    plain = [Reader(server.port, f"q={number % LISTINGS}&size=25") for number in range(READERS - len(pages))]
    agreed: list[float] = []
    async with following([*plain, *(page.reader for page in pages)]) as readers:
        for reader in readers:
            reader.backoff = 0.0, 1.0
        old = [reader.last_id for reader in plain]
        held: list[Held] = []
        for round in range(WARM + MOST_ROUNDS):
            # A leak grows in every round. What so many need at once grows once: on a busy machine, not always at first.
            if round >= WARM + ROUNDS and growth(held) < GROWTH:
                break
            server.execute(
                "UPDATE users SET status = iif(status = 'closed', 'active', 'closed') WHERE id % 9 = ?", round
            )
            await agree(server, readers, 0)
            greetings = sum(reader.greetings for reader in readers)
            since = loop.time()
            for reader in readers:
                reader.cut()
            for reader, first in zip(plain, old, strict=True):
                reader.last_id = dice.choice([reader.last_id, first, "junk \xff" * 9, ""])
            await asyncio.sleep(1.0)  # in which they come back
            times = await agree(server, readers, since)
            assert sum(reader.greetings for reader in readers) == greetings + READERS
            # Those that were cut may be gone a little later than their successors are there.
            await fall(server, "rowcast_subscribers", READERS, 10)
            await files_fall(server, held[-1].files + FILES if held else READERS + 100, 10)
            names = ("rowcast_tasks", "rowcast_subscribers", "rowcast_feeds")
            tasks, streams, feeds = (metric(server, name) for name in names)
            held.append(Held(files(server), memory(server), tasks, streams, feeds))
            if round >= WARM:
                agreed += times
        for page in pages:
            page.check()
    before, after = held[WARM - 1], held[-1]
    leaks = f"{after.files - before.files} files, {after.tasks - before.tasks:.0f} tasks, "
    leaks += f"{after.streams - READERS:.0f} streams, {growth(held) / 1024 / 1024:.1f} MiB"
    tell(READERS, agreed, leaks=leaks, rounds=ROUNDS)
    assert (after.streams, after.feeds) == (READERS, LISTINGS)
    assert after.tasks <= before.tasks
    assert after.files <= before.files + FILES
    assert growth(held) < GROWTH
    await fall(server, "rowcast_subscribers", 0, 10)


def growth(held: list[Held]) -> int:
    """Return by how much the memory grew in the last rounds, in bytes."""
    return held[-1].memory - held[-1 - ROUNDS].memory
