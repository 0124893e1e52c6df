"""Demo: fills the directory with realistic users, and goes on to change them, to be watched in a browser."""

from __future__ import annotations

import asyncio
import random
import re
import unicodedata
from contextlib import suppress
from typing import Any

import click
from faker import Faker
from sqlalchemy import Connection, func, select

from rowcast.database import Busy, Database
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.tables.row_writes import RowNotFound, ValueTaken
from rowcast.users import USERS, User

BATCH = 200  # rows in one transaction
AUTHOR = "demo"


async def run(url: str, rows: int, rate: float | None, *, is_pooler: bool = False) -> None:
    """Add ``rows`` users to the database at ``url``; then, with ``rate``, change that many a second until stopped."""
    database = Database(url, is_pooler=is_pooler)
    people = Faker(["en_GB", "de_DE", "fr_FR", "es_ES", "pl_PL", "tr_TR", "sv_SE", "it_IT"])
    try:
        if rows:
            with click.progressbar(length=rows, label="Adding users") as bar:
                for start in range(0, rows, BATCH):
                    count = min(BATCH, rows - start)
                    await database.write(lambda connection, count=count: _add(connection, people, count))  # type: ignore[misc]
                    bar.update(count)
        elif rate is None:
            click.echo("Nothing to do: no users to add, and no --live RATE.")
        if rate is not None:
            click.echo(f"Changing {rate:g} rows a second; stop with Ctrl-C.")
            await _live(database, people, rate)
    finally:
        await database.close()


async def _live(database: Database, people: Any, rate: float) -> None:
    while True:
        change = random.choices((_add, _edit, _delete), weights=(1, 4, 1))[0]  # noqa: S311
        with suppress(Busy):
            await database.write(lambda connection, change=change: change(connection, people, 1))  # type: ignore[misc]
        await asyncio.sleep(1 / rate)


def _add(connection: Connection, people: Any, count: int) -> None:
    added = 0
    while added < count:
        try:
            row_writes.create(connection, USERS, _person(people), by=AUTHOR)
            added += 1
        except ValueTaken:
            continue  # two people of one name: ask for another


def _edit(connection: Connection, people: Any, _count: int) -> None:
    key = _some_key(connection)
    if key is not None:
        field, value = random.choice(list(_person(people).items())[2:])  # noqa: S311
        row_writes.edit(connection, USERS, key, {field: value}, version=None, by=AUTHOR)


def _delete(connection: Connection, _people: Any, _count: int) -> None:
    key = _some_key(connection)
    try:
        if key is not None:
            row_writes.delete(connection, USERS, key, version=None, by=AUTHOR)
    except RowNotFound:
        return


def _some_key(connection: Connection) -> Key | None:
    highest = connection.scalar(select(func.max(User.id)))
    # A random one from there on, without counting the rows: gaps make some likelier, which a demo may.
    some = random.randint(1, highest or 1)  # noqa: S311
    found = connection.execute(select(User.id).where(User.id >= some).order_by(User.id).limit(1)).one_or_none()
    return found and Key(found)


def _person(people: Any) -> dict[str, str]:
    first, last = people.first_name(), people.last_name()
    local = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode().lower()
    local = re.sub(r"\.+", ".", re.sub("[^a-z.]", "", local)).strip(".")
    return {
        "username": f"{first} {last}",
        "email": f"{local}@{people.safe_domain_name()}",
        "role": random.choices(("administrator", "member"), weights=(1, 6))[0],  # noqa: S311
        "status": random.choices(("active", "closed"), weights=(5, 1))[0],  # noqa: S311
    }
