"""The version of the tables: files that are set up, brought up to date, or refused with the remedy."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection

from rowcast.config import Settings
from rowcast.database import exclusively
from rowcast.schema import Unusable, _alembic, migrate, prepare
from tests.programs import program


def test_a_new_file_is_set_up_and_a_second_start_leaves_it_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    prepare(url)
    with closing(sqlite3.connect(tmp_path / "new.db")) as file:
        file.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@b.c')")
        file.commit()
        prepare(url)
        migrate(url)
        assert file.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.only("sqlite")
def test_a_file_of_another_version_is_refused_with_the_remedy(settings: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "rowcast.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0004'")
    with pytest.raises(Unusable, match="rowcast migrate"):
        prepare(settings.database)


def test_a_file_of_the_version_before_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path) -> None:
    url, config = f"sqlite:///{tmp_path / 'old.db'}", _alembic()

    def begin(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")

    exclusively(url, begin)
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as file:
        file.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@b.c')")
        with pytest.raises(Unusable, match="rowcast migrate"):
            prepare(url)
        migrate(url)
        prepare(url)
        file.execute("UPDATE users SET role = 'administrator'")
        assert file.execute("SELECT before_role, after_role FROM users_touched").fetchall() == [
            ("member", "administrator"),
            ("administrator", "administrator"),
        ]


@pytest.mark.parametrize("place", ["no/such/folder/x.db", "text"])
def test_a_file_that_cannot_be_used_is_refused_with_its_name(tmp_path: Path, place: str) -> None:
    (tmp_path / "text").write_text("This is no database. " * 100)
    with pytest.raises(Unusable, match="ROWCAST_DATABASE") as refusal:
        prepare(f"sqlite:///{tmp_path / place}")
    assert place in str(refusal.value)


def test_of_programs_that_start_at_once_one_sets_the_file_up_and_the_others_find_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with ProcessPoolExecutor(4) as programs:
        list(programs.map(prepare, [url] * 4))
    with closing(sqlite3.connect(tmp_path / "new.db")) as file:
        assert file.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_an_empty_postgresql_database_is_set_up_and_a_second_start_leaves_it_alone(empty: str) -> None:
    prepare(empty)
    with program(empty) as other:
        other.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@b.c')")
        prepare(empty)
        migrate(empty)
        assert other.execute("SELECT count(*) FROM users") == [(1,)]
        other.execute("UPDATE alembic_version SET version_num = '0004'")
    with pytest.raises(Unusable, match="rowcast migrate"):
        prepare(empty)


def test_of_programs_that_start_at_once_one_sets_postgresql_up_and_the_others_find_it(empty: str) -> None:
    with ThreadPoolExecutor(4) as programs:
        list(programs.map(prepare, [empty] * 4))
    with program(empty) as other:
        assert other.execute("SELECT count(*) FROM alembic_version") == [(1,)]


def set_up(url: str, version: str) -> None:
    """Bring a new database to a version of its tables."""
    config = _alembic()

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, version)

    exclusively(url, upgrade)


def test_the_history_of_the_version_before_is_kept_when_it_names_rows_by_their_keys(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if dialect == "sqlite" else request.getfixturevalue("empty")
    set_up(url, "0004")
    with program(url) as other:
        for number in (3, 2**63 - 1, 12, 3):
            other.execute(
                'INSERT INTO changes (at, "by", verb, table_name, row_id, "before", "after")'
                f""" VALUES ('2021-03-04 05:06:07.000008', 'é', 'edit', 'users', {number}, NULL, '{{"role": "x"}}')"""
            )
        other.execute("DELETE FROM changes WHERE id = 4")
        kept = 'id, at, "by", verb, table_name, "before", "after"'
        before = other.execute(f"SELECT {kept}, row_id FROM changes ORDER BY id")
        assert len(before) == 3
        migrate(url)
        after = other.execute(f"SELECT {kept}, row_key FROM changes ORDER BY id")
        assert after == [(*line[:-1], str(line[-1])) for line in before]
        insert = "INSERT INTO changes (at, \"by\", verb, table_name, row_key) VALUES ('2021-03-04', '', '', '', '_a')"
        assert other.execute(f"{insert} RETURNING id") == [(5,)], "no number of a line is used twice"
        ways = {
            "sqlite": "EXPLAIN QUERY PLAN SELECT id FROM changes WHERE table_name = '' AND row_key = '' ORDER BY id",
            "postgresql": "SELECT indexdef FROM pg_indexes WHERE indexname = 'changes_row'",
        }
        assert "row_key" in str(other.execute(ways[dialect]))


def test_keys_of_the_version_before_leave_out_what_nobody_sees_where_no_other_row_has_them(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if dialect == "sqlite" else request.getfixturevalue("empty")
    set_up(url, "0005")
    # The name, its key, the key afterwards, the version, and that afterwards.
    rows = [
        ("Ada", "ada", "ada", 1, 1),
        ("Ada\u200b", "ada\u200b", "ada\u200b", 1, 1),  # another has it
        ("B\u00adob", "b\u00adob", "bob", 5, 6),
        ("Eve  L", "eve  l", "eve l", 1, 2),
        ("Ä\u200b", "Ä\u200b", "Ä\u200b", 1, 1),  # by another program, which folds ASCII alone
        ("C\u200b", "c\u200b", "c\u200b", 2**63 - 1, 2**63 - 1),
    ]
    with program(url) as other:
        for number, (name, key, _key, version, _version) in enumerate(rows):
            other.execute(
                "INSERT INTO users (username, username_key, email, email_key, version) VALUES (?, ?, ?, ?, ?)",
                *(name, key, f"{number}@b.c", f"{number}@b.c", version),
            )
        told = "SELECT username, role, created, changed FROM users ORDER BY id"
        before = other.execute(told)
        migrate(url)
        assert other.execute(told) == before
        found = other.execute("SELECT username_key, version FROM users ORDER BY id")
        assert found == [(key, version) for _name, _key, key, _version, version in rows]
        if dialect == "sqlite":
            assert other.execute("SELECT rowid FROM users_search WHERE users_search MATCH 'bob'") == [(3,)]


def test_a_server_that_is_not_there_is_refused_with_its_address_and_without_the_password() -> None:
    with pytest.raises(Unusable, match="ROWCAST_DATABASE") as refusal:
        prepare("postgresql+asyncpg://me:hush@127.0.0.1:1/rowcast")
    assert "127.0.0.1:1/rowcast" in str(refusal.value)
    assert "hush" not in str(refusal.value)


def test_a_postgresql_database_of_the_version_before_is_brought_up_to_date_and_keeps_its_rows(empty: str) -> None:
    config = _alembic()

    def begin(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")

    exclusively(empty, begin)
    with program(empty) as other:
        other.execute("INSERT INTO users (username, email) VALUES ('Ada', 'a@b.c')")
        with pytest.raises(Unusable, match="rowcast migrate"):
            prepare(empty)
        migrate(empty)
        prepare(empty)
        other.execute("UPDATE users SET role = 'administrator'")
        assert other.execute("SELECT username, role FROM users") == [("Ada", "administrator")]
        assert len(other.execute("SELECT name FROM touched_channel")) == 1


async def test_a_program_whose_event_loop_runs_can_set_a_database_up(empty: str) -> None:
    prepare(empty)
    prepare(empty)
