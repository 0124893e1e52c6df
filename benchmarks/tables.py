"""Large tables: how long a page and a feed's refresh take, on SQLite and on PostgreSQL.

``python -m benchmarks.tables [--rows N] [--turns N]`` (``make bench-tables``). The listings take turns, so that none
has the caches to itself, and something is committed before each. A page is a whole request without a network; a refresh
is what a feed does after each change.
The SQLite file is kept in ``build/`` and used again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import platform
import random
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import text

from rowcast.app import create_app
from rowcast.config import Settings
from rowcast.database import Database
from rowcast.live.audience import Audience
from rowcast.live.html_encoder import HtmlEncoder
from rowcast.live.metrics import Metrics
from rowcast.live.revisions import Revisions
from rowcast.schema import migrate
from rowcast.showing.table_renderer import TableRenderer
from rowcast.tables.listing import parse
from rowcast.tables.page import page_of
from rowcast.users import USERS
from tests.postgres import Cluster

BATCH = 10_000
SYLLABLES = [
    "an",
    "be",
    "cor",
    "da",
    "el",
    "fi",
    "go",
    "hu",
    "is",
    "jo",
    "ka",
    "li",
    "mo",
    "na",
    "ol",
    "pa",
    "qui",
    "ro",
    "sa",
    "ta",
    "ul",
    "vi",
    "wa",
    "xe",
    "yo",
    "zu",
]
INSERT = """
    INSERT INTO users (username, username_key, email, email_key, role, status, changed)
    VALUES (:name, lower(:name), :email, :email, :role, :status, :changed)
"""
TOUCH = "UPDATE users SET version = version WHERE id = 1"
LAST = "page=10000&size=100"
LISTINGS = {
    "the first page": "",
    "page 10,000 of 100 rows": LAST,
    **{
        f"by {sort}, {where}": f"sort={sort}{query}"
        for sort in ("email", "role", "status", "-changed")
        for where, query in (("page 1", ""), ("page 10,000", f"&{LAST}"))
    },
    "search, few hits": "q=bedago",
    "search, one hit": "q=999999",
    "search, no hit": "q=zuzuzuzu",
    "search, all rows": "q=example",
    "search, all rows, page 200": "q=example&page=200",
    "search, all rows, narrowed to 2 in 100": "q=example&role=administrator&status=closed",
    "search, two characters": "q=zu",
    "search, two characters, no hit": "q=qq",
    "filter, 86 in 100": "role=member",
    "filter, 2 in 100": "role=administrator&status=closed",
    "filter, 2 in 100, by date": "role=administrator&status=closed&sort=-changed",
    "filter, 14 in 100, page 200": "role=administrator&page=200",
}


def people(count: int) -> Iterator[dict[str, Any]]:
    """Make up users, the same each time."""
    dice, began = random.Random(1), datetime(2026, 1, 1)  # noqa: DTZ001 -- as it is kept, in UTC
    for number in range(1, count + 1):
        first, last = ("".join(dice.choices(SYLLABLES, k=3)).capitalize() for _ in range(2))
        yield {
            "name": f"{first} {last} {number}",
            "email": f"{first}.{last}.{number}@example.org".lower(),
            "role": "administrator" if dice.random() < 0.14 else "member",
            "status": "closed" if dice.random() < 0.17 else "active",
            "changed": began + timedelta(seconds=dice.random() * 3e7),
        }


async def fill(url: str, rows: int) -> None:
    """Add ``rows`` users to the empty database at ``url``."""
    database = Database(url)
    made = people(rows)
    with click.progressbar(length=rows, label=f"Filling {database.url.get_backend_name()}") as bar:
        while batch := [person for _, person in zip(range(BATCH), made, strict=False)]:
            await database.write(lambda connection, batch=batch: connection.execute(text(INSERT), batch))  # type: ignore[misc]
            bar.update(len(batch))
    await database.close()


async def measure(url: str, turns: int) -> dict[str, list[float]]:
    """Return p50 and p99 of the page and of the refresh of each listing, in milliseconds."""
    app = create_app(Settings(database=url))
    database = Database(url)
    client = app.test_client()
    times: dict[str, list[list[float]]] = {name: [[], []] for name in LISTINGS}
    feeds: dict[str, Revisions] = {}

    async def change() -> None:
        await database.write(lambda connection: connection.execute(text(TOUCH)))

    async def page(query: str) -> None:
        answer = await client.get(f"/users?{query}", headers={"Host": "localhost"})
        assert answer.status_code == 200, query

    async def refresh(query: str) -> None:
        listing, problems = parse(USERS, [tuple(pair.split("=")) for pair in query.split("&") if pair])  # type: ignore[misc]
        assert not problems, problems
        feed = feeds.setdefault(query, Revisions(HtmlEncoder(TableRenderer(USERS, Audience("en"))), 32, Metrics()))
        feed.move(await database.query(lambda connection: page_of(connection, USERS, listing)))

    async with app.test_app():
        with click.progressbar(range(turns + 1), label="Measuring") as bar:
            for turn in bar:
                for name, query in LISTINGS.items():
                    for kind, work in enumerate((page, refresh)):
                        await change()  # or the page is the one that is kept
                        took = await timed(work, query)
                        if turn:  # the first one warms up
                            times[name][kind].append(took)
    await database.close()
    return {name: [figure for kind in kinds for figure in percentiles(kind)] for name, kinds in times.items()}


async def timed(work: Callable[[str], Awaitable[None]], query: str) -> float:
    """Return how long ``work`` takes, in milliseconds."""
    began = time.perf_counter()
    await work(query)
    return (time.perf_counter() - began) * 1000


def percentiles(times: list[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


@contextmanager
def sqlite(folder: Path, rows: int) -> Iterator[str]:
    """A filled SQLite file."""
    yield f"sqlite+aiosqlite:///{filled(folder / f'{rows}.db', rows)}"


def filled(file: Path, rows: int) -> Path:
    """Return ``file``, an SQLite database with so many users: filled once, of today's version at each use."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        migrate(f"sqlite+aiosqlite:///{part}")
        asyncio.run(fill(f"sqlite+aiosqlite:///{part}", rows))
        part.rename(file)
    migrate(f"sqlite+aiosqlite:///{file}")
    return file


@contextmanager
def postgresql(_folder: Path, rows: int) -> Iterator[str]:
    """A filled PostgreSQL database."""
    cluster = Cluster()
    try:
        cluster.start()
        url = cluster.url(cluster.create())
        migrate(url)
        asyncio.run(fill(url, rows))
        asyncio.run(vacuum(url))
        yield url
    finally:
        cluster.remove()


async def vacuum(url: str) -> None:
    """Do what PostgreSQL's autovacuum, which the tests switch off, does by itself."""
    database: Any = Database(url)
    connection = await database.kind.connect("")
    await connection.execute("VACUUM ANALYZE users")
    await connection.close()
    await database.close()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=100)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    folder = Path("build/benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for kind in (sqlite, postgresql):
        with kind(folder, options.rows) as url:
            found[kind.__name__] = asyncio.run(measure(url, options.turns))
    click.echo(f"\n{options.rows:,} users; {options.turns} turns; milliseconds; Python {platform.python_version()},")
    click.echo(f"SQLite {sqlite3.sqlite_version}, {platform.machine()}\n")
    click.echo("| listing | " + " | ".join(f"{kind}: page p50 | p99 | refresh p50 | p99" for kind in found) + " |")
    click.echo("|---|" + "---|" * 4 * len(found))
    for name in LISTINGS:
        figures = [f"{figure:.1f}" for kind in found.values() for figure in kind[name]]
        click.echo(f"| {name} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
