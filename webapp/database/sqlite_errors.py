"""SQLite's result codes, and what they mean for us."""

from __future__ import annotations

import sqlite3
from typing import NoReturn

from sqlalchemy.exc import DatabaseError

from rowcast.database.errors import Busy, Unreachable, Unusable

# https://www.sqlite.org/rescode.html
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
AWAY = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
# No such table or column; no database.
OTHERWISE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def code_of(error: DatabaseError) -> int:
    """Return SQLite's code, without what it may say beyond it."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF


def translate(error: DatabaseError) -> NoReturn:
    """Raise what the error means for whoever asked; itself, when that is not known."""
    code = code_of(error)
    if code in LOCKED:
        raise Busy from error
    if code in AWAY:
        raise Unreachable(str(error.orig)) from error
    if code in OTHERWISE:
        raise Unusable(str(error.orig)) from error
    raise error
