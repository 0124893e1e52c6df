"""The SQLite signal: hears every commit, whichever program made it, and survives a file that cannot be read."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rowcast.live.signals.sqlite import INTERVAL, SqliteSignal
from rowcast.tables.row_change import RowChange
from rowcast.users import USERS
from tests.live.source import until

pytestmark = pytest.mark.clock


class Heard:
    """Counts what the signal says."""

    def __init__(self) -> None:
        self.times = 0

    def invalidate(self, table: str, changes: list[RowChange] | None) -> None:
        assert (table, changes) == ("users", None), "a table without a log may have changed anywhere"
        self.times += 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.db"
    write(path, "PRAGMA journal_mode = WAL")
    write(path, "CREATE TABLE t (x)")
    return path


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def signal(file: Path, heard: Heard) -> AsyncIterator[SqliteSignal]:
    made = SqliteSignal(file, heard.invalidate, [replace(USERS, change_log="")])
    await made.start()
    yield made
    await made.stop()


def write(file: Path, sql: str = "INSERT INTO t VALUES (1)") -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(sql)


def take_away(file: Path) -> None:
    """Put a folder in the place of ``file``, which cannot be opened."""
    file.rename(file.with_suffix(".whole"))
    file.mkdir()


def put_back(file: Path) -> None:
    file.rmdir()
    file.with_suffix(".whole").rename(file)


@pytest.mark.usefixtures("signal")
async def test_a_commit_by_another_program_is_heard_within_two_looks(file: Path, heard: Heard) -> None:
    loop = asyncio.get_running_loop()
    write(file)
    started = loop.time()
    await until(lambda: heard.times)
    assert loop.time() - started < 2 * INTERVAL
    await asyncio.sleep(3 * INTERVAL)
    assert heard.times == 1


@pytest.mark.usefixtures("signal")
async def test_silence_is_heard_as_silence(file: Path, heard: Heard) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("SELECT * FROM t").fetchall()
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("ROLLBACK")
    await asyncio.sleep(4 * INTERVAL)
    assert heard.times == 0


async def test_a_commit_of_this_process_is_heard_at_once(signal: SqliteSignal, file: Path, heard: Heard) -> None:
    write(file)
    signal.committed()
    assert heard.times == 1
    signal.committed()
    assert heard.times == 1


@pytest.mark.usefixtures("signal")
async def test_a_file_that_is_locked_costs_no_change(file: Path, heard: Heard) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("INSERT INTO t VALUES (1)")
        await asyncio.sleep(3 * INTERVAL)
        connection.execute("COMMIT")
    await until(lambda: heard.times)


async def test_a_file_that_cannot_be_read_is_told_once_and_watched_again(
    signal: SqliteSignal, file: Path, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    take_away(file)
    signal._connection = None  # as after a disk that went away
    await until(lambda: heard.times)
    await asyncio.sleep(10 * INTERVAL)
    assert len(caplog.records) == 1, "not forty lines a second"
    put_back(file)
    before = heard.times
    write(file)
    await until(lambda: heard.times > before)


async def test_after_the_end_nothing_is_heard(signal: SqliteSignal, file: Path, heard: Heard) -> None:
    await signal.stop()
    write(file)
    await asyncio.sleep(3 * INTERVAL)
    assert heard.times == 0
