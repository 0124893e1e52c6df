"""Table and Column: what the engine must know of a kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model
from sqlalchemy import DateTime, Enum, Integer, String
from sqlalchemy.orm import InstrumentedAttribute

from rowcast.i18n import Message
from rowcast.tables.key import Key, KeyType
from rowcast.tables.model import UtcDateTime, VersionedModel

BOOKKEEPING = ("version", "created", "changed")
NOTHING = "—"  # what people read where a row has no value


@dataclass(frozen=True, eq=False)
class Column:
    """One column as the reader sees it.

    ``key`` is what sorts and searches in place of the value (for text: folded, see text.py); ``choices`` makes it a
    filter, a select in the form and a one-click change in the row; ``kind`` is the type of the form's input.
    """

    name: str
    label: Message
    value: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[Any] | None = None
    choices: Mapping[str, Message] | None = None
    searched: bool = False
    taken: Message | None = None  # what to say when another row has this value; makes the column unique
    kind: str = "text"

    @property
    def sort_key(self) -> InstrumentedAttribute[Any]:
        """What the column is sorted by."""
        return self.value if self.key is None else self.key

    def next_choice(self, value: str) -> str:
        """Return the choice that one click changes ``value``, a choice, to: the next, and after the last the first."""
        choices = list(self.choices or ())
        return choices[(choices.index(value) + 1) % len(choices)]

    def show(self, value: Any) -> Any:
        """Return ``value`` as people read it; other programs may have written any."""
        if value is None:
            return NOTHING
        return self.choices.get(value, value) if self.choices and isinstance(value, str) else value


@dataclass(frozen=True, eq=False)
class Table:
    """A kind of row: its model, its draft (what a form or a program may send), its columns, and its words.

    ``name`` is the path, the id of the ``<tbody>`` and the name in the history; ``row`` begins the ids of the rows.
    ``search_index`` names the index of the searched text on SQLite (an FTS5 table, see migration 0002), if there is
    one: its rowids are those of the rows, which a VACUUM keeps only where a column is another name of theirs.
    ``change_log`` names the log of the rows that were written on SQLite (see migration 0003): without it each commit
    there may have changed all. Rows are written by SQL alone: validators, events and cascades of the model do not run.
    """

    name: str
    row: str
    title: Message
    model: type[VersionedModel]
    draft: type[BaseModel]
    columns: tuple[Column, ...]
    sort: str
    words: Mapping[str, Message]
    search_index: str = ""
    change_log: str = ""

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    def label_of(self, name: str) -> Message | str:
        """Return what the field ``name`` is called; the history may know some that are no columns any more."""
        return self.by_name[name].label if name in self.by_name else name

    def show(self, name: str, value: Any) -> Any:
        """Return ``value`` of the field ``name`` as people read it."""
        return self.by_name[name].show(value) if name in self.by_name else value

    @cached_property
    def filters(self) -> tuple[Column, ...]:
        """The columns that a listing can be narrowed by."""
        return tuple(column for column in self.columns if column.choices)

    @cached_property
    def fields(self) -> tuple[Column, ...]:
        """The columns that a form shows, in its order."""
        return tuple(column for column in self.columns if column.name in self.draft.model_fields)

    @cached_property
    def key_columns(self) -> tuple[InstrumentedAttribute[Any], ...]:
        """The columns of the primary key: what makes a row that row."""
        mapper = self.model.__mapper__
        columns = self.model.__table__.primary_key
        return tuple(getattr(self.model, mapper.get_property_by_column(column).key) for column in columns)

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(column.key for column in self.key_columns)

    @cached_property
    def key_width(self) -> int:
        """How many there are."""
        return len(self.key_columns)

    @cached_property
    def key_type(self) -> KeyType:
        """Of what kinds their values are; raises TypeError when there are others than integers and text."""
        return KeyType(tuple(_kind(column) for column in self.key_columns))

    @property
    def is_numbered(self) -> bool:
        """Whether the model says that the database numbers the rows (autoincrement=True), from 1: that is their key."""
        (column, *others) = (attribute.property.columns[0] for attribute in self.key_columns)
        return column.autoincrement is True and not others

    def key_of(self, values: Mapping[str, Any]) -> Key:
        """Return the key of the row with ``values``."""
        return Key(values[name] for name in self.key_names)

    @cached_property
    def kept_names(self) -> tuple[str, ...]:
        """What every row carries beside its columns: its key and its bookkeeping, which nobody sends."""
        return (*self.key_names, *BOOKKEEPING)

    @cached_property
    def attributes(self) -> tuple[InstrumentedAttribute[Any], ...]:
        """What is read of each row, in one fixed order, the key first: fingerprints rest on it."""
        names = dict.fromkeys((*self.kept_names, *(column.name for column in self.columns)))
        return tuple(getattr(self.model, name) for name in names)

    @cached_property
    def query_columns(self) -> tuple[str, ...]:
        """What decides which rows a listing has, and in what order: what is filtered, searched and sorted by."""
        keys = [column.sort_key.key for column in self.columns] + [column.value.key for column in self.filters]
        return tuple(dict.fromkeys((*self.key_names, *keys)))

    @cached_property
    def moments(self) -> frozenset[str]:
        """Which of that are moments."""
        return frozenset(
            n for n in self.query_columns if isinstance(getattr(self.model, n).type, DateTime | UtcDateTime)
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the attributes."""
        return tuple(attribute.key for attribute in self.attributes)

    def name_of(self, values: Mapping[str, Any]) -> str:
        """Return what a row with ``values`` is called: its first column."""
        return str(self.columns[0].show(values[self.columns[0].name]))

    @cached_property
    def patch(self) -> type[BaseModel]:
        """The draft with every field optional: what an edit of some fields may send."""
        fields: dict[str, Any] = {
            name: (Annotated[(info.annotation, *info.metadata, Field(json_schema_extra=info.json_schema_extra))], None)
            for name, info in self.draft.model_fields.items()
        }
        return create_model(f"{self.draft.__name__}Patch", __base__=self.draft, **fields)


def _kind(column: InstrumentedAttribute[Any]) -> type[int | str]:
    if isinstance(column.type, Integer):
        return int
    # PostgreSQL orders the values of an enum as they were declared, and takes no others as a question.
    if isinstance(column.type, String) and not isinstance(column.type, Enum):
        return str
    raise TypeError(f"{column} is {column.type!r}: a key is made of integers and text")
