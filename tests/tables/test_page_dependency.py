"""Touching: what is said to leave a page as it is leaves it so, whoever writes, however, and whatever text."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, MetaData
from sqlalchemy.orm import Mapped, mapped_column

from rowcast.database import Database
from rowcast.i18n import _
from rowcast.tables import matching_rows
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing, parse
from rowcast.tables.model import VersionedModel
from rowcast.tables.page import Page, Row, page_of
from rowcast.tables.page_dependency import PageDependency
from rowcast.tables.row_change import RowChange
from rowcast.tables.table import Column, Table
from rowcast.tables.text_normalization import fold
from rowcast.users import USERS
from tests.conftest import Outside
from tests.live.pages import NOON, state
from tests.programs import REFUSED, SqliteProgram
from tests.tables.news import news

WRITES = 70
ROWS = 70  # so that a listing has up to three pages
SYLLABLES = (*'axsk7éßſKİ%_/"', "ad", "bo", "ss", "e\u0301", "\U0001f389")
ODD = ("\0", "\ufffd", "\x1b")
COLUMNS = ("username", "email", "role", "status", "changed")
ROLES, STATUSES = ("administrator", "member"), ("active", "closed")


def text(dice: random.Random, odd: float = 0.0) -> str:
    """Return a text that others may contain."""
    made = "".join(dice.choices(SYLLABLES, k=dice.randint(1, 4)))
    if dice.random() < odd:
        made += dice.choice(ODD)
    return made.upper() if odd and dice.random() < 0.2 else made


def listing(dice: random.Random) -> Listing:
    query = {
        "q": dice.choice(["", "", text(dice), text(dice), "ada", "ssa"]),
        "role": dice.choice(["", "", "", *ROLES]),
        "status": dice.choice(["", "", "", *STATUSES]),
        "sort": dice.choice(["", *COLUMNS, *(f"-{column}" for column in COLUMNS)]),
        "page": dice.choice(["", "", "2", "3", "99"]),
        "size": dice.choice(["25", "25", "50"]),
    }
    return parse(USERS, query.items())[0]


def sqlite_statement(dice: random.Random) -> tuple[str, tuple[Any, ...]]:
    """Return something that a program may do to the table."""
    id, other, number = dice.randint(1, ROWS), dice.randint(1, ROWS), dice.randint(1, 10**9)
    name, email = text(dice, 0.2), f"{text(dice)}{number}@b.c"
    policy = dice.choice(["", "OR REPLACE", "OR REPLACE", "OR IGNORE"])
    kept = "(username, username_key, email, email_key, role, status, version, changed)"
    values = (name, name, email, dice.choice([email, email.upper()]), dice.choice(ROLES), dice.choice(STATUSES), number)
    at = f"2026-0{dice.randint(1, 9)}-01 12:00:00"
    return dice.choice(
        [
            ("INSERT INTO users (username, email, role) VALUES (?, ?, ?)", (name, email, dice.choice(ROLES))),
            (f"INSERT {policy} INTO users {kept} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, at)),
            (f"INSERT {policy} INTO users (id, username, email) VALUES (?, ?, ?)", (id, name, email)),
            (f"INSERT {policy} INTO users (username_key, email_key, username, email) VALUES (?, ?, 'x', 'y')",
             (fold(name), email)),
            ("INSERT INTO users (username, username_key, email, email_key) VALUES ('x', ?, 'y', ?)"
             " ON CONFLICT (username_key) DO UPDATE SET status = 'closed', email = 'z'", (name, email)),
            (f"UPDATE {policy} users SET username_key = (SELECT username_key FROM users WHERE id = ?),"
             " version = version + 1 WHERE id = ?", (other, id)),
            (f"UPDATE {policy} users SET {dice.choice(['id', 'rowid', '_rowid_'])} = ? WHERE id = ?", (other, id)),
            ("UPDATE users SET username = ? WHERE id = ?", (name, id)),
            ("UPDATE users SET username = ?, username_key = ?, version = version + 1 WHERE id = ?", (name, name, id)),
            ("UPDATE users SET username_key = CAST(username_key AS BLOB), version = version + 1 WHERE id = ?", (id,)),
            ("UPDATE users SET username_key = NULL, version = version + 1 WHERE id = ?", (id,)),
            ("UPDATE users SET email = ?, email_key = ?, version = version + 1 WHERE id = ?", (email, email, id)),
            (
                "UPDATE users SET username_key = CAST(? AS TEXT), version = version + 1 WHERE id = ?",
                (dice.choice([b"ad\xff", b"ad\xfe", b"\xc1\xa1d", b"a\xed\xa0\x80d"]), id),
            ),
            ("UPDATE users SET role = ? WHERE id = ?", (dice.choice(ROLES), id)),
            ("UPDATE users SET status = ? WHERE id = ?", (dice.choice(STATUSES), id)),
            ("UPDATE users SET changed = ?, version = version + 1 WHERE id = ?", (at, id)),
            ("UPDATE users SET created = ?, version = version + 1 WHERE id = ?", (at, id)),
            ("UPDATE users SET status = ? WHERE id % 9 = ?", (dice.choice(STATUSES), id % 9)),
            ("DELETE FROM users WHERE id = ?", (id,)),
            ("DELETE FROM users WHERE id BETWEEN ? AND ?", (id, id + 3)),
        ]
    )  # fmt: skip


def postgres_statement(dice: random.Random) -> tuple[str, tuple[Any, ...]]:
    """Return the same for PostgreSQL."""
    id, other, number = dice.randint(1, ROWS), dice.randint(1, ROWS), dice.randint(1, 10**9)
    name, email = text(dice, 0.2), f"{text(dice)}{number}@b.c"
    at = datetime(2026, dice.randint(1, 9), 1, 12, microsecond=dice.choice([0, 0, 500_000, 1]))  # noqa: DTZ001
    role, status = dice.choice(ROLES), dice.choice(STATUSES)
    row = "(id, username, username_key, email, email_key, role, status, changed) OVERRIDING SYSTEM VALUE VALUES"
    return dice.choice(
        [
            ("INSERT INTO users (username, email, role) VALUES (?, ?, ?)", (name, email, role)),
            (f"INSERT INTO users {row} (?, ?, ?, ?, ?, ?, ?, ?)",
             (id, name, fold(name), email, email.upper(), role, status, at)),
            (f"INSERT INTO users {row} (?, ?, ?, ?, ?, ?, ?, ?)"
             " ON CONFLICT (id) DO UPDATE SET username_key = excluded.username_key, changed = excluded.changed,"
             " version = users.version + 1", (id, name, fold(name), email, email, role, status, at)),
            ("INSERT INTO users (username, username_key, email, email_key) VALUES ('x', ?, 'y', ?)"
             " ON CONFLICT (username_key) DO UPDATE SET status = 'closed', email = 'z'", (name, email)),
            ("MERGE INTO users USING (VALUES (?::bigint, ?::text, ?::text)) AS v (id, name, email) ON users.id = v.id"
             " WHEN MATCHED AND role = 'member' THEN DELETE"
             " WHEN MATCHED THEN UPDATE SET username = v.name, email = v.email"
             " WHEN NOT MATCHED THEN INSERT (username, email) VALUES (v.name, v.email)", (id, name, email)),
            ("WITH gone AS (DELETE FROM users WHERE id = ? RETURNING username_key, email_key)"
             " INSERT INTO users (username, email) SELECT username_key || '1', email_key || '1' FROM gone", (id,)),
            ("UPDATE users SET username = a.username_key || '2' FROM (SELECT * FROM users WHERE id = ?) AS a"
             " WHERE users.id = ?", (other, id)),
            ("UPDATE users SET id = DEFAULT WHERE id = ?", (id,)),
            ("UPDATE users SET username = ? WHERE id = ?", (name, id)),
            ("UPDATE users SET username = ?::text, username_key = ?::text, version = version + 1 WHERE id = ?",
             (name, name, id)),
            ("UPDATE users SET email = ?::text, email_key = ?::text, version = version + 1 WHERE id = ?",
             (email, email, id)),
            ("UPDATE users SET role = ? WHERE id = ?", (role, id)),
            ("UPDATE users SET status = ? WHERE id = ?", (status, id)),
            ("UPDATE users SET changed = ?, version = version + 1 WHERE id = ?", (at, id)),
            ("UPDATE users SET created = ?, version = version + 1 WHERE id = ?", (at, id)),
            ("UPDATE users SET version = version - 1 WHERE id = ?", (id,)),
            ("UPDATE users SET status = ? WHERE id % 9 = ?", (status, id % 9)),
            ("DELETE FROM users WHERE id = ?", (id,)),
            ("DELETE FROM users WHERE id BETWEEN ? AND ?", (id, id + 3)),
        ]
    )  # fmt: skip


def fill(outside: Outside, dice: random.Random) -> None:
    row = "(id, username, username_key, email, email_key, role, status, changed)"
    if not isinstance(outside, SqliteProgram):
        row += " OVERRIDING SYSTEM VALUE"
    for id in range(1, ROWS + 1):
        role, status, name = dice.choice(ROLES), dice.choice(STATUSES), f"{text(dice)}{id}"
        at: Any = datetime(2026, dice.randint(1, 9), 1, 12)  # noqa: DTZ001
        if isinstance(outside, SqliteProgram):
            at = str(at)
        with suppress(*REFUSED):
            outside.execute(
                f"INSERT INTO users {row} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(id, name, fold(name), f"{id}@b.c", f"{id}@b.c", role, status, at),
            )
    if not isinstance(outside, SqliteProgram):
        outside.execute(f"ALTER TABLE users ALTER COLUMN id RESTART WITH {ROWS + 1}")


def shown(page: Page) -> tuple[object, ...]:
    return page.revision(""), page.rows, page.total, page.is_more, page.number, page.pages, page.ends


def touched(query: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    """Whether the page of ``query`` may change, which shows the rows 3 and 5, "k" to "n", of March to June."""
    asked, problems = parse(USERS, parse_qsl(query))
    assert not problems
    rows = tuple(Row(Key((id,)), b"", {}) for id in (3, 5))
    ends = {"username": ("k", "n"), "email": ("k@", "n@"), "changed": ("2026-03", "2026-06")}
    sort = asked.sort.removeprefix("-") or "username"
    pair = ends.get(sort, ("active", "active"))
    page = Page(asked, rows, 99, 2, NOON, ends=pair[::-1] if asked.sort.startswith("-") else pair)
    return PageDependency(USERS, asked).may_change(page, [RowChange(before, after, USERS.key_names)])


@pytest.mark.parametrize(
    ("query", "before", "after", "may_change"),
    [
        pytest.param("", state(3), state(3), True, id="a row of the page"),
        pytest.param("", state(4), state(3), True, id="a row that becomes one of the page"),
        pytest.param("", state(), state(role="administrator", changed="2026-07-01"), False, id="not what counts"),
        pytest.param("", None, state(username_key="a"), True, id="a new row"),
        pytest.param("", state(username_key="z"), None, True, id="a row that went"),
        pytest.param("", state(username_key="a"), state(username_key="b"), False, id="before the page as it was"),
        pytest.param("", state(username_key="y"), state(username_key="z"), False, id="after the page as it was"),
        pytest.param("", state(username_key="a"), state(username_key="z"), True, id="from before to after"),
        pytest.param("", state(username_key="a"), state(username_key="l"), True, id="into the page"),
        pytest.param("", state(2, username_key="a"), state(2, username_key="k"), False, id="equal, before by its id"),
        pytest.param(
            "", state(4, username_key="a"), state(4, username_key="k"), True, id="equal, on the page by its id"
        ),
        pytest.param("sort=-username", state(username_key="a"), state(username_key="b"), False, id="backwards, after"),
        pytest.param("sort=-username", state(username_key="a"), state(username_key="z"), True, id="backwards, over"),
        pytest.param("sort=changed", state(), state(changed="2026-07-01"), True, id="out of the middle"),
        pytest.param("sort=-changed", state(changed="2026-01-01"), state(changed="2026-07-01"), True, id="to the top"),
        pytest.param("role=administrator", state(), state(status="closed"), False, id="of another role"),
        pytest.param("role=administrator", state(), state(role="administrator"), True, id="into the role"),
        pytest.param("role=member", state(), state(role="administrator"), True, id="out of the role"),
        pytest.param("role=administrator", None, state(), False, id="a new row of another role"),
        pytest.param("q=ad", state(), state(username_key="bo"), False, id="without the text"),
        pytest.param("q=AD", state(username_key="lad"), state(username_key="LAD"), True, id="with the text, changed"),
        pytest.param("q=ad", state(username_key="LAD"), state(username_key="LAD", role="x"), False, id="with it, kept"),
        pytest.param("q=ad", None, state(email_key="ad@b.c"), True, id="with the text elsewhere"),
        pytest.param("q=%C3%9F", None, state(username_key="STRASSE"), True, id="with the text, folded"),
        pytest.param("q=s&sort=role", state(username_key="ſ"), state(username_key="s"), True, id="perhaps with it"),
        pytest.param("q=ad&role=administrator", None, state(username_key="ad"), True, id="the text alone decides"),
        pytest.param("q=zz", state(), state(username_key="\0"), True, id="NUL, where searches end"),
        pytest.param("q=zz", state(), state(email_key="\ufffd"), True, id="bytes that are no text"),
        pytest.param("q=zz", state(), state(email_key=b"m"), True, id="bytes"),
        pytest.param("q=zz", None, state(username_key=None), False, id="a row whose keys are still to come"),
    ],
)
def test_only_what_can_change_a_page_touches_it(
    query: str, before: dict[str, Any] | None, after: dict[str, Any] | None, may_change: bool
) -> None:
    assert touched(query, before, after) is may_change


def test_of_a_page_whose_ends_cannot_be_compared_nothing_is_said() -> None:
    for ends in (None, (datetime(2026, 3, 1), datetime(2026, 6, 1)), ("a\ufffd", "b")):  # noqa: DTZ001
        page = Page(Listing(), (Row(Key((3,)), b"", {}), Row(Key((5,)), b"", {})), 99, 1, NOON, ends=ends)
        touch = RowChange(state(username_key="x"), state(username_key="y"), USERS.key_names)
        assert PageDependency(USERS, Listing()).may_change(page, [touch])


class Task(VersionedModel):
    """A row whose values have an order of their own on PostgreSQL."""

    __tablename__ = "tasks"
    metadata = MetaData()

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[Literal["low", "medium", "high"]]


def test_of_a_page_in_the_order_of_an_enum_nothing_is_said() -> None:
    class Draft(BaseModel):
        pass

    level = Column("level", _("Role"), Task.level)
    tasks = Table("tasks", "task", _("Users"), Task, Draft, (level,), "level", {})
    page = Page(Listing(), (Row(Key((3,)), b"", {}), Row(Key((5,)), b"", {})), 99, 1, NOON, ends=("medium", "medium"))
    touch = RowChange({"id": 9, "level": "low"}, {"id": 9, "level": "high"}, tasks.key_names)
    assert PageDependency(tasks, Listing()).may_change(page, [touch])


@pytest.mark.parametrize("counted", [20, 10_000])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
async def test_what_is_said_to_leave_a_page_as_it_is_leaves_it_so(
    seed: int, counted: int, database: Database, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching_rows, "COUNTED", counted)
    dice = random.Random(seed)
    fill(outside, dice)
    told = Counter[tuple[bool, bool]]()
    listings = [listing(dice) for _ in range(24)]
    bases = {asked: PageDependency(USERS, asked) for asked in listings}
    now: dict[Listing, Page] = {}

    def pages(connection: Connection) -> dict[Listing, Page]:
        return {asked: page_of(connection, USERS, asked) for asked in bases}

    write = sqlite_statement if isinstance(outside, SqliteProgram) else postgres_statement
    async with news(database, outside, USERS) as touched_since:
        for _ in range(WRITES):
            for _ in range(dice.choice([1, 1, 1, 3])):
                sql, values = write(dice)
                with suppress(*REFUSED):
                    outside.execute(sql, *values)
            changes = await touched_since()
            before, now = now, await database.query(pages)
            for asked, page in before.items():
                may_change = changes is None or bases[asked].may_change(page, changes)
                is_same = shown(now[asked]) == shown(page)
                told[may_change, is_same] += 1
                assert may_change or is_same, f"{asked.query!r} is not what it was after {sql!r} {values!r}: {changes}"
    # This proves nothing unless pages changed, and many were rightly said not to.
    assert told[True, False] > 60, told
    assert told[False, True] > 600, told
