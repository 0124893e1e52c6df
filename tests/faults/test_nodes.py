"""Three nodes, each a process of its own, on one PostgreSQL: an edit reaches the readers of all; one node is killed.

``READERS=3000 SECONDS=60 pytest tests/faults/test_nodes.py`` is the first scenario in full; ``RATE`` is edits a second.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import re
import time
from array import array
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.conftest import NewDatabase
from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following, revisions, until
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.watching import busy, processor
from tests.faults.writers import Counting
from tests.programs import program
from tests.running import ADD_USER, Server

NODES = 3
READERS, SECONDS, RATE = (int(os.environ.get(*pair)) for pair in (("READERS", "300"), ("SECONDS", "5"), ("RATE", "50")))
EDITED = 10  # rows, which come first in every order by name or address
SHOWN = ("", "sort=email", "sort=-changed&size=25", "role=administrator&size=25", "q=edited", "size=100", "sort=role")
QUERIES = (*SHOWN, "page=2&size=25")  # the last shows none of them
NUMBER = re.compile(rb"edited\.(\d+)@")
USERS = ("nodes", "PostgreSQL", "readers", "all of this machine")
CATCH_UP = 60.0 + SECONDS


class Noting(Reader):
    """Notes when it was told of each edit; who is told of a later one first has been told of those before as well."""

    def __init__(self, port: int, query: str) -> None:
        super().__init__(port, query)
        self.told_at = array("d")  # by the number of the edit
        self.heard = 0

    def _hear(self, event: bytes) -> None:
        super()._hear(event)
        self.heard += 1
        newest = max(map(int, NUMBER.findall(event)), default=-1)
        self.told_at.extend([time.monotonic()] * (newest + 1 - len(self.told_at)))


class Roaming(Reader):
    """Comes back to another node, as behind a load balancer; knows when it was greeted there."""

    def __init__(self, nodes: list[Server], number: int, query: str) -> None:
        super().__init__(nodes[number % len(nodes)].port, query)
        self.greeted_at = 0.0
        self._ports = [node.port for node in nodes]

    async def open(self, *, reading: bool = True) -> None:
        """Connect to the node, or when it has been there to one of the others."""
        if self.greetings:
            self.port = random.choice([port for port in self._ports if port != self.port])
        await super().open(reading=reading)

    def _hear(self, event: bytes) -> None:
        before = self.greetings
        super()._hear(event)
        if self.greetings > before:
            self.greeted_at = asyncio.get_running_loop().time()


@pytest.fixture
def nodes(new_database: NewDatabase, serve: Serve) -> list[Server]:  # in this order: they end before their database
    """The nodes, and what they show."""
    url = new_database()
    made = [serve(database=url) for _ in range(NODES)]
    made[0].add_users(60)
    made[0].execute_many(
        ADD_USER, [(f"Edited {n}", f"edited{n}@example.org", "administrator", "active") for n in range(EDITED)]
    )
    return made


def edit(url: str, rate: int, seconds: int) -> list[float]:
    """Number the rows past the nodes, ``rate`` of them a second; return when each commit had returned."""
    done = []
    with program(url) as other:
        began = time.monotonic()
        for number in range(rate * seconds):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            name = f"Edited {number % EDITED}"
            other.execute("UPDATE users SET email = ? WHERE username = ?", f"edited.{number}@example.org", name)
            done.append(time.monotonic())
    return done


def used(nodes: list[Server]) -> list[float]:
    """Return the time, and the seconds of one core that each of USERS has used."""
    with program(nodes[0].url) as other:
        postgresql = sum(processor(pid) for (pid,) in other.execute("SELECT pid FROM pg_stat_activity"))
    return [
        time.monotonic(),
        sum(processor(node.process.pid) for node in nodes),
        postgresql,
        time.process_time(),
        busy(),
    ]


async def all_agree(nodes: list[Server], readers: list[Reader], since: float) -> list[float]:
    """Wait until all readers of all nodes agree, and the nodes with each other; return when each reader did."""
    agreed = []
    for node in nodes:
        agreed += await agree(node, [reader for reader in readers if reader.port == node.port], since, CATCH_UP)
    queries = {reader.query for reader in readers if "have=" not in reader.query}
    first, *others = [await revisions(node, queries) for node in nodes]
    assert all(other == first for other in others)
    return agreed


@pytest.mark.only("postgresql")
@pytest.mark.timeout(180 + 4 * SECONDS)
async def test_edits_reach_the_readers_of_three_nodes(nodes: list[Server], tell: Tell) -> None:
    plain = [Noting(nodes[n % NODES].port, QUERIES[n // NODES % len(QUERIES)]) for n in range(READERS)]
    pages = [Page(node, query) for node in nodes for query in QUERIES]

    async with following([*plain, *(page.reader for page in pages)]) as readers:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            alone.submit(edit, nodes[0].url, RATE, 0).result()  # it has imported what it needs
            heard, before = sum(reader.heard for reader in plain), used(nodes)
            commits = await asyncio.wrap_future(alone.submit(edit, nodes[0].url, RATE, SECONDS))
            heard, now = sum(reader.heard for reader in plain) - heard, used(nodes)
        since = asyncio.get_running_loop().time()
        took, *shares = (after - then for after, then in zip(now, before, strict=True))
        agreed = await all_agree(nodes, readers, since)
        events = [page.check() for page in pages]
        assert all(reader.greetings == 1 for reader in readers), "nobody had to come back"
    seeing = [reader for reader in plain if reader.query in SHOWN]
    assert all(len(reader.told_at) == len(commits) for reader in seeing), (
        "each was told of each edit, or of a later one"
    )
    late = [max(0.0, told - commit) for reader in seeing for told, commit in zip(reader.told_at, commits, strict=True)]
    tell(
        READERS,
        late,
        edits=f"{(len(commits) - 1) / (commits[-1] - commits[0]):.0f} a second for {took:.0f} s",
        frames_a_second_to_each=f"{heard / took / len(plain):.1f}",
        cores=", ".join(f"{name} {share / took:.2f}" for name, share in zip(USERS, shares, strict=True)),
        all_agree_after=f"{max(agreed):.2f} s",
    )
    assert sum(events) > 2 * len(pages), "this proves nothing unless steps reached the pages"


@pytest.mark.only("postgresql")
async def test_the_readers_of_a_killed_node_come_back_to_the_others(nodes: list[Server], tell: Tell) -> None:
    roaming = [Roaming(nodes, number, QUERIES[number // NODES % len(QUERIES)]) for number in range(150)]
    writers, stop = [Counting(number) for number in range(NODES)], asyncio.Event()
    killed, *left = nodes
    pages = [Page(node, query) for node in left for query in SHOWN]
    loop = asyncio.get_running_loop()

    async def write(writer: Counting, node: Server) -> None:
        with suppress(httpx.TransportError):  # the answer that the kill takes
            await writer.write(node, stop)

    async with following([*roaming, *(page.reader for page in pages)]) as readers:
        writing = [asyncio.create_task(write(*pair)) for pair in zip(writers, nodes, strict=True)]
        await until(lambda: all(writer.confirmed > 5 for writer in writers), "all write")
        cut = [reader for reader in roaming if reader.port == killed.port]
        since = loop.time()
        killed.kill()
        await until(lambda: all(reader.greetings == 2 for reader in cut), "those of the killed node are back")
        back = [reader.greeted_at - since for reader in cut]
        confirmed = [writer.confirmed for writer in writers]
        await until(lambda: writers[1].confirmed > confirmed[1] + 5, "edits go on")
        stop.set()
        await asyncio.gather(*writing)
        ended = loop.time()
        agreed = await all_agree(left, readers, ended)
        assert all(reader.greetings == 1 for reader in readers if reader not in cut), "the others heard nothing of it"
        assert sum(page.check() for page in pages) > 2 * len(pages), (
            "this proves nothing unless steps reached the pages"
        )
    with program(left[0].url) as other:
        emails = dict(other.execute("SELECT username, email FROM users"))
    lost = sum(writer.is_lost(emails) for writer in writers)
    total = sum(writer.confirmed for writer in writers)
    tell(len(roaming), back, lost=lost, came_back=len(cut), confirmed=total, all_agree_after=f"{max(agreed):.2f} s")
    assert lost == 0
