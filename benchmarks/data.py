"""The tables that are measured: SQLite files of users, filled once, kept in ``build/benchmarks/`` and used again."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from benchmarks.tables import INSERT, people
from rowcast.schema import migrate

FOLDER = Path("build/benchmarks").absolute()
HITS = 10
A_YEAR = timedelta(days=365)
RARE = "Lovelace"  # no two syllables of the others' names make it
SEARCH = RARE.lower()
# The search index is filled at once, at the end, which takes a third of the time.
INDEXED = "INSERT INTO users_search (rowid, username_key, email_key) SELECT id, username_key, email_key FROM users"


def users(rows: int) -> Iterator[dict[str, Any]]:
    """Make up users, the same each time, of which a search for SEARCH finds HITS, whatever the number of rows."""
    for number, person in enumerate(people(rows)):
        person["changed"] -= A_YEAR  # what is edited now is the latest
        rare = number % (rows // HITS) == 0
        yield {**person, "name": f"Ada {RARE} {number}", "email": f"ada.{number}@example.org"} if rare else person


def table(rows: int) -> Path:
    """Return the file of ``rows`` users, which nobody changes."""
    file = FOLDER / f"people-{rows}.db"
    if not file.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        began, part = time.monotonic(), file.with_suffix(".part")
        part.unlink(missing_ok=True)
        click.echo(f"Filling a table of {rows:,} rows, once ... ", nl=False)
        migrate(f"sqlite+aiosqlite:///{part}")
        _fill(part, rows)
        part.rename(file)
        click.echo(f"{time.monotonic() - began:.0f} s")
    migrate(f"sqlite+aiosqlite:///{file}")  # it may be of an older version
    return file


def copy(rows: int, file: Path) -> None:
    """Copy the file of ``rows`` users, for one system to change."""
    shutil.copy(table(rows), file)


def _fill(file: Path, rows: int) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    # It is of no use half filled, so nothing is done for the case that it stays so.
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000")
    name = "users_search_insert"
    (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
    connection.execute("BEGIN")
    connection.execute(f"DROP TRIGGER {name}")
    connection.executemany(INSERT, ({**person, "changed": f"{person['changed']}"} for person in users(rows)))
    connection.execute(INDEXED)
    connection.execute(trigger)
    connection.execute("COMMIT")
    connection.executescript("PRAGMA journal_mode = WAL")
    connection.close()
