"""What is seen from outside: health, metrics, and the log lines of requests and streams."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from quart import Quart

from rowcast.database import Database
from tests.conftest import Outside, make_user
from tests.routes.following import following


async def samples(app: Quart) -> dict[str, float]:
    """Return what /metrics tells, by name and label."""
    text = await (await app.test_client().get("/metrics")).get_data(as_text=True)
    return {
        "/".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_process_that_answers_is_live_and_one_with_its_tables_is_ready(app: Quart, outside: Outside) -> None:
    client = app.test_client()
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/health/ready")).status_code == 200
    outside.execute("UPDATE alembic_version SET version_num = '0004'")
    assert (await client.get("/health/ready")).status_code == 503
    assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("lacks", ["changes", "users"])
async def test_without_a_table_that_pages_need_a_process_is_not_ready(app: Quart, outside: Outside, lacks: str) -> None:
    outside.execute(f"DROP TABLE {lacks}")
    assert (await app.test_client().get("/health/ready")).status_code == 503


@pytest.mark.only("sqlite")  # an index on PostgreSQL, and no page needs it there
async def test_without_the_table_that_searches_need_a_process_is_not_ready(app: Quart, outside: Outside) -> None:
    outside.execute("DROP TABLE users_search")
    assert (await app.test_client().get("/health/ready")).status_code == 503


@pytest.mark.only("sqlite")
async def test_without_its_database_a_process_is_not_ready(app: Quart, tmp_path: Path) -> None:
    for file in (tmp_path / name for name in ("rowcast.db", "rowcast.db-wal", "rowcast.db-shm")):
        file.unlink(missing_ok=True)
    assert (await app.test_client().get("/health/ready")).status_code == 503


async def test_the_metrics_count_streams_frames_and_bytes(app: Quart, database: Database) -> None:
    await make_user(database, "Bob")  # to change a row: the first of a listing replaces the nothing there was
    before = await samples(app)
    assert before["rowcast_subscribers"] == before["rowcast_feeds"] == 0
    async with following(app.test_client()) as stream:
        await stream.next()
        during = await samples(app)
        assert during["rowcast_subscribers"] == during["rowcast_feeds"] == 1
        assert during["rowcast_frames_total/replacing"] == 1
        await make_user(database, "Ada")
        await stream.next()
        after = await samples(app)
        assert after["rowcast_frames_total/incremental"] == 1
        assert after["rowcast_bytes_total"] > during["rowcast_bytes_total"] > 0
        assert after["rowcast_refresh_seconds_count"] >= 1
        assert after["rowcast_change_to_write_seconds_count"] == 1
    ended = await samples(app)
    assert ended["rowcast_subscribers"] == 0
    assert ended["rowcast_streams_ended_total/left"] == 1
    assert ended["rowcast_bytes_total"] == after["rowcast_bytes_total"], "what was written stays counted"


async def test_each_request_and_each_streams_end_is_one_line(app: Quart, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rowcast")
    await app.test_client().get("/users?q=ada", headers={"Host": "elsewhere"})
    async with following(app.test_client(), "?q=ada") as stream:
        await stream.next()
    refused, opened, ended = (vars(record) for record in caplog.records)
    assert (refused["message"], refused["path"], refused["status"]) == ("request", "/users?q=ada", 400)
    assert (opened["message"], opened["path"], opened["status"]) == ("request", "/users/stream?q=ada", 200)
    assert (ended["message"], ended["listing"], ended["reason"], ended["frames"]) == (
        "stream ended",
        "q=ada",
        "left",
        1,
    )
