"""The command line: what each command does, and that what the user can mend is a message, not a traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rowcast.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rowcast(*words: str, typed: str | None = None, **settings: str) -> Result:
    environment = {f"ROWCAST_{name}": value for name, value in settings.items()}
    return CliRunner().invoke(main, words, input=typed, env=environment)


def count(folder: Path, table: str = "users") -> int:
    with closing(sqlite3.connect(folder / "rowcast.db")) as file:
        found: int = file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return found


def test_help_names_every_command() -> None:
    result = rowcast("--help")
    assert result.exit_code == 0
    for command in ("serve", "migrate", "demo", "shell"):
        assert command in result.output


def test_migrate_makes_the_file_and_may_be_run_again_and_says_what_was_done(here: Path) -> None:
    made, again = rowcast("migrate"), rowcast("migrate")
    assert (made.exit_code, made.output) == (0, "rowcast.db was set up, version 0007.\n")
    assert (again.exit_code, again.output) == (0, "rowcast.db is at version 0007 already; nothing was changed.\n")
    assert count(here) == 0


def test_the_database_may_be_elsewhere(here: Path) -> None:
    (here / "data").mkdir()
    assert rowcast("migrate", DATABASE=f"sqlite:///{here / 'data' / 'x.db'}").exit_code == 0
    assert [path.name for path in (here / "data").iterdir()] == ["x.db"]


def test_demo_fills_in_so_many_rows_and_shows_how_far_it_is(here: Path) -> None:
    result = rowcast("demo", "30")
    assert result.exit_code == 0, result.output
    assert "Adding users" in result.output
    assert (count(here), count(here, "changes")) == (30, 30)


def test_demo_of_nobody_says_so(here: Path) -> None:
    result = rowcast("demo", "0")
    assert (result.exit_code, result.output) == (0, "Nothing to do: no users to add, and no --live RATE.\n")
    assert count(here) == 0


@pytest.mark.parametrize(
    "words", [("demo", "-1"), ("demo", "many"), ("demo", "--live", "0"), ("demo", "--live", "-3"), ("dance",)], ids=str
)
def test_what_makes_no_sense_is_refused(here: Path, words: tuple[str, ...]) -> None:
    result = rowcast(*words)
    assert result.exit_code == 2
    assert "Usage" in result.output
    assert not (here / "rowcast.db").exists()


@pytest.mark.parametrize("command", ["serve", "migrate", "demo", "shell"])
def test_a_bad_setting_stops_every_command_before_it_does_anything(here: Path, command: str) -> None:
    result = rowcast(command, PORT="eighty")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ROWCAST_PORT='eighty' cannot be used")
    assert not (here / "rowcast.db").exists()


@pytest.mark.parametrize("command", ["serve", "migrate", "demo", "shell"])
def test_a_file_that_cannot_be_opened_is_a_message(here: Path, command: str) -> None:
    result = rowcast(command, DATABASE=f"sqlite:///{here / 'no' / 'such' / 'x.db'}")
    assert result.exit_code == 1
    assert "ROWCAST_DATABASE" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["serve", "demo", "shell"])
def test_a_file_of_another_version_is_refused_with_the_remedy(here: Path, command: str) -> None:
    rowcast("migrate")
    with closing(sqlite3.connect(here / "rowcast.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '0004'")
    result = rowcast(command)
    assert result.exit_code == 1
    assert "run rowcast migrate" in result.output


@pytest.mark.parametrize("words", [("serve",), ("serve", "--migrate"), ("migrate",), ("demo",), ("shell",)], ids=str)
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("UPDATE alembic_version SET version_num = '0999'", "a newer Rowcast has been here"),
        ("DROP TABLE changes; DROP TABLE alembic_version", "have the same names (users"),
    ],
    ids=["newer", "theirs"],
)
def test_no_command_begins_on_what_it_cannot_use(here: Path, words: tuple[str, ...], script: str, told: str) -> None:
    rowcast("migrate")
    with closing(sqlite3.connect(here / "rowcast.db")) as file:
        file.executescript(script)
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    result = rowcast(*words)
    assert result.exit_code == 1
    assert result.output.startswith("Error: rowcast.db ")
    assert told in result.output
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


@pytest.mark.usefixtures("here")
def test_the_shell_can_do_what_its_example_says() -> None:
    rowcast("demo", "1")
    example = (
        'run(database.write(lambda s: writing.edit(s, USERS, Key((1,)), {"username": "Zoe"}, version=None, by="me")))\n'
    )
    result = rowcast("shell", typed=example)
    assert result.exit_code == 0, result.output
    assert "Zoe" in result.output
    assert "Traceback" not in result.output
