"""The database schema's version: setting tables up, migrating them, and telling whether they are current."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from rowcast.database import Database, Unusable, exclusively

__all__ = ["Unusable", "check", "is_current", "migrate", "prepare"]


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest version of its tables; an SQLite file is created if need be."""
    exclusively(url, _upgrade)


def prepare(url: str) -> None:
    """Set up a new, empty database; raises Unusable when an older one waits for ``rowcast migrate``."""
    exclusively(url, _prepare)


def check(url: str) -> None:
    """Raise Unusable when the tables are of another version. Makes nothing, for what is missing was there before."""
    exclusively(url, _check, creates=False)


async def is_current(database: Database) -> bool:
    """Whether the tables are of the version that this program needs.

    Raises SQLAlchemyError or Unreachable without a database.
    """
    async with database.read() as connection:
        return await connection.run_sync(_version) == _newest()


def _prepare(connection: Connection) -> None:
    if not inspect(connection).get_table_names():
        _upgrade(connection)
    else:
        _check(connection)


def _check(connection: Connection) -> None:
    if (present := _version(connection)) != _newest():
        raise Unusable(f"The database is at version {present}, this program needs {_newest()}: run rowcast migrate.")


def _upgrade(connection: Connection) -> None:
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_alembic()).get_current_head()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
