"""Idempotency: a write that is asked for twice is done once, and told twice. Knows nothing of how it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.tables.model import Base, UtcDateTime
from rowcast.tables.page import Row, row_of
from rowcast.tables.serialization import row_as_json
from rowcast.tables.table import Table

KEPT = timedelta(days=1)


class IdempotencyKey(Base):
    """A request that was carried out: ``digest`` tells what was asked, ``answer`` what was done."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)


FIND = select(IdempotencyKey.digest, IdempotencyKey.answer).where(IdempotencyKey.key == bindparam("asked"))
CLAIM = insert(IdempotencyKey)
ANSWER = update(IdempotencyKey).where(IdempotencyKey.key == bindparam("asked"))
FORGET = delete(IdempotencyKey).where(IdempotencyKey.key == bindparam("asked"))
FORGET_OLD = delete(IdempotencyKey).where(IdempotencyKey.at < bindparam("oldest"))


class KeyReused(Exception):
    """The key was sent before, with another request."""


@dataclass(frozen=True)
class RequestKey:
    """What tells a request from all others: the ``key`` that its sender gave it, and a digest of what it asks for.

    Who shows a person what was done must not say what is no longer so (``is_shown``): such a form is a new request.
    """

    key: str
    digest: str
    is_shown: bool


@dataclass(frozen=True)
class Written:
    """What was done, and can be told again: the row as it became, as programs see it, or as it was before it went.

    ``verb`` is as in the history, ``fields`` are those that were set; ``is_newest``: nobody has changed it since.
    """

    verb: str
    key: str
    tag: str
    row: Mapping[str, Any]
    fields: list[str] = field(default_factory=list)
    is_newest: bool = False

    @classmethod
    def of(cls, verb: str, row: Row, fields: Iterable[str] = (), *, is_newest: bool = False) -> Written:
        """Return what ``verb`` did to the row."""
        return cls(verb, str(row.key), row.tag, row_as_json(row), list(fields), is_newest)


def once(connection: Connection, table: Table, asked: RequestKey | None, write: Callable[[], Written]) -> Written:
    """Return what ``write`` does in this transaction, or what it did when the same was ``asked`` before.

    Raises KeyReused, and what ``write`` raises: what was refused is looked at anew.
    """
    if asked is None:
        return write()
    kept = connection.execute(FIND, {"asked": asked.key}).one_or_none()
    if kept is not None:
        if kept.digest != asked.digest:
            raise KeyReused
        written = Written(**kept.answer)
        if not asked.is_shown or _is_so(connection, table, written):
            return written
        connection.execute(FORGET, {"asked": asked.key})
    now = datetime.now(UTC)
    connection.execute(FORGET_OLD, {"oldest": now - KEPT})
    # Before anything else is done. Where writers go side by side, the second waits here for the end of the first, finds
    # the key taken, and its transaction is run again.
    connection.execute(CLAIM, {"key": asked.key, "digest": asked.digest, "at": now, "answer": None})
    written = write()
    connection.execute(ANSWER, {"asked": asked.key, "answer": asdict(written)})
    return written


def _is_so(connection: Connection, table: Table, written: Written) -> bool:
    is_there = row_of(connection, table, table.key_type.parse(written.key)) is not None
    return is_there is (written.verb != "delete")
