"""PostgreSQL's error codes (SQLSTATE), and what they mean for us."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError

# https://www.postgresql.org/docs/current/errcodes-appendix.html
SERIALIZATION, DEADLOCK, UNIQUE, LOCKED = "40001", "40P01", "23505", "55P03"
FULL = {"53100", "58030", "25006"}  # disk full, disk broken, read-only (a standby)
GONE = {"57P01", "57P02", "57P03", "53300"}  # shut down, crashed, starting, too many connections
FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)


def state(error: Exception) -> str:
    """Return the code of the error, if the server gave one."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def reason(error: Exception) -> str:
    """Return what the server said, without the statement."""
    return str(getattr(error, "orig", None) or error)


def is_lost(error: DBAPIError | TimeoutError) -> bool:
    """Whether the server is gone, or says nothing."""
    if isinstance(error, TimeoutError):
        return True
    return error.connection_invalidated or state(error) in GONE or state(error).startswith("08")
