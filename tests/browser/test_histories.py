"""The promise, in real Chromium with real htmx: after edits, cuts and kills every window equals a fresh one.

The model that judges the hundreds of histories in ``tests/live`` is judged here: it must make of each window's page and
stream what htmx made of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.browser.stories import WINDOWS, Story
from tests.running import running

TOGETHER = 3  # each on a server of its own
STEPS = 7


@pytest.fixture(scope="module")
def stories(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Story]]:
    with ExitStack() as stack:
        servers = [stack.enter_context(running(tmp_path_factory.mktemp("stories"))) for _ in range(TOGETHER)]
        made = [Story(chromium, server) for server in servers]
        yield made
        for story in made:
            story.close()


@pytest.mark.parametrize("first", range(0, 30, 6))
def test_every_window_converges_whatever_happened(stories: list[Story], first: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(first, first + 6, TOGETHER):
        for number, story in enumerate(stories):
            story.counts.clear()
            story.begin(seed + number)
        for _ in range(STEPS):
            for story in stories:
                story.step()
        if seed % 2:
            stories[seed % TOGETHER].restart()
        for story in stories:
            story.end()
            counts += story.counts
    # This proves little unless connections were cut, and unless steps did the work.
    assert counts["connection"] > 6 * WINDOWS + 3, counts
    assert counts["kill"] == 1
    assert counts["steps"] > counts["whole"], counts
