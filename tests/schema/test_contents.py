"""What a database holds is looked at before anything is done: what is not ours is told, and nothing is written."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from rowcast.database import Database, Unusable
from rowcast.schema import check, migrate, prepare
from rowcast.schema.contents import TABLES
from tests.programs import program

OTHERS = "CREATE TABLE invoices (id INTEGER PRIMARY KEY, total REAL); INSERT INTO invoices VALUES (1, 2.5)"
USERS = "CREATE TABLE Users (name TEXT)"  # SQLite takes no notice of case
ALEMBIC = "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0005')"
KEEP_OPEN = """
import sqlite3, sys
opened = sqlite3.connect("theirs.db", isolation_level=None)
opened.execute("PRAGMA journal_mode = WAL")
opened.executescript(sys.argv[1])
print("written", flush=True)
sys.stdin.read()
"""


def written(folder: Path, script: str) -> None:
    with closing(sqlite3.connect(folder / "theirs.db")) as file:
        file.executescript(script)


@contextmanager
def closed(folder: Path, script: str) -> Iterator[None]:
    written(folder, script)
    yield


@contextmanager
def closed_with_a_log(folder: Path, script: str) -> Iterator[None]:
    written(folder, f"PRAGMA journal_mode = WAL; {script}")
    yield


@contextmanager
def open_elsewhere(folder: Path, script: str) -> Iterator[None]:
    """Let another process have the file open, and all that it wrote be in its log."""
    command = [sys.executable, "-c", KEEP_OPEN, script]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "written\n"
        yield
        other.communicate()


@contextmanager
def left_behind(folder: Path, script: str) -> Iterator[None]:
    """Leave what a program leaves that was killed: a log, and an index that nobody has open."""
    command = [sys.executable, "-c", KEEP_OPEN, script]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "written\n"
        other.kill()
    yield


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.iterdir())}


WAYS = [closed, closed_with_a_log, open_elsewhere, left_behind]
Way = Callable[[Path, str], AbstractContextManager[None]]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize(
    ("script", "told", "may_be_joined"),
    [
        (OTHERS, "theirs.db has tables of another program: invoices. Nothing was written.", True),
        (f"{OTHERS}; {USERS}", "tables of another program: Users, invoices. Tables of Rowcast's own have", False),
        (f"{OTHERS}; CREATE VIEW changes AS SELECT * FROM invoices", "the same names (changes)", False),
        (f"{OTHERS}; {ALEMBIC}", "the same names (alembic_version)", False),
        (f"{OTHERS}; CREATE TABLE alembic_version (mine)", "the same names (alembic_version)", False),
    ],
    ids=["others", "users", "view", "alembic", "table"],
)
def test_a_file_of_another_program_is_told_in_words_and_is_left_as_it_is_to_the_last_byte(
    tmp_path: Path, way: Way, script: str, told: str, may_be_joined: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'theirs.db'}"
    with way(tmp_path, script):
        before = files(tmp_path)
        for ask in [prepare] if may_be_joined else [prepare, migrate]:
            with pytest.raises(Unusable) as refusal:
                ask(url)
            assert told in str(refusal.value)
            assert "Nothing was written" in str(refusal.value)
            assert files(tmp_path) == before


async def test_an_app_that_is_mounted_leaves_it_as_it_is_too(tmp_path: Path) -> None:
    written(tmp_path, OTHERS)
    before = files(tmp_path)
    for file, told in (("theirs.db", "tables of another program"), ("none.db", "is not set up: run rowcast migrate")):
        database = Database(f"sqlite+aiosqlite:///{tmp_path / file}")
        with pytest.raises(Unusable, match=told):
            await check(database)
        await database.close()
    assert files(tmp_path) == before


def test_who_says_migrate_gets_tables_beside_those_of_others(tmp_path: Path) -> None:
    written(tmp_path, OTHERS)
    url = f"sqlite:///{tmp_path / 'theirs.db'}"
    with pytest.raises(Unusable, match=r"rowcast migrate, which adds tables of Rowcast's own: .*users"):
        prepare(url)
    assert "was given the tables of Rowcast" in migrate(url)
    prepare(url)
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as file:
        assert file.execute("SELECT * FROM invoices").fetchall() == [(1, 2.5)]


def test_the_names_that_ours_have_are_those_that_the_migrations_make(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}" if dialect == "sqlite" else request.getfixturevalue("empty")
    migrate(url)
    tables = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        " AND name NOT LIKE 'users_search_%'",  # the index's own
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }
    with program(url) as other:
        assert {name for (name,) in other.execute(tables[dialect])} == set(TABLES[dialect])


@pytest.mark.parametrize(
    ("script", "told", "may_be_joined"),
    [
        ("CREATE TABLE invoices (id int)", "has tables of another program: invoices. Nothing was written.", True),
        ("CREATE TABLE users (id int)", "the same names (users)", False),
        ("CREATE TABLE touched_channel (id int)", "the same names (touched_channel)", False),
    ],
)
def test_a_postgresql_database_of_another_program_is_told_in_words_and_is_left_as_it_is(
    empty: str, script: str, told: str, may_be_joined: bool
) -> None:
    there = "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    with program(empty) as other:
        other.execute(script)
        before = other.execute(there)
        for ask in [prepare] if may_be_joined else [prepare, migrate]:
            with pytest.raises(Unusable) as refusal:
                ask(empty)
            assert told in str(refusal.value)
            assert other.execute(there) == before
        if may_be_joined:
            migrate(empty)
            prepare(empty)


def test_a_version_that_is_yet_to_come_is_told_in_words_whoever_asks(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}" if dialect == "sqlite" else request.getfixturevalue("empty")
    migrate(url)
    with program(url) as other:
        other.execute("UPDATE alembic_version SET version_num = '0999'")
        for ask in (prepare, migrate):
            with pytest.raises(Unusable, match=r"version 0999.* a newer Rowcast has been here"):
                ask(url)
        other.execute("UPDATE alembic_version SET version_num = 'a1b2c3'")
        for ask in (prepare, migrate):
            with pytest.raises(Unusable, match="tables of another program"):
                ask(url)


def test_a_new_file_is_for_its_owner_alone_and_so_is_what_stands_beside_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    prepare(url)
    with program(url) as other:
        other.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@b.c')")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_the_mode_of_a_file_that_was_there_is_its_owners_choice(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    file.touch()
    file.chmod(0o640)
    prepare(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
