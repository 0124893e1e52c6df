"""Rows and history that other programs wrote, and tables that they changed: never an error of ours for a page."""

from __future__ import annotations

import asyncio

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from tests.conftest import Outside
from tests.routes.asking import ADA, FORMATS, JSON, PAGE, ask
from tests.routes.following import PATIENCE, following

LARGEST = 2**63 - 1
LINE = (
    'INSERT INTO changes (table_name, row_key, at, "by", verb, "before", "after")'
    " VALUES ('users', '1', {}, {}, {}, {}, {})"
)
MOMENT = "'2026-01-02 03:04:05'"
ROLE = """'{"role": "member"}'"""
LINES = {
    "null": (MOMENT, "'x'", "'edit'", "NULL", "NULL"),
    "JSON null": (MOMENT, "'x'", "'edit'", "'null'", "'null'"),
    "a list": (MOMENT, "'x'", "'edit'", "'[1]'", "'[1]'"),
    "a number": (MOMENT, "'x'", "'edit'", "'1'", "'1'"),
    "a field that was not there": (MOMENT, "'x'", "'edit'", "'{}'", ROLE),
    "a field that is gone": (MOMENT, "'x'", "'edit'", """'{"age": 1}'""", """'{"age": 2, "": 3}'"""),
    "values of any kind": (MOMENT, "'x'", "'edit'", """'{"role": {"a": []}}'""", """'{"role": [null, {"b": 1.5}]}'"""),
    "no value": (MOMENT, "'x'", "'edit'", """'{"role": null}'""", """'{"role": true}'"""),
    "another verb": (MOMENT, "'x'", "'hide'", "NULL", "NULL"),
    "added with less": (MOMENT, "'x'", "'create'", "NULL", "NULL"),
}
ONLY_SQLITE = {
    "no JSON": (MOMENT, "'x'", "'edit'", "'{'", "'}'"),
    "bytes": ("x'ff'", "x'ff'", "x'ff'", "x'ff'", "x'ff'"),
    "no moment": ("'yesterday'", "1", "2.5", "3", "4"),
    "a deep pit": (MOMENT, "'x'", "'edit'", f"'{'[' * 90_000}'", f"'{'[' * 90_000}'"),
    "a long number": (MOMENT, "'x'", "'edit'", f"'{'9' * 5000}'", f"'{'9' * 5000}'"),
}
ONLY_POSTGRESQL = {
    "the end of time": ("'infinity'", "'x'", "'edit'", ROLE, ROLE),
    "before our years": ("'0044-03-15 BC'", "'x'", "'edit'", ROLE, ROLE),
}


@pytest.fixture
async def ada(client: Client) -> Client:
    """A client; there is one user."""
    assert (await ask(client, "POST", "/users", JSON, json=ADA)).status == 201
    return client


async def all_are_shown(client: Client, key: int = 1) -> None:
    for path in ("/users", f"/users/{key}", f"/users/{key}/edit", f"/users/{key}/delete", "/users?sort=-changed&q=ada"):
        for reader in FORMATS.values():
            got = await ask(client, "GET", path, reader)
            assert got.status in (200, 406), (path, got.text)


async def test_a_line_of_history_is_shown_whatever_it_is(ada: Client, outside: Outside, dialect: str) -> None:
    lines = LINES | (ONLY_SQLITE if dialect == "sqlite" else ONLY_POSTGRESQL)
    for name, values in lines.items():
        outside.execute(LINE.format(*values))
        for reader in FORMATS.values():
            assert (await ask(ada, "GET", "/users/1", reader)).status == 200, name
    shown = (await ask(ada, "GET", "/users/1", PAGE)).html.text_content()
    assert "age: 1 2" in " ".join(shown.split())
    assert "added it" in shown, "the others are there as well"


async def test_the_largest_id_is_one_like_others(ada: Client, outside: Outside, dialect: str) -> None:
    always = "" if dialect == "sqlite" else "OVERRIDING SYSTEM VALUE"
    outside.execute(f"INSERT INTO users (id, username, email) {always} VALUES ({LARGEST}, 'Zoe', 'zoe@example.org')")
    await all_are_shown(ada, LARGEST)
    edited = await ask(ada, "PATCH", f"/users/{LARGEST}", JSON, json={"role": "administrator"})
    assert (edited.status, edited.json["id"]) == (200, LARGEST)


@pytest.mark.parametrize("reader", FORMATS)
async def test_when_no_number_is_left_for_a_row_that_is_said(
    client: Client, outside: Outside, dialect: str, reader: str
) -> None:
    if dialect == "sqlite":
        outside.execute("INSERT INTO sqlite_sequence VALUES ('users', 9223372036854775807)")
    else:
        outside.execute(f"SELECT setval(pg_get_serial_sequence('users', 'id'), {LARGEST})")
    got = await ask(client, "POST", "/users", FORMATS[reader], form=ADA)
    assert got.status == 507
    assert "takes no more" in got.text


@pytest.mark.parametrize("version", [LARGEST, -1, -(2**63), 0])
async def test_any_version_can_be_edited_and_is_another_afterwards(ada: Client, outside: Outside, version: int) -> None:
    outside.execute(f"UPDATE users SET version = {version}")
    await all_are_shown(ada)
    for role in ("administrator", "member"):
        shown = await ask(ada, "GET", "/users/1/edit", PAGE)
        sent = {**ADA, "role": role, "version": shown.hidden["version"]}
        got = await ask(ada, "POST", "/users/1", JSON, form=sent)
        assert (got.status, got.json["role"]) == (200, role), got.text
        assert str(got.json["version"]) != shown.hidden["version"]
        late = await ask(ada, "POST", "/users/1", JSON, form={**sent, "status": "closed"})
        assert late.status == 409, "the version that was seen is not that of the row any more"


@pytest.mark.only("sqlite")
async def test_a_moment_that_is_none_is_shown_as_it_is(ada: Client, outside: Outside) -> None:
    outside.execute("PRAGMA ignore_check_constraints = ON")
    outside.execute("UPDATE users SET changed = 'yesterday', created = 7, version = 5")
    await all_are_shown(ada)
    assert "yesterday" in (await ask(ada, "GET", "/users", PAGE)).text
    async with following(ada) as stream:
        assert "/users" in (await stream.next()).data
        outside.execute("UPDATE users SET changed = '', version = 6")
        assert (await stream.next()).data


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("change", ["role TYPE varchar(40)", "changed TYPE timestamptz", "changed TYPE text"])
async def test_after_a_column_got_another_type_every_page_is_shown_at_once(
    ada: Client, outside: Outside, change: str
) -> None:
    async with following(ada) as stream:
        await stream.next()
        for _ in range(7):  # as often as makes PostgreSQL and the driver keep what was prepared
            await all_are_shown(ada)
        if "changed" in change:
            outside.execute("ALTER TABLE users DROP CONSTRAINT changed_moment")
        outside.execute(f"ALTER TABLE users ALTER COLUMN {change}")
        await all_are_shown(ada)
        outside.execute("UPDATE users SET username = 'Bea', version = version + 1")
        assert "Bea" in (await stream.next()).data


@pytest.mark.parametrize(
    "lacks", ["ALTER TABLE users RENAME TO lost", "ALTER TABLE users RENAME COLUMN created TO born"]
)
@pytest.mark.parametrize("reader", FORMATS)
async def test_tables_that_are_not_as_they_should_be_are_503_until_they_are_again(
    ada: Client, dialect: str, outside: Outside, caplog: pytest.LogCaptureFixture, lacks: str, reader: str
) -> None:
    outside.execute(lacks)
    for method, path, sent in (("GET", "/users", {}), ("GET", "/users/1", {}), ("GET", "/users/stream", {}),
                               ("POST", "/users/1", {"form": {"role": "administrator"}})):  # fmt: skip
        got = await ask(ada, method, path, FORMATS[reader], **sent)
        assert got.status == 503, path
        assert int(got.headers["Retry-After"]) > 0
        assert "The database is not as it should be." in got.text
    reason = {"sqlite": "no such", "postgresql": "does not exist"}[dialect]
    assert reason in caplog.text
    assert (await ask(ada, "GET", "/health/ready", PAGE)).status == 503
    old, new = ("lost", "users") if "lost" in lacks else ("users", "COLUMN born TO created")
    outside.execute(f"ALTER TABLE {old} RENAME {'TO ' * (new == 'users')}{new}")
    assert (await ask(ada, "GET", "/users", FORMATS[reader])).status == 200
    assert (await ask(ada, "GET", "/health/ready", PAGE)).status == 200


@pytest.fixture
async def hurried(app: Quart, outside: Outside) -> Quart:
    """An app whose statements PostgreSQL cancels after a tenth of a second, on connections that it makes from now."""
    outside.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 100', current_database()); END $$"
    )
    outside.execute(
        "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND query NOT LIKE 'LISTEN%'"
    )
    return app


@pytest.mark.only("postgresql")
@pytest.mark.parametrize("reader", FORMATS)
async def test_what_took_too_long_is_503_and_passes(hurried: Quart, outside: Outside, reader: str) -> None:
    client = hurried.test_client()
    outside.execute("BEGIN")
    outside.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
    for method, path, sent in (("GET", "/users", {}), ("GET", "/users.csv", {}), ("GET", "/users/stream", {}),
                               ("POST", "/users", {"form": ADA})):  # fmt: skip
        got = await ask(client, method, path, FORMATS[reader], **sent)
        assert got.status == 503, path
        assert int(got.headers["Retry-After"]) > 0
    outside.execute("ROLLBACK")
    async with asyncio.timeout(PATIENCE):
        while (await ask(client, "POST", "/users", JSON, form=ADA)).status != 201:  # a tenth of a second can be little
            pass
