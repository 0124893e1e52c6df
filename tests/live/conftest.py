"""A source that can change, be slow and fail, and a feed of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rowcast.live.feed import Feed
from rowcast.live.html_encoder import HtmlEncoder
from tests.live.pages import DEPENDENCY, RENDERER
from tests.live.source import Source


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def feed(source: Source) -> AsyncIterator[Feed]:
    made = Feed(source.read, HtmlEncoder(RENDERER), DEPENDENCY, heartbeat=60, remembered=32)
    await made.start()
    yield made
    made.stop()
