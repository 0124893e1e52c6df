"""Writes of every kind: by the program and past it, one row and hundreds in one transaction, plain text and hostile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from string import ascii_lowercase
from typing import Any

from sqlalchemy import Connection, text

from rowcast.database import Busy
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.tables.row_writes import RowNotFound, ValueTaken
from rowcast.users import USERS
from tests.live.pages import NAMES
from tests.live.world import World

ROLES, STATUSES = ("administrator", "member"), ("active", "closed")
HOSTILE = (
    "a\rid: {0}\r\rdata: {0}",
    "a\nid: {0}\n\ndata: {0}",
    "\r\n\r\nevent: bye\r\ndata: {0}",
    "</tr><tr id=user-{0}>",
    "</hx-partial><hx-partial hx-target='#users'>{0}",
    "</bdi>{0}\0\0",  # a search in SQLite ends at NUL, so nothing to be found comes after it
    "\u202e{0} נעמה\u2066 \U0001f469\u200d\U0001f680",
    "{0}\u2028\u0085\x0b\x0c\x1b",
)
FILL = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
    INSERT INTO users (username, email, role, status)
    SELECT '{word} ' || (i * 37 % 1009), '{word}' || i || '@example.org',
           CASE WHEN i % 5 = 0 THEN 'administrator' ELSE 'member' END,
           CASE WHEN i % 4 = 0 THEN 'closed' ELSE 'active' END FROM n
"""
Unit = Callable[[Connection], Any]


class Writer:
    """Makes changes of all kinds to the users of ``world``, and counts them."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.made: Counter[str] = Counter()
        self._world = world
        self._dice = dice
        self._kinds: Mapping[Callable[[], Awaitable[None]], int] = {
            self.create: 12,
            self.edit: 12,
            self.delete: 4,
            self.burst: 3,
            self.bulk: 1,
            self.past: 10,
            self.past_hostile: 6,
            self.past_bulk: 1,
            self.past_many: 3,
            self.past_uncounted: 5,
            self.past_replacing: 5,
        }

    def fill(self, count: int) -> None:
        """Begin with ``count`` users."""
        if count:
            self._world.execute(FILL.format(count=count, word="user"))

    async def write(self) -> None:
        """Make one change."""
        (kind,) = self._dice.choices(list(self._kinds), list(self._kinds.values()))
        self.made[kind.__name__.replace("_", " ")] += 1
        await kind()

    async def create(self) -> None:
        """Add a user."""
        fields = self._fields()
        await self._commit(lambda connection: row_writes.create(connection, USERS, fields, by="tests"))

    async def edit(self) -> None:
        """Change one or two fields."""
        fields, key = self._fields(), Key((self._id(),))
        some = {name: fields[name] for name in self._dice.choice([["username"], ["role", "status"], ["status"]])}
        await self._commit(lambda connection: row_writes.edit(connection, USERS, key, some, version=None, by="tests"))

    async def delete(self) -> None:
        """Delete a user."""
        key = Key((self._id(),))
        await self._commit(lambda connection: row_writes.delete(connection, USERS, key, version=None, by="tests"))

    async def burst(self) -> None:
        """Change several at once, each in its own transaction."""
        await asyncio.gather(self.edit(), self.create(), self.edit(), self.delete())

    async def bulk(self) -> None:
        """Add hundreds in one transaction of the program."""
        values = {"count": self._dice.randint(200, 400), "word": f"bulk{self._dice.randint(1, 10**6)}"}
        await self._commit(lambda connection: connection.execute(text(FILL.format(**values))))

    async def past(self) -> None:
        """Add, change or delete one row past the program."""
        id, other = self._id(), self._dice.randint(100, 999)
        match self._dice.randint(0, 2):
            case 0:
                self._world.execute(
                    "INSERT INTO users (username, email) VALUES (?, ?)", f"Other {other}", f"{other}@example.org"
                )
            case 1:
                self._world.execute("UPDATE users SET role = ? WHERE id = ?", self._dice.choice(ROLES), id)
            case 2:
                self._world.execute("DELETE FROM users WHERE id = ?", id)

    async def past_hostile(self) -> None:
        """Store text past the program that the program would refuse, and bytes that are no text."""
        id, text = self._id(), self._dice.choice(HOSTILE).format(self._id())
        if self._dice.random() < 0.1 and self._world.url.startswith("sqlite"):  # PostgreSQL keeps none
            self._world.execute("UPDATE users SET username = CAST(? AS TEXT) WHERE id = ?", b"\xff\xfe%d" % id, id)
        self._world.execute("UPDATE users SET username = ? WHERE id = ?", text, id)

    async def past_bulk(self) -> None:
        """Change, or delete, hundreds of rows in one transaction."""
        status, seventh = self._dice.choice(STATUSES), self._dice.randint(0, 6)
        if self._dice.random() < 0.5:
            self._world.execute("UPDATE users SET status = ? WHERE id % 7 <> ?", status, seventh)
        else:
            self._world.execute("DELETE FROM users WHERE id > 60 AND id % 7 <> ?", seventh)

    async def past_many(self) -> None:
        """Change or delete some neighbours in one transaction: their order changes, and with it the pages."""
        first, count = self._id(), self._dice.choice([3, 10, 30])
        if self._dice.random() < 0.7:
            letter = "substr(CAST(? AS TEXT), CAST(1 + id * ? % 26 AS INTEGER), 1)"
            sql = f"UPDATE users SET username = {letter} || username WHERE id BETWEEN ? AND ?"
            self._world.execute(sql, ascii_lowercase, self._dice.randint(1, 25), first, first + count)
        else:
            self._world.execute("DELETE FROM users WHERE id BETWEEN ? AND ?", first, first + count)

    async def past_uncounted(self) -> None:
        """Change a row as an older backup does that is loaded: the version is the same, the text is not."""
        id, role = self._id(), self._dice.choice(ROLES)
        self._world.execute_many(
            ("UPDATE users SET role = ?, username = 'Old ' || id, version = version + 1 WHERE id = ?", (role, id)),
            ("UPDATE users SET version = version - 1 WHERE id = ?", (id,)),
        )

    async def past_replacing(self) -> None:
        """Put a row in the place of another, as a program does that knows no edits; SQLite tells no trigger."""
        id, number = self._id(), self._dice.randint(1, 10**6)
        name, email = f"{self._dice.choice(['Old', 'new', 'User 1'])} {number}", f"{number}@example.com"
        if self._world.url.startswith("sqlite"):
            self._world.execute("INSERT OR REPLACE INTO users (id, username, email) VALUES (?, ?, ?)", id, name, email)
        else:
            insert = "INSERT INTO users (id, username, email) OVERRIDING SYSTEM VALUE VALUES (?, ?, ?)"
            self._world.execute_many(("DELETE FROM users WHERE id = ?", (id,)), (insert, (id, name, email)))

    async def _commit(self, unit: Unit) -> None:
        def forgiving(connection: Connection) -> None:
            with suppress(ValueTaken, RowNotFound):
                unit(connection)

        hears = self._dice.random() < 0.7
        try:
            await self._world.database.write(forgiving)
        except Busy:
            self.made["refused"] += 1  # the disk of a busy machine can keep a write waiting
        if hears:
            self._world.signal.committed()  # else the poll finds it

    def _fields(self) -> dict[str, str]:
        dice = self._dice
        name = f"{dice.choice(NAMES)} {dice.randint(1, 40)}".replace("\r", " ")
        email = f"x{dice.randint(1, 300)}@example.org"
        return {"username": name, "email": email, "role": dice.choice(ROLES), "status": dice.choice(STATUSES)}

    def _id(self) -> int:
        return self._dice.randint(1, 90)
