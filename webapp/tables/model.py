"""Base classes of SQLAlchemy models: what every row carries, its version and when it was created and changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, kept in UTC without an offset, handed out with it; what is none is handed out as it is.

    Other programs can change a column's type, and SQLite keeps anything in any column: one such value must not take the
    page from everybody.
    """

    impl = DateTime
    cache_ok = True
    python_type = datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return ``value`` as the database keeps it."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what makes of a value what the program uses."""
        return read_moment if dialect.name == "sqlite" else _in_utc


def _in_utc(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    return datetime.combine(value, value.time(), UTC)  # replace() takes four times as long


def read_moment(value: Any) -> Any:
    """Return the moment that ``value`` is as text; what is none as it is."""
    try:
        return _in_utc(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return value


class Base(DeclarativeBase):
    """The root of all models."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigInteger}  # ids, versions: as far as SQLite counts


class VersionedModel(Base):
    """A row with a version that counts its edits (never a clock). What its primary key is, each model says."""

    __abstract__ = True

    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    changed: Mapped[datetime] = mapped_column(UtcDateTime)
