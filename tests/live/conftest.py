"""A source that can change, be slow and fail, and a feed of it; and a clock of their own for tests marked ``clock``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from rowcast.live.feed import Feed
from rowcast.live.html_encoder import HtmlEncoder
from tests.live.clock import ClockLoop
from tests.live.pages import DEPENDENCY, RENDERER
from tests.live.source import Source


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Choose the event loop."""
    return {"clock": ClockLoop} if item.get_closest_marker("clock") else {"real": asyncio.new_event_loop}


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def feed(source: Source) -> AsyncIterator[Feed]:
    made = Feed(source.read, HtmlEncoder(RENDERER), DEPENDENCY, heartbeat=60, remembered=32)
    await made.start()
    yield made
    made.stop()
