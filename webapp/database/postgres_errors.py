"""PostgreSQL's error codes (SQLSTATE), and what they mean for us."""

from __future__ import annotations

from typing import NoReturn

import asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError

from rowcast.database.errors import Busy, Unreachable, Unusable

# https://www.postgresql.org/docs/current/errcodes-appendix.html
SERIALIZATION, DEADLOCK, UNIQUE, LOCKED = "40001", "40P01", "23505", "55P03"
FULL = {"53100", "58030", "25006", "2200H"}  # disk full, disk broken, read-only (a standby), no number left
# Cancelled (statement_timeout among others), other timeouts, too little memory.
PASSING = {"57014", "25P03", "25P04", "57P05", "53200", SERIALIZATION, DEADLOCK, LOCKED}
OTHERWISE = "42"  # begins what the tables cannot do, or we may not do to them
GONE = {"57P01", "57P02", "57P03", "53300"}  # shut down, crashed, starting, too many connections
FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)


def state(error: Exception) -> str:
    """Return the code of the error, if the server gave one."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def reason(error: Exception) -> str:
    """Return what the server said, without the statement."""
    return str(getattr(error, "orig", None) or error)


def is_outdated(error: BaseException | None) -> bool:
    """Whether what was prepared is of tables as they were; it is prepared again at the next try."""
    return isinstance(getattr(error, "orig", None), AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError)


def is_lost(error: DBAPIError | TimeoutError) -> bool:
    """Whether the server is gone, or says nothing."""
    if isinstance(error, TimeoutError):
        return True
    return error.connection_invalidated or state(error) in GONE or state(error).startswith("08")


def translate(error: DBAPIError | TimeoutError) -> NoReturn:
    """Raise what the error means for whoever asked; itself, when that is not known."""
    if is_lost(error):
        raise Unreachable(reason(error)) from error
    if state(error) in PASSING or is_outdated(error):
        raise Busy from error
    if state(error).startswith(OTHERWISE):
        raise Unusable(reason(error)) from error
    raise error
