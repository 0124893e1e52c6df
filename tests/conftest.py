"""What most tests begin with: settings for a database file of their own, the app on it, a client."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from webapp.app import create_app
from webapp.config import PREFIX, Settings
from webapp.database import Database
from webapp.schema import migrate
from webapp.tables import writing
from webapp.tables.page import Row
from webapp.users import USERS

hypothesis.settings.register_profile("rowcast", deadline=None, print_blob=True)
hypothesis.settings.load_profile("rowcast")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the ``ROWCAST_`` variables of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "rowcast.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def settings(migrated: Path, tmp_path: Path) -> Settings:
    """The settings of an app with an empty database of its own."""
    file = shutil.copy(migrated, tmp_path / "rowcast.db")
    return Settings(database=f"sqlite:///{file}")


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
    return await database.write(lambda session: writing.create(session, USERS, made | fields, by="tests"))
