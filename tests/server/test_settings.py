"""What cannot work is refused at the start: with the remedy, without a traceback, with a status that tells."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.forking import Forked
from tests.postgres import Databases
from tests.running import START, environment, running
from tests.server.conftest import Serve

pytestmark = pytest.mark.only("sqlite")  # nothing here is about the database


def refused(folder: Path, **settings: object) -> str:
    """Start a server that must refuse to run; return what it says."""
    ended = Forked(["serve"], folder, environment(**{"port": 0, **settings}))
    with ended.stdout as lines:
        told = lines.read()
    assert ended.wait(START) > 0, told
    assert "Traceback" not in told
    return told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("port", "abc", "ROWCAST_PORT"),
        ("prot", "1", "ROWCAST_PORT"),
        ("database", "postgres://localhost/rowcast", "sqlite"),
        ("prefix", "/users", "ROWCAST_PREFIX='/users'"),
        ("host", "no-such-host.invalid", "no-such-host.invalid, port 0, cannot be had"),
        ("host", "a..b", "a..b, port 0, cannot be had"),
        ("host", "192.0.2.1", "192.0.2.1, port 0, cannot be had"),
        ("database", "postgresql://me:hush@no-such-host.invalid/x", "postgresql://me@no-such-host.invalid/x cannot be"),
        ("database", "postgresql://127.0.0.1:1/x?user=me&password=hush", "postgresql://127.0.0.1:1/x cannot be used"),
        ("database", "postgresql://me:hush@127.0.0.1:1/x?ssl=hush", "cannot be used"),
        ("secret", "", "ROWCAST_SECRET=''"),
        ("database", "sqlite:///no/such/folder/rowcast.db", "no/such/folder/rowcast.db"),
    ],
)
def test_a_bad_setting_is_named_with_the_remedy(tmp_path: Path, name: str, value: str, told: str) -> None:
    found = refused(tmp_path, **{name: value})
    assert told in found
    assert "hush" not in found
    assert "Unknown error" not in found


def test_a_prefix_that_workers_cannot_have_is_told_once(tmp_path: Path) -> None:
    assert "ROWCAST_PREFIX='/users'" in refused(tmp_path, prefix="/users", workers=2)


def test_a_port_in_use_is_told(tmp_path: Path, serve: Serve) -> None:
    taken = serve().port
    told = refused(tmp_path, port=taken)
    assert str(taken) in told
    assert "in use" in told


def test_an_older_database_is_told_to_migrate(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / "rowcast.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0004'")
    assert "rowcast migrate" in refused(tmp_path)


def test_workers_refuse_what_one_process_refuses_and_say_it_once(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "rowcast.db")) as connection, connection:
        connection.execute("CREATE TABLE users (mine)")
    before = (tmp_path / "rowcast.db").read_bytes()
    assert refused(tmp_path, workers=2).count("has tables of another program: users") == 1
    assert (tmp_path / "rowcast.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["rowcast.db"]


def test_an_address_that_hears_nothing_is_refused_with_the_remedy(tmp_path: Path, cluster: Databases) -> None:
    here, elsewhere = cluster.url(cluster.create()), cluster.url(cluster.create())
    told = refused(tmp_path, database=here, listen=elsewhere)
    assert "set ROWCAST_LISTEN to an address of PostgreSQL itself" in told


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "rowcast.db"
    precious.write_text("a diary, not a database " * 100)
    assert "rowcast.db" in refused(tmp_path)
    assert precious.read_text() == "a diary, not a database " * 100
