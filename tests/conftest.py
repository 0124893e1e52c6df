"""What most tests begin with: settings for a database of their own, the app on it, a client."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.app import create_app
from rowcast.config import PREFIX, Settings
from rowcast.database import Database
from rowcast.schema import migrate
from rowcast.tables import row_writes
from rowcast.tables.page import Row
from rowcast.users import USERS
from tests.postgres import Databases
from tests.programs import PostgresProgram, SqliteProgram, program
from tests.recycling import Recycled
from tests.sharing import Shared

pytest_plugins = ["tests.faults.figures", "tests.progress", "tests.scheduling"]

KINDS = ("sqlite", "postgresql")
NewDatabase = Callable[[], str]
Outside = SqliteProgram | PostgresProgram

hypothesis.settings.register_profile("rowcast", deadline=None, print_blob=True)
hypothesis.settings.load_profile("rowcast")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the ``ROWCAST_`` variables of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that needs a database on both kinds; ``only`` names those that it is about."""
    if "dialect" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only")
        metafunc.parametrize("dialect", only.args if only else KINDS, indirect=True)


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def worker() -> str:
    """Which of the processes that share the tests this is."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Shared:
    """What all processes of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return Shared(own.parent if worker else own)


@pytest.fixture(scope="session")
def migrated(shared: Shared) -> Path:
    """A migrated, empty database file, to be copied."""
    return shared.once("migrated.db", lambda file: migrate(f"sqlite:///{file}"))


@pytest.fixture(scope="session")
def cluster(shared: Shared, worker: str) -> Iterator[Databases]:
    """The databases of a PostgreSQL server."""
    with shared.databases(f"test_{worker}") as made:
        yield made


@pytest.fixture(scope="session")
def migrated_postgres(cluster: Databases, shared: Shared) -> str:
    """The name of a migrated, empty database, to be copied."""

    def make(file: Path) -> None:
        name = cluster.create()
        migrate(cluster.url(name))
        file.write_text(name)

    return shared.once("migrated", make).read_text()


@pytest.fixture(scope="session")
def recycled(cluster: Databases, migrated_postgres: str) -> Recycled:
    """Migrated, empty databases for one test after another."""
    return Recycled(cluster, migrated_postgres)


@pytest.fixture
def new_database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Make migrated, empty databases; return the URL of each."""
    if dialect == "sqlite":
        migrated = request.getfixturevalue("migrated")
        names = (tmp_path / f"{name}.db" for name in ("rowcast", *range(1000)))
        yield lambda: f"sqlite+aiosqlite:///{shutil.copy(migrated, next(names))}"
        return
    recycled: Recycled = request.getfixturevalue("recycled")
    cluster: Databases = request.getfixturevalue("cluster")
    taken: list[str] = []

    def make() -> str:
        taken.append(recycled.take())
        return cluster.url(taken[-1])

    yield make
    for name in taken:
        recycled.give_back(name)


@pytest.fixture
def settings(new_database: NewDatabase) -> Settings:
    """The settings of an app with an empty database of its own."""
    return Settings(database=new_database())


@pytest.fixture
def outside(settings: Settings) -> Iterator[Outside]:
    """Another program with the database open."""
    with program(settings.database) as opened:
        yield opened


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings."""
    opened = Database(settings.database)
    yield opened
    await opened.close()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Quart]:
    """The app, started."""
    made = create_app(settings)
    async with made.test_app():
        yield made


@pytest.fixture
def client(app: Quart) -> Client:
    """A client of the app; it keeps cookies, as a browser does."""
    return app.test_client()


async def make_user(database: Database, username: str = "Ada", **fields: Any) -> Row:
    """Add a user as the program does; the e-mail address follows from the name unless it is given."""
    made = {
        "username": username,
        "email": f"{username.casefold().replace(' ', '.')}@example.org",
        "role": "member",
        "status": "active",
    }
    return await database.write(lambda connection: row_writes.create(connection, USERS, made | fields, by="tests"))
