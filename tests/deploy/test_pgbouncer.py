"""Behind PgBouncer in transaction mode: refused without a direct address for LISTEN, and whole with one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deploy.pgbouncer import pgbouncer
from tests.postgres import Databases
from tests.programs import program
from tests.running import ADD_USER, running
from tests.server.stream import following
from tests.server.test_settings import refused

PATIENCE = 30.0  # seconds that anything may take
TOGETHER = 30  # requests at once, over the three connections that PgBouncer has


@pytest.fixture
def name(cluster: Databases) -> Iterator[str]:
    """An empty database."""
    made = cluster.create()
    yield made
    cluster.drop(made)


def test_a_start_without_a_direct_address_is_refused_with_the_remedy(
    tmp_path: Path, cluster: Databases, name: str
) -> None:
    with pgbouncer(cluster, name) as pooled:
        for _ in range(2):  # PgBouncer's connections stay, and with them whatever was prepared there before
            told = refused(tmp_path, database=pooled)
            assert "set ROWCAST_LISTEN to an address of PostgreSQL itself" in told


async def test_with_a_direct_address_all_of_it_works(tmp_path: Path, cluster: Databases, name: str) -> None:
    with (
        pgbouncer(cluster, name) as pooled,
        running(tmp_path, database=pooled, listen=cluster.url(name)) as one,
        running(tmp_path, database=pooled, listen=cluster.url(name)) as two,
        program(cluster.url(name)) as outside,
    ):
        async with following(two.port) as stream:
            assert (await stream.event(PATIENCE)).is_greeting
            outside.execute(ADD_USER, "Ada Lovelace", "ada@example.org", "member", "active")
            assert "Ada Lovelace" in (await stream.change(PATIENCE)).data
            addresses = [server.address for server in (one, two)]
            statuses = await asyncio.gather(*(_use(address, n) for n in range(TOGETHER) for address in addresses))
            assert set(statuses) == {(201, 200)}
        async with httpx.AsyncClient(timeout=PATIENCE, headers={"Accept": "application/json"}) as client:
            told = [(await client.get(f"{address}/users")).json() for address in addresses]
        assert told[0] == told[1]
        assert told[0]["total"] == 1 + 2 * TOGETHER


async def _use(address: str, number: int) -> tuple[int, int]:
    """Add a user and list all, as a program does."""
    port = address.rpartition(":")[2]
    user = {"username": f"User {number} of {port}", "email": f"{number}@{port}.example.org"}
    async with httpx.AsyncClient(timeout=PATIENCE, headers={"Accept": "application/json"}) as client:
        added = await client.post(f"{address}/users", json=user)
        return added.status_code, (await client.get(f"{address}/users?q=user")).status_code
