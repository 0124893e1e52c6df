"""Writers that remember what the server confirmed, so that a lost write can be told from one in doubt."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

import httpx

from tests.running import ADD_USER, Server


class Writer:
    """Adds, edits and deletes users of its own, ``rate`` times a second."""

    def __init__(self, name: str, rate: float, dice: random.Random) -> None:
        self.name, self.rate, self.dice = name, rate, dice
        self.statuses: Counter[int] = Counter()
        self.confirmed = 0
        self.doubts = 0  # writes that the server did not answer
        self.count = 0
        self._emails: dict[str, str | None] = {}  # as confirmed, by user name; None: deleted
        self._doubt: tuple[str, str | None] | None = None  # the write that has not been answered
        self._ids: dict[str, int] = {}

    async def write(self, server: Server) -> None:
        """Write until the connection breaks."""
        async with httpx.AsyncClient(base_url=server.address, headers={"Accept": "application/json"}) as client:
            loop = asyncio.get_running_loop()
            due = loop.time() + self.dice.random() / self.rate
            try:
                while True:
                    await asyncio.sleep(due - loop.time())
                    due += 1 / self.rate
                    await self._write_one(client)
            except httpx.TransportError:
                self.doubts += self._doubt is not None

    def lost(self, now: dict[str, str]) -> int:
        """Return how many confirmed writes are missing from ``now`` (e-mail by user name)."""
        if self._doubt is not None:
            name, email = self._doubt
            if now.get(name) == email:
                self._emails[name] = email
        self._doubt = None
        return sum(now.get(name) != email for name, email in self._emails.items())

    async def _write_one(self, client: httpx.AsyncClient) -> None:
        self.count += 1
        living = [name for name, email in self._emails.items() if email is not None and name in self._ids]
        email = f"{self.name}.{self.count}@example.org"
        chance = self.dice.random()
        if not living or chance < 0.2:
            name = f"{self.name} {self.count}"
            self._doubt = name, email
            response = await client.post("/users", json={"username": name, "email": email})
            if response.is_success:
                self._ids[name] = response.json()["id"]
        elif chance < 0.9:
            name = self.dice.choice(living)
            self._doubt = name, email
            response = await client.patch(f"/users/{self._ids[name]}", json={"email": email})
        else:
            name = self.dice.choice(living)
            self._doubt = name, None
            response = await client.delete(f"/users/{self._ids[name]}")
        self.statuses[response.status_code] += 1
        if response.is_success:
            self._emails[name] = self._doubt[1]
            self.confirmed += 1
        self._doubt = None


class Counting:
    """Adds a user, then counts up in its address; ``confirmed`` is how far the server said that it came."""

    def __init__(self, number: int) -> None:
        self.name = f"w{number} counting"
        self.confirmed = self.tried = 0
        self.statuses: Counter[int] = Counter()
        self._number = number
        self._path = ""

    async def write(self, server: Server, stop: asyncio.Event) -> None:
        """Write until told to stop."""
        accept = {"Accept": "application/json"}
        async with httpx.AsyncClient(base_url=server.address, headers=accept, timeout=30) as client:
            while not stop.is_set():
                self.tried += 1
                fields = {"username": self.name, "email": f"w{self._number}.{self.tried}@example.org"}
                response = await client.request("PATCH" if self._path else "POST", self._path or "/users", json=fields)
                self.statuses[response.status_code] += 1
                if response.is_success:
                    self.confirmed = self.tried
                    self._path = self._path or response.headers["Location"]
                elif response.status_code == 422:  # the first one was in doubt, and is there
                    self._path = await self._find(client)
                else:
                    assert response.status_code == 503, response.text
                    assert int(response.headers["Retry-After"]) > 0
                await asyncio.sleep(0.02)

    async def _find(self, client: httpx.AsyncClient) -> str:
        (row,) = (await client.get("/users", params={"q": self.name})).raise_for_status().json()["rows"]
        return f"/users/{row['id']}"

    def is_lost(self, emails: dict[str, str]) -> bool:
        """Whether the database holds less than was confirmed."""
        held = emails.get(self.name, f"w{self._number}.0@").partition("@")[0].partition(".")[2]
        return not self.confirmed <= int(held) <= self.tried


class Program:
    """Another program that adds users to the same file, ``rate`` a second; ``confirmed`` are their names."""

    def __init__(self, server: Server, rate: float) -> None:
        self.confirmed: set[str] = set()
        self._server, self._rate = server, rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Program:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._server.file, timeout=10, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = NORMAL")
            due = time.monotonic()
            while not self._stop.wait(due - time.monotonic()):
                due += 1 / self._rate
                name = f"p {time.monotonic_ns()}"
                connection.execute(ADD_USER, (name, f"{time.monotonic_ns()}@example.org", "member", "active"))
                self.confirmed.add(name)


def in_file(server: Server) -> tuple[dict[str, str], int]:
    """Return the e-mail addresses by user name, and the number of recorded changes; the file must be sound."""
    with closing(sqlite3.connect(server.file, timeout=10)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        emails = dict(connection.execute("SELECT username, email FROM users").fetchall())
        return emails, connection.execute("SELECT count(*) FROM changes").fetchone()[0]
