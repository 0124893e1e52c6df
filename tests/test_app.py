"""The app as a whole: what it opened it closes, also when it does not start."""

from __future__ import annotations

import asyncio

import pytest
from quart.testing.app import LifespanError

from rowcast.app import create_app
from rowcast.config import Settings
from tests.conftest import Outside
from tests.ports import free_port

PATIENCE = 20.0  # seconds
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


@pytest.mark.only("postgresql")
async def test_an_app_that_does_not_start_leaves_no_connection_open(settings: Settings, outside: Outside) -> None:
    nowhere = f"postgresql://127.0.0.1:{free_port()}/nothing"
    app = create_app(Settings(database=settings.database, listen=nowhere))
    with pytest.raises(LifespanError, match="No LISTEN"):
        async with app.test_app():
            pass
    async with asyncio.timeout(PATIENCE):
        while outside.execute(OTHERS) != [(0,)]:  # noqa: ASYNC110  another process, which ends a moment later
            await asyncio.sleep(0.01)
