"""Base classes of SQLAlchemy models: what every row carries, its version and when it was created and changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Dialect
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class AnyMoment(sqlite.DATETIME):
    """A moment in an SQLite file, where any value can stand in any column: what is no moment comes as it is."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what reads a value."""
        read: Any = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            try:
                return read(value)
            except (TypeError, ValueError):
                return value

        return process


class UtcDateTime(TypeDecorator[Any]):
    """A moment, kept in UTC without an offset, handed out with it."""

    impl = DateTime().with_variant(AnyMoment(), "sqlite")  # type: ignore[no-untyped-call]
    cache_ok = True
    python_type = datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return ``value`` as the database keeps it."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return ``value`` as the program uses it."""
        if not isinstance(value, datetime):
            return value
        return datetime.combine(value, value.time(), UTC)  # replace() takes four times as long


class Base(DeclarativeBase):
    """The root of all models."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigInteger}  # ids, versions: as far as SQLite counts


class VersionedModel(Base):
    """A row with a version that counts its edits (never a clock). What its primary key is, each model says."""

    __abstract__ = True

    version: Mapped[int] = mapped_column()
    created: Mapped[datetime] = mapped_column(UtcDateTime)
    changed: Mapped[datetime] = mapped_column(UtcDateTime)
