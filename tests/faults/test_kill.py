"""The server is killed while it writes: what it confirmed is there, and whoever had a page open has it again."""

from __future__ import annotations

import asyncio
import random

from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.writers import Program, Writer, in_file

QUERIES = ("", "sort=-username", "sort=email&size=25", "role=administrator", "q=w1", "size=25&page=2", "sort=-changed")
READERS = 24
WRITERS, RATE = 10, 10.0  # edits a second of each, by HTTP
BESIDE = 150.0  # edits a second of another program
KILLS = 3


async def test_a_server_killed_in_the_middle_of_200_edits_a_second_loses_nothing(serve: Serve, tell: Tell) -> None:
    dice = random.Random(9)
    server = serve()
    server.add_users(60)
    loop = asyncio.get_running_loop()
    writers = [Writer(f"w{number}", RATE, dice) for number in range(WRITERS)]
    pages = [Page(server, query) for query in QUERIES]
    plain = [Reader(server.port, QUERIES[number % len(QUERIES)]) for number in range(READERS - len(pages))]
    agreed: list[float] = []
    lost = beside = events = confirmed = doubts = 0
    busy = 0.0
    async with following([*plain, *(page.reader for page in pages)]) as readers:
        for _ in range(KILLS):
            began = loop.time()
            writing = [asyncio.create_task(writer.write(server)) for writer in writers]
            with Program(server, BESIDE) as program:
                await asyncio.sleep(1.5 + dice.random() / 5)
                await asyncio.to_thread(server.kill)
            busy += loop.time() - began
            await asyncio.gather(*writing)
            await asyncio.to_thread(server.start)
            agreed += await agree(server, readers, loop.time())
            now, changes = in_file(server)
            lost += sum(writer.lost(now) for writer in writers) + len(program.confirmed - now.keys())
            beside += len(program.confirmed)
            confirmed, doubts = sum(w.confirmed for w in writers), sum(w.doubts for w in writers)
            assert confirmed <= changes <= confirmed + doubts, "each write has its line of history"
            events += sum(page.check() for page in pages)
        assert {reader.greetings for reader in readers} == {1 + KILLS}
    rate = (confirmed + beside) / busy
    seen = {"kills": KILLS, "confirmed": confirmed, "by_another_program": beside, "in_doubt": doubts}
    tell(READERS, agreed, lost=lost, **seen, rate=f"{rate:.0f}/s")
    assert lost == 0
    # This proves nothing unless it was killed while it wrote, and unless steps reached the pages.
    assert doubts >= KILLS
    assert rate > 40, "a machine that does other things as well does not always get to 200"
    assert events > 20 * len(pages)
