"""Writing: the row and its Change together or not at all; nobody overwrites what he has not seen."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, MetaData, select
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.config import Settings
from rowcast.database import Database
from rowcast.i18n import _
from rowcast.tables import row_writes
from rowcast.tables.history import Change
from rowcast.tables.key import Key
from rowcast.tables.model import VersionedModel
from rowcast.tables.page import Row
from rowcast.tables.row_writes import RowNotFound, ValueTaken, VersionConflict
from rowcast.tables.table import Column, Table
from rowcast.users import USERS, User
from tests.conftest import Outside, make_user
from tests.programs import LOCKED
from tests.tables.reading import read_changes


async def edit(database: Database, key: Key, version: int | None = None, **fields: Any) -> Row:
    return await database.write(
        lambda connection: row_writes.edit(connection, USERS, key, fields, version=version, by="tests")
    )


async def delete(database: Database, key: Key, version: int | None = None) -> Row:
    return await database.write(
        lambda connection: row_writes.delete(connection, USERS, key, version=version, by="tests")
    )


async def counts(database: Database) -> tuple[int, int]:
    """Return how many rows and changes there are."""
    async with database.read() as connection:
        rows = await connection.execute(select(User.id))
        changes = await connection.execute(select(Change.id))
        return len(rows.all()), len(changes.all())


async def test_a_new_row_begins_at_version_1_now(database: Database) -> None:
    row = await make_user(database, "Ada")
    assert row.values["version"] == 1
    assert row.values["created"] == row.values["changed"]
    assert abs((datetime.now(UTC) - row.values["created"]).total_seconds()) < 10
    assert await counts(database) == (1, 1)


async def test_an_edit_counts_the_version_up_and_moves_changed_but_not_created(database: Database) -> None:
    row = await make_user(database, "Ada")
    edited = await edit(database, row.key, 1, status="closed")
    assert edited.values["version"] == 2
    assert edited.values["changed"] > row.values["changed"]
    assert edited.values["created"] == row.values["created"]
    assert edited.fingerprint != row.fingerprint


async def test_an_edit_to_what_it_is_already_has_no_effect(database: Database) -> None:
    row = await make_user(database, "Ada")
    await edit(database, row.key, status="closed")
    for version in (None, 1, 2):
        assert (await edit(database, row.key, version, status="closed")).values["version"] == 2
    assert await counts(database) == (1, 2)


async def test_an_edit_of_an_older_version_is_refused_and_says_what_the_row_holds(database: Database) -> None:
    row = await make_user(database, "Ada")
    await edit(database, row.key, 1, status="closed")
    with pytest.raises(VersionConflict) as conflict:
        await edit(database, row.key, 1, role="administrator")
    assert (conflict.value.row.values["status"], conflict.value.row.values["role"]) == ("closed", "member")
    with pytest.raises(VersionConflict):
        await delete(database, row.key, 1)
    assert await counts(database) == (1, 2)


async def test_a_deleted_row_is_gone_and_its_id_is_never_used_again(database: Database) -> None:
    row = await make_user(database, "Ada")
    assert (await delete(database, row.key, 1)).values["username"] == "Ada"
    for verb in (edit, delete):
        with pytest.raises(RowNotFound):
            await verb(database, row.key)
    assert (await make_user(database, "Ada")).key > row.key


@pytest.mark.parametrize(
    ("there", "new"),
    [
        *(("Ada", "ADA"), ("ÄDA", "äda"), ("Straße", "STRASSE"), ("ＡＤＡ", "ada"), ("İ", "i\u0307")),
        *(("Ada", "Ada\u200b"), ("A\u00adda", "Ada"), ("Ada L", "Ada  L"), ("👩\u200d🚀", "👩🚀")),
    ],
    ids=ascii,
)
async def test_a_name_is_taken_whatever_its_case_and_width_and_what_nobody_sees(
    database: Database, there: str, new: str
) -> None:
    await make_user(database, there, email="one@example.org")
    other = await make_user(database, "Bob", email="bob@example.org")
    with pytest.raises(ValueTaken) as taken:
        await make_user(database, new, email="two@example.org")
    assert list(taken.value.errors) == ["username"]
    with pytest.raises(ValueTaken):
        await edit(database, other.key, username=new)
    assert await counts(database) == (2, 2)


async def test_of_many_nodes_that_want_one_name_one_gets_it_and_the_others_are_told(settings: Settings) -> None:
    nodes = [Database(settings.database) for _ in range(3)]
    tries = [make_user(node, "Ada") for _ in range(4) for node in nodes]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["Row", *["ValueTaken"] * 11]
    assert await counts(nodes[0]) == (1, 1)
    for node in nodes:
        await node.close()


async def test_of_many_nodes_that_edit_one_version_one_wins_and_the_others_are_told(settings: Settings) -> None:
    nodes = [Database(settings.database) for _ in range(3)]
    row = await make_user(nodes[0], "Ada")
    tries = [edit(node, row.key, 1, username=f"Ada {n}") for n, node in enumerate(4 * nodes)]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["Row", *["VersionConflict"] * 11]
    in_turn = await asyncio.gather(*(edit(node, row.key, username=f"Eve {n}") for n, node in enumerate(4 * nodes)))
    assert sorted(row.values["version"] for row in in_turn) == list(range(3, 15)), "who names no version waits his turn"
    for node in nodes:
        await node.close()


async def test_a_name_that_another_program_takes_at_the_last_moment_is_taken(
    database: Database, outside: Outside
) -> None:
    outside.hold()
    outside.execute("INSERT INTO users (username, email) VALUES ('Ada', 'x@example.org')")
    late = asyncio.create_task(make_user(database, "ada"))
    await asyncio.sleep(0.1)
    assert not late.done(), "this proves nothing unless it waits"
    outside.release()
    with pytest.raises(ValueTaken) as taken:
        await late
    assert list(taken.value.errors) == ["username"]


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("statement", ["UPDATE users SET role = 'administrator'", "DELETE FROM users"])
@pytest.mark.parametrize("verb", [edit, delete])
async def test_a_row_that_another_program_changes_at_the_last_moment_is_not_overwritten(
    database: Database, outside: Outside, statement: str, verb: Any
) -> None:
    row = await make_user(database, "Ada")
    outside.execute("BEGIN")
    outside.execute(statement)
    late = asyncio.create_task(verb(database, row.key, 1, **({"status": "closed"} if verb is edit else {})))
    await asyncio.sleep(0.1)
    assert not late.done(), "this proves nothing unless it waits"
    outside.execute("COMMIT")
    with pytest.raises(RowNotFound if "DELETE" in statement else VersionConflict):
        await late


async def test_everything_that_is_taken_is_told_at_once(database: Database) -> None:
    await make_user(database, "Ada")
    with pytest.raises(ValueTaken) as taken:
        await make_user(database, "ada", email="ADA@example.org")
    assert list(taken.value.errors) == ["username", "email"]


async def test_a_row_may_change_the_case_of_its_own_name(database: Database) -> None:
    row = await make_user(database, "Ada")
    assert (await edit(database, row.key, username="ADA")).values["username"] == "ADA"


@pytest.mark.parametrize("verb", ["create", "edit", "delete"])
async def test_a_failure_leaves_neither_row_nor_change(database: Database, verb: str) -> None:
    row = await make_user(database, "Ada")

    def fails_late(connection: Connection) -> None:
        if verb == "create":
            fields = {"username": "Bob", "email": "bob@example.org", "role": "member", "status": "active"}
            row_writes.create(connection, USERS, fields, by="tests")
        elif verb == "edit":
            row_writes.edit(connection, USERS, row.key, {"status": "closed"}, version=None, by="tests")
        else:
            row_writes.delete(connection, USERS, row.key, version=None, by="tests")
        assert len(connection.execute(select(Change.id)).all()) == 2, "this proves nothing unless it was written"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await database.write(fails_late)
    assert await counts(database) == (1, 1)
    assert (await edit(database, row.key, role="member")).fingerprint == row.fingerprint


KEEPING_OUT = {
    "sqlite": (
        "CREATE TRIGGER stays BEFORE UPDATE ON users BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER keeps_out BEFORE INSERT ON users BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER remains BEFORE DELETE ON users BEGIN SELECT RAISE(IGNORE); END",
    ),
    "postgresql": (
        "CREATE FUNCTION stays() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER a_stays BEFORE INSERT OR UPDATE OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION stays()",
    ),
}


@pytest.mark.parametrize("verb", [edit, delete])
async def test_a_row_that_a_trigger_keeps_as_it_is_has_no_change_in_the_history(
    database: Database, dialect: str, outside: Outside, verb: Any
) -> None:
    row = await make_user(database, "Ada")
    for statement in KEEPING_OUT[dialect]:
        outside.execute(statement)
    with pytest.raises(RuntimeError):
        await make_user(database, "Bob")
    with pytest.raises(RuntimeError):
        await verb(database, row.key, 1, **({"status": "closed"} if verb is edit else {}))
    assert await counts(database) == (1, 1)


class Thing(VersionedModel):
    """A row whose column has another name in the database, of a table that is not ours."""

    __tablename__ = "things"
    metadata = MetaData()

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column("label_text")


class ThingDraft(BaseModel):
    label: str


LABEL = Column(name="label", label=_("User name"), value=Thing.label)
THINGS = Table("things", "thing", _("Users"), Thing, ThingDraft, (LABEL,), "label", {})
ID = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"}


async def test_a_column_may_have_another_name_in_the_database(
    database: Database, dialect: str, outside: Outside
) -> None:
    moments = "created timestamp, changed timestamp"
    outside.execute(f"CREATE TABLE things (id {ID[dialect]}, version bigint, {moments}, label_text text)")
    row = await database.write(lambda connection: row_writes.create(connection, THINGS, {"label": "one"}, by="tests"))
    assert (row.values["label"], row.values["version"]) == ("one", 1)
    fields = {"label": "two"}
    row = await database.write(lambda c: row_writes.edit(c, THINGS, row.key, fields, version=1, by="tests"))
    assert (row.values["label"], row.values["version"]) == ("two", 2)
    await database.write(lambda connection: row_writes.delete(connection, THINGS, row.key, version=2, by="tests"))
    async with database.read() as connection:
        told = await read_changes(connection, THINGS, row.key)
    assert [(change.before, change.after) for change in told] == [
        ({"label": "two"}, None),
        ({"label": "one"}, {"label": "two"}),
        (None, {"label": "one"}),
    ]


class Clash(VersionedModel):
    """A row whose columns are called as our own parameters might be."""

    __tablename__ = "clashes"
    metadata = MetaData()

    key_of_row_0: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_of_row: Mapped[str]
    this: Mapped[str]
    value: Mapped[str]


class ClashDraft(BaseModel):
    key_of_row_0: int
    key_of_row: str
    this: str
    value: str


CLASH_COLUMNS = tuple(
    Column(name=name, label=_("User name"), value=getattr(Clash, name), taken=_("Another user has this name."))
    for name in ClashDraft.model_fields
)
CLASHES = Table("clashes", "clash", _("Users"), Clash, ClashDraft, CLASH_COLUMNS, "this", {})


async def test_columns_may_be_called_as_our_parameters_are(database: Database, outside: Outside) -> None:
    columns = "key_of_row_0 bigint PRIMARY KEY, key_of_row text, this text, value text"
    outside.execute(f"CREATE TABLE clashes ({columns}, version bigint, created timestamp, changed timestamp)")

    def unit(connection: Connection) -> Row:
        for number in (1, 2):
            fields = {"key_of_row_0": number, "key_of_row": f"a{number}", "this": f"b{number}", "value": f"c{number}"}
            row_writes.create(connection, CLASHES, fields, by="tests")
        with pytest.raises(ValueTaken):
            row_writes.edit(connection, CLASHES, Key((1,)), {"value": "c2"}, version=None, by="tests")
        fields = {"key_of_row_0": 3, "key_of_row": "d", "this": "e", "value": "f"}
        row = row_writes.edit(connection, CLASHES, Key((1,)), fields, version=1, by="tests")
        row_writes.delete(connection, CLASHES, Key((2,)), version=1, by="tests")
        return row

    row = await database.write(unit)
    assert outside.execute("SELECT key_of_row_0, key_of_row, this, value FROM clashes") == [(3, "d", "e", "f")]
    assert row.key == Key((3,))


@pytest.mark.only("postgresql")
async def test_who_adds_a_row_that_refers_to_one_does_not_wait_for_its_edit(
    database: Database, outside: Outside
) -> None:
    row = await make_user(database, "Ada")
    outside.execute("CREATE TABLE notes (user_id bigint REFERENCES users)")
    outside.execute("SET lock_timeout = 1000")

    def unit(connection: Connection) -> None:
        row_writes.edit(connection, USERS, row.key, {"role": "administrator"}, version=1, by="tests")
        outside.execute("INSERT INTO notes VALUES (?)", row.values["id"])
        with pytest.raises(LOCKED):
            outside.execute("UPDATE users SET role = 'member'")

    await database.write(unit)
    outside.execute("BEGIN")
    outside.execute("INSERT INTO notes VALUES (?)", row.values["id"])
    assert (await edit(database, row.key, status="closed")).values["status"] == "closed"
    outside.execute("ROLLBACK")
    outside.execute("DROP TABLE notes")
