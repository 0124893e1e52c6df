"""Migrated, empty PostgreSQL databases for one test after another: to empty one takes a tenth of making another."""

from __future__ import annotations

from contextlib import suppress

import asyncpg

from tests.postgres import Databases
from tests.programs import PostgresProgram, program

ALONE = """
    SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TABLES = "users", "changes", "idempotency_keys"
LARGE = "SELECT sum(pg_relation_size(name)) > 65536 FROM unnest(?::text[]) AS name"
TRUNCATE = f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY"
# A twentieth of the time of the above, where there are few rows; without the triggers, for nobody is to hear of it.
DELETE = [
    "SET session_replication_role = replica",
    *(f"DELETE FROM {name}" for name in TABLES),
    *(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 1, false)" for name in TABLES[:2]),
]
# All that a test can do to a database that is not undone by emptying it.
STATE = """
    SELECT string_agg(found, E'\\n' ORDER BY found) FROM (
        SELECT concat_ws('|', c.oid::regclass, c.relkind, c.reloptions, a.attname, a.atttypid, a.attnotnull,
            a.attcollation, pg_get_expr(d.adbin, d.adrelid)) AS found
        FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws('|', tgname, tgenabled, pg_get_triggerdef(oid))
        FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT concat_ws('|', conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws('|', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws('|', setrole, setconfig) FROM pg_db_role_setting
        JOIN pg_database b ON b.oid = setdatabase WHERE b.datname = current_database()
        UNION ALL SELECT concat_ws('|', starelid, staattnum) FROM pg_statistic WHERE starelid >= 16384
        UNION ALL SELECT concat_ws('|', version_num, name) FROM alembic_version, touched_channel
    ) AS everything
"""


class Recycled:
    """Databases that are as ``template``; those that were given back are empty again."""

    def __init__(self, databases: Databases, template: str) -> None:
        self._databases = databases
        self._template = template
        self._free: list[str] = []
        self._state = ""

    def take(self) -> str:
        """Return the name of a database that nobody else has."""
        if self._free:
            return self._free.pop()
        name = self._databases.create(self._template)
        if not self._state:
            with program(self._databases.url(name)) as opened:
                self._state = _state(opened)
        return name

    def give_back(self, name: str) -> None:
        """Hear that a database is needed no longer; it is kept if it can be made as it was."""
        with suppress(OSError, asyncpg.PostgresError), program(self._databases.url(name)) as opened:
            if _state(opened) == self._state:
                opened.execute(ALONE)
                opened.execute("SET lock_timeout = 1000")
                ((is_large,),) = opened.execute(LARGE, TABLES)
                for statement in [TRUNCATE] if is_large else DELETE:
                    opened.execute(statement)
                self._free.append(name)
                return
        self._databases.drop(name)


def _state(opened: object) -> str:
    assert isinstance(opened, PostgresProgram)
    ((found,),) = opened.execute(STATE)
    return str(found)
