"""SQLite files before they are used: looked into, when they may be anybody's, without a trace, and set up.

To open a file as we do, or only to read it, can leave a ``-wal`` and a ``-shm`` beside it, or change those that stand
there.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, NullPool, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from rowcast.database.errors import Unusable
from rowcast.database.sqlite import WRITES, begin, decode, prepare_connection

T = TypeVar("T")

TRIES = 5  # who has the file open may end meanwhile, and take away what stands beside it
PAUSE = 0.05  # seconds between two of them


def inspect(url: URL, work: Callable[[Connection], T]) -> T | None:
    """Return what ``work`` finds in the file; None when there is none, or it is empty. Raises Unusable."""
    file = Path(url.database or "")
    for left in reversed(range(TRIES)):
        try:
            if not file.exists() or not file.stat().st_size:
                return None
            return _read(file, work)
        except (DatabaseError, OSError) as error:
            if not left or not isinstance(error, OperationalError):
                reason = getattr(error, "orig", None) or getattr(error, "strerror", error)
                raise Unusable(f"{file} cannot be used: {reason}. Check ROWCAST_DATABASE.") from error
            time.sleep(PAUSE)
    return None


def exclusively(url: URL, work: Callable[[Connection], T]) -> T:
    """Return what ``work`` does in one write transaction, creating the file when there is none."""
    with suppress(OSError):  # it is there; or it cannot be made, and SQLite will say why
        # What stands in it is for its owner alone; SQLite makes what it puts beside it as it finds the file.
        os.close(os.open(url.database or "", os.O_CREAT | os.O_EXCL, 0o600))
    # A write from its beginning: of two programs that start at once, one sets the tables up and one finds them.
    engine = create_engine(url.set(drivername="sqlite"), execution_options=WRITES)
    event.listen(engine, "connect", prepare_connection)
    event.listen(engine, "begin", begin)
    try:
        with engine.begin() as connection:
            return work(connection)
    except DatabaseError as error:
        raise Unusable(f"{url.database} cannot be used: {error.orig}. Check ROWCAST_DATABASE.") from error
    finally:
        engine.dispose()


def _read(file: Path, work: Callable[[Connection], T]) -> T:
    def connect() -> sqlite3.Connection:
        opened = sqlite3.connect(f"{file.absolute().as_uri()}?{_mode(file)}", uri=True)
        opened.text_factory = decode
        return opened

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    with engine.connect() as connection:
        return work(connection)


def _mode(file: Path) -> str:
    """Return how SQLite is to open ``file`` (https://www.sqlite.org/uri.html).

    To read its head without SQLite would release the locks that this process may have on it.
    """
    log, index, journal = (file.with_name(file.name + ending).exists() for ending in ("-wal", "-shm", "-journal"))
    if log and index:
        # What was committed may stand in the log alone. An index that may not be written is made again in memory.
        return "mode=ro&readonly_shm=1"
    # Without all these nobody is writing it: it is read as it is.
    return "mode=ro" if journal else "immutable=1"
