"""What every peer does with an edit: change the row in SQLite, and render it as Rowcast does."""

import os
import sqlite3
from html import escape

CHANGED = {"changed": "2026-11-22T16:41:00Z"}
COUNT = int(os.environ.get("ROWS", "50"))
ROW = (
    '<tr id="user-{0}"><th scope="row"><a id="n{0}" href="/users/{0}"><bdi>Xeanan Olyojo {0}</bdi></a></th>'
    "<td><bdi>{1}</bdi></td>"
    '<td><button id="s{0}" form="f{0}" name="role" value="administrator" class="member">Member</button></td>'
    '<td><button id="t{0}" form="f{0}" name="status" value="closed" class="active">Active</button></td>'
    '<td><time datetime="2026-11-22T16:41Z">Nov 22, 2026, 16:41</time></td>'
    '<td><form id="f{0}" method="post" action="/users/{0}"></form><a id="e{0}" href="/users/{0}/edit">Edit</a>'
    '<a id="d{0}" href="/users/{0}/delete">Delete</a></td></tr>'
)

# One that many threads may use: each statement is a transaction of its own.
database = sqlite3.connect("peer.db", isolation_level=None, check_same_thread=False)
database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE)")
database.executemany("INSERT INTO users (email) VALUES (?)", [(f"user{n}@example.org",) for n in range(1, COUNT + 1)])


def edit(number: int, email: str) -> str:
    """Change a user, and return the row as HTML."""
    database.execute("UPDATE users SET email = ? WHERE id = ?", (email, number))
    return row(*database.execute("SELECT id, email FROM users WHERE id = ?", (number,)).fetchone())


def row(number: int, email: str) -> str:
    """Return a row as HTML."""
    return ROW.format(number, escape(email))


def table() -> list[dict[str, object]]:
    """Return the whole table, as the tutorials send it."""
    return [
        {"id": number, "username": f"Xeanan Olyojo {number}", "email": email, "role": "member", "status": "active"}
        | CHANGED
        for number, email in database.execute("SELECT id, email FROM users")
    ]
