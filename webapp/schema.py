"""The version of the tables: setting them up, bringing them up to date, and telling whether they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from webapp.database import Database, begin, prepare_connection


class Unusable(Exception):
    """The file cannot be opened, or its tables are of another version; the text says what to do."""


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest version of its tables, creating the file when there is none."""
    with _connect(url) as connection:
        _upgrade(connection)


def prepare(url: str) -> None:
    """Set up a new, empty database; raises Unusable when an older one waits for ``rowcast migrate``."""
    with _connect(url) as connection:
        if not inspect(connection).get_table_names():
            _upgrade(connection)
        elif (present := _version(connection)) != _newest():
            raise Unusable(
                f"The database is at version {present}, this program needs {_newest()}: run rowcast migrate."
            )


async def is_current(database: Database) -> bool:
    """Whether the tables are of the version that this program needs; raises SQLAlchemyError without a database."""
    async with database.read() as connection:
        return await connection.run_sync(_version) == _newest()


@contextmanager
def _connect(url: str) -> Iterator[Connection]:
    # A write from its beginning: of two programs that start at once, one sets the tables up and one finds them.
    engine = create_engine(make_url(url).set(drivername="sqlite"), execution_options={"begin": "BEGIN IMMEDIATE"})
    event.listen(engine, "connect", prepare_connection)
    event.listen(engine, "begin", begin)
    try:
        with engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        raise Unusable(f"{engine.url.database} cannot be used: {error.orig}. Check ROWCAST_DATABASE.") from error
    finally:
        engine.dispose()


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
