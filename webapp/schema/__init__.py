"""The version of the tables: a database is looked at first, then set up, migrated, or left as it is. Knows no rows.

What belongs to others is not written unless somebody says ``migrate``, and then only beside what is there.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from rowcast.database import Busy, Database, Unreachable, Unusable, address, exclusively, inspect
from rowcast.schema.contents import Contents, contents_of, versions_in
from rowcast.schema.versions import MIGRATIONS, newest

__all__ = ["Unusable", "check", "is_current", "migrate", "prepare"]


def prepare(url: str) -> None:
    """Set up a new, empty database; raises Unusable when what is there is not what this program needs."""
    contents = inspect(url, contents_of) or Contents()
    if contents.tables:
        contents.require_current(address(url))
    # Also when it is there: one that cannot be written is refused now.
    exclusively(url, lambda connection: _set_up(connection, address(url)))


def migrate(url: str) -> str:
    """Bring the database at ``url`` to the newest version of its tables, and return what was done.

    An SQLite file is created if need be. Raises Unusable when the tables are newer, or those of others in the way.
    """
    contents = inspect(url, contents_of) or Contents()
    contents.require_room(address(url))
    if contents.version == newest():
        return f"{address(url)} is at version {newest()} already; nothing was changed."
    return exclusively(url, lambda connection: _migrate(connection, address(url)))


async def check(database: Database, *, was_there: bool = False) -> None:
    """Raise Unusable unless the tables are of the version that this program needs; nothing is written.

    A database that ``was_there`` may be gone: it may come back.
    """
    place = address(database.url)
    try:
        contents = await database.inspect(contents_of) or Contents()
    except (Busy, Unreachable) as error:
        pooler = "; behind a pooler set ROWCAST_LISTEN to an address of PostgreSQL itself"
        remedy = "Check ROWCAST_DATABASE" + (pooler if place.startswith("postgresql:") else "")
        raise Unusable(f"{place} cannot be used: {str(error) or 'it is busy'}. {remedy}.") from error
    if not contents.tables:
        if was_there:
            return
        raise Unusable(f"{place} is not set up: run rowcast migrate.")
    contents.require_current(place)


async def is_current(database: Database) -> bool:
    """Whether the tables are of the version that this program needs.

    Raises SQLAlchemyError or one of the database's exceptions without a database.
    """
    async with database.read() as connection:
        return await connection.run_sync(versions_in) == (newest(),)


def _set_up(connection: Connection, place: str) -> None:
    contents = contents_of(connection)  # again: another program may have started at the same moment
    if contents.tables:
        contents.require_current(place)
    else:
        _upgrade(connection)


def _migrate(connection: Connection, place: str) -> str:
    contents = contents_of(connection)
    contents.require_room(place)
    _upgrade(connection)
    if contents.version:
        return f"{place} was brought from version {contents.version} to {newest()}."
    return f"{place} was {'given the tables of Rowcast' if contents.tables else 'set up'}, version {newest()}."


def _upgrade(connection: Connection) -> None:
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
