"""A source that can change, be slow and fail, and a feed of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.live.pages import BASIS, RENDERER
from tests.live.source import Source
from webapp.live.encoders import Parts
from webapp.live.feed import Feed


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def feed(source: Source) -> AsyncIterator[Feed]:
    made = Feed(source.read, Parts(RENDERER), BASIS, heartbeat=60, remembered=32)
    await made.start()
    yield made
    made.stop()
