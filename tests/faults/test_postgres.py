"""PostgreSQL is restarted, cuts the listener off, says nothing, or commits in another order than it was asked in."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from rowcast.schema import migrate
from tests.faults.conftest import Serve
from tests.faults.crowd import Page, agree, following, until
from tests.faults.figures import Tell
from tests.faults.readers import Reader
from tests.faults.writers import Counting
from tests.postgres import Cluster, running_cluster
from tests.programs import program
from tests.running import ADD_USER, Server

QUERIES = ("", "sort=-username", "sort=email&size=25", "role=administrator", "q=w1", "size=25&page=2", "sort=-changed")
READERS = 24
USERS = 60
WRITERS = 8
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"


@pytest.fixture(scope="module")
def own() -> Iterator[Cluster]:
    """A PostgreSQL server that may be harmed."""
    with running_cluster() as made:
        yield made


@pytest.fixture
def url(own: Cluster) -> str:
    """A migrated database on it."""
    url = own.url(own.create())
    migrate(url)
    return url


@asynccontextmanager
async def crowd(server: Server) -> AsyncIterator[tuple[list[Page], list[Reader]]]:
    """Pages and readers that follow; none of them may have to come back."""
    pages = [Page(server, query) for query in QUERIES]
    plain = [Reader(server.port, QUERIES[number % len(QUERIES)]) for number in range(READERS - len(pages))]
    async with following([*plain, *(page.reader for page in pages)]) as readers:
        yield pages, readers
        assert all(reader.greetings == 1 for reader in readers), "nobody had to come back"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["in_order", "as_in_a_crash"])
async def test_a_restart_of_postgresql_in_the_middle_of_edits_loses_nothing(
    serve: Serve, tell: Tell, own: Cluster, url: str, how: signal.Signals
) -> None:
    server = serve(database=url, heartbeat=1)
    server.add_users(USERS)
    loop = asyncio.get_running_loop()
    writers, stop = [Counting(number) for number in range(WRITERS)], asyncio.Event()
    async with crowd(server) as (pages, readers):
        writing = [asyncio.create_task(writer.write(server, stop)) for writer in writers]
        await until(lambda: all(writer.confirmed > 5 for writer in writers), "all write")
        await asyncio.to_thread(own.stop, how)
        async with httpx.AsyncClient(base_url=server.address) as client:
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("/health/ready")).status_code == 503
            assert (await client.get("/users")).status_code == 503
            assert (await client.get("/users/stream?q=new")).status_code == 503
        await until(lambda: all(writer.statuses[503] for writer in writers), "all are refused")
        await asyncio.to_thread(own.start)
        since = loop.time()
        before = [writer.confirmed for writer in writers]
        await until(lambda: all(w.confirmed > n for w, n in zip(writers, before, strict=True)), "all write again")
        writes_again = loop.time() - since
        stop.set()
        await asyncio.gather(*writing)
        agreed = await agree(server, readers, since)
        with program(url) as other:
            emails = dict(other.execute("SELECT username, email FROM users"))
        lost = sum(writer.is_lost(emails) for writer in writers)
        seen = {"confirmed": sum(w.confirmed for w in writers), "refused": sum(w.statuses[503] for w in writers)}
        tell(READERS, agreed, lost=lost, **seen, writes_again_after=f"{writes_again:.2f} s")
        assert lost == 0
        assert sum(page.check() for page in pages) > 20, "this proves nothing unless steps reached the pages"
    assert "A feed cannot be refreshed" in server.told, "the feeds said what was done to them on purpose"
    server.output.clear()


async def test_a_listener_that_is_cut_off_again_and_again_misses_nothing(serve: Serve, tell: Tell, url: str) -> None:
    server, dice = serve(database=url, heartbeat=60), random.Random(4)
    server.add_users(USERS)
    loop = asyncio.get_running_loop()
    agreed: list[float] = []
    cut = 0
    async with crowd(server) as (pages, readers):
        with program(url) as other:
            for number in range(12):
                cut += len(other.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) AS listening"))
                await asyncio.sleep(dice.choice([0, 0, 0.05, 0.12, 0.3]))  # before, while and after it comes back
                other.execute(ADD_USER, f"w1 {number}", f"w{number}@example.org", "administrator", "active")
                since = loop.time()
                agreed += await agree(server, readers, since)
        events = [page.check() for page in pages]
        tell(READERS, agreed, lost=0, cut=cut)
        assert cut >= 6, "this proves nothing unless somebody listened"
        assert min(events) > 6


async def test_where_no_notify_comes_the_heartbeat_reads_all_the_same(serve: Serve, tell: Tell, url: str) -> None:
    server = serve(database=url, heartbeat=1)
    server.add_users(USERS)
    server.execute("ALTER TABLE users DISABLE TRIGGER users_touched_insert")
    loop = asyncio.get_running_loop()
    agreed: list[float] = []
    async with crowd(server) as (pages, readers):
        for number in range(4):
            server.execute(ADD_USER, f"w1 {number}", f"w{number}@example.org", "administrator", "active")
            agreed += await agree(server, readers, loop.time())
        for page in pages:
            page.check()
        tell(READERS, agreed, lost=0, heartbeat="1 s")
        assert max(agreed) < 3
        assert max(agreed) > 0.1, "this proves nothing if a NOTIFY came"


async def test_transactions_that_end_in_another_order_than_they_began_leave_nobody_behind(
    serve: Serve, tell: Tell, url: str
) -> None:
    server, dice = serve(database=url, heartbeat=60), random.Random(5)
    server.add_users(USERS)
    loop = asyncio.get_running_loop()
    agreed: list[float] = []
    async with crowd(server) as (pages, readers):
        with program(url) as first, program(url) as second, program(url) as third:
            for number in range(10):
                open_ones = [first, second, third]
                for place, other in enumerate(open_ones):
                    other.execute("BEGIN")
                    name, n = f"w1 {number}.{place}", USERS + number
                    other.execute(ADD_USER, name, f"w{number}.{place}@example.org", "administrator", "active")
                    other.execute("UPDATE users SET status = 'closed' WHERE id = ?", 3 * (n % 19) + place + 1)
                for other in reversed(open_ones) if number % 2 else dice.sample(open_ones, 3):
                    other.execute("COMMIT")
                    if dice.random() < 0.5:
                        agreed += await agree(server, readers, loop.time())
                agreed += await agree(server, readers, loop.time())
        assert all(page.check() > 8 for page in pages)
        tell(READERS, agreed, lost=0, transactions=30)
