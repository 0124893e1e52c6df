"""Two tables beside users, which are not shipped: parts, whose key is text, and slots, whose key is text and a number.

Their triggers are made as migrations 0002 to 0004 make those of users.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel
from sqlalchemy import MetaData
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.i18n import Message
from rowcast.tables.key import Key
from rowcast.tables.model import VersionedModel
from rowcast.tables.table import Column, Table
from rowcast.users import STATUSES, USERS

# What a path, a selector, a query, a file system or a comparison might take for something else.
TEXTS = (
    *("", " ", "new", "panel", "table", "stream", "waiting", "embed", "edit", "delete", "notice", "flash", "ield-name"),
    *("3", "03", "-3", "3.json", "parts.csv", "table.css", ".", "..", "a/b", "a//b", "/", "\\", "%", "%2F", "a%20b"),
    *("#", "?q=1", "a&b", "a=b", "a+b", '"', "'", "<b>", "&lt;", "{{ key }}"),
    *("_", "__", "_3_", "-", "--", "a_b", "a__b"),
    *("a", "A", "aA", "Aa", "AA", "ß", "SS", "ss", "İ", "ı", "é", "e\u0301", "ａ", "K", "中文", "🎉", "👩\u200d🚀"),
    *("a\nb", "a\tb", "\x01", "\u2028", "\ue000", "\U0010ffff", "x" * 300),
)  # fmt: skip
PART_KEYS = tuple(Key((text,)) for text in TEXTS)
SLOT_KEYS = tuple(Key((text, number)) for text in TEXTS for number in (0, 3, -3, 2**63 - 1)[: 1 + len(text) % 4])


class Part(VersionedModel):
    """A row whose key is text."""

    __tablename__ = "parts"
    metadata = MetaData()

    sku: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str]


class Slot(VersionedModel):
    """A row whose key is of two columns."""

    __tablename__ = "slots"
    metadata = MetaData()

    hall: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    status: Mapped[str]


class PartDraft(BaseModel):
    """What is sent to add a part."""

    sku: str
    name: str
    status: Literal["active", "closed"] = "active"


class SlotDraft(BaseModel):
    """What is sent to add a slot."""

    hall: str
    number: int
    name: str
    status: Literal["active", "closed"] = "active"


def _columns(model: type[Part | Slot]) -> tuple[Column, ...]:
    return (
        Column(name="name", label=Message("Name"), value=model.name, searched=True),
        Column(name="status", label=Message("Status"), value=model.status, choices=STATUSES),
    )


PARTS = Table(
    name="parts",
    row="part",
    title=Message("Parts"),
    model=Part,
    draft=PartDraft,
    sort="sku",
    search_index="parts_search",
    change_log="parts_touched",
    columns=(Column(name="sku", label=Message("Article"), value=Part.sku, taken=Message("Taken")), *_columns(Part)),
    words=USERS.words,
)
SLOTS = Table(
    name="slots",
    row="slot",
    title=Message("Slots"),
    model=Slot,
    draft=SlotDraft,
    sort="name",
    search_index="slots_search",
    change_log="slots_touched",
    columns=(
        Column(name="hall", label=Message("Hall"), value=Slot.hall),
        Column(name="number", label=Message("Number"), value=Slot.number),
        *_columns(Slot),
    ),
    words=USERS.words,
)
KEYS = {PARTS: PART_KEYS, SLOTS: SLOT_KEYS}
TABLES = tuple(KEYS)
NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "postgresql": "(statement_timestamp() AT TIME ZONE 'UTC')"}


def statements(table: Table, dialect: str) -> tuple[str, ...]:
    """Return what sets ``table`` up, with its change log and its index of text."""
    text = 'text COLLATE "C" NOT NULL' if dialect == "postgresql" else "text NOT NULL"
    columns = [f"{n} {'bigint NOT NULL' if n == 'number' else text}" for n in (*table.key_names, "name", "status")]
    columns.append("version bigint NOT NULL DEFAULT 1")
    columns += [f"{name} timestamp NOT NULL DEFAULT ({NOW[dialect]})" for name in ("created", "changed")]
    made = f"CREATE TABLE {table.name} ({', '.join(columns)}, PRIMARY KEY ({', '.join(table.key_names)}))"
    return (made, *(_sqlite(table) if dialect == "sqlite" else _postgresql(table)))


def _sqlite(table: Table) -> tuple[str, ...]:
    name, columns = table.name, table.query_columns
    before, after, old, new = (
        ", ".join(f"{start}{column}" for column in columns) for start in ("before_", "after_", "old.", "new.")
    )
    forget = f"DELETE FROM {name}_search WHERE rowid = old.rowid;"
    learn = f"INSERT INTO {name}_search (rowid, name) VALUES (new.rowid, new.name);"
    log = f"INSERT INTO {name}_touched"
    return (
        f"CREATE VIRTUAL TABLE {name}_search USING fts5 (name, tokenize = 'trigram case_sensitive 1', columnsize = 0)",
        f"CREATE TABLE {name}_touched"
        f" (seq INTEGER PRIMARY KEY AUTOINCREMENT, mark DEFAULT (random()), {before}, {after})",
        f"CREATE TRIGGER {name}_1 AFTER INSERT ON {name} BEGIN {learn} {log} ({after}) VALUES ({new}); END",
        f"CREATE TRIGGER {name}_2 AFTER UPDATE ON {name} BEGIN"
        f" {forget} {learn} {log} ({before}, {after}) VALUES ({old}, {new}); END",
        f"CREATE TRIGGER {name}_3 AFTER DELETE ON {name} BEGIN {forget} {log} ({before}) VALUES ({old}); END",
    )


def _postgresql(table: Table) -> tuple[str, ...]:
    name, key = table.name, table.key_names
    was, is_now = (
        f"CASE WHEN {row}.{key[0]} IS NOT NULL THEN json_build_object("
        f"{', '.join(f'{column!r}, {row}.{column}' for column in table.query_columns)}) END"
        for row in ("was", "is_now")
    )
    function = f"""
        CREATE FUNCTION {name}_touched() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            touches json;
            message text;
        BEGIN
            IF TG_OP = 'INSERT' THEN
                SELECT json_agg(json_build_array(NULL, {is_now})) INTO touches FROM new_rows AS is_now;
            ELSIF TG_OP = 'DELETE' THEN
                SELECT json_agg(json_build_array({was}, NULL)) INTO touches FROM old_rows AS was;
            ELSE
                SELECT json_agg(json_build_array({was}, {is_now})) INTO touches
                    FROM old_rows AS was FULL JOIN new_rows AS is_now USING ({", ".join(key)});
            END IF;
            message := TG_TABLE_NAME || ' ' || touches;
            IF octet_length(message) < 7000 THEN
                PERFORM pg_notify((SELECT min(name) FROM touched_channel), message);
            ELSIF touches IS NOT NULL THEN
                PERFORM pg_notify('rowcast', TG_TABLE_NAME);
            END IF;
            RETURN NULL;
        END $$
    """
    tables = {"INSERT": "NEW TABLE AS new_rows", "DELETE": "OLD TABLE AS old_rows"}
    tables["UPDATE"] = " ".join(reversed(tables.values()))
    return (
        function,
        *(
            f"CREATE TRIGGER {name}_{verb} AFTER {verb} ON {name} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {name}_touched()"
            for verb, rows in tables.items()
        ),
    )


def fields(table: Table, key: Key, name: str = "a name", status: str = "active") -> dict[str, object]:
    """Return what adds the row ``key``."""
    return {**dict(zip(table.key_names, key, strict=True)), "name": name, "status": status}
