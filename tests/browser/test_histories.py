"""The promise, in real Chromium with real htmx: after edits, cuts and kills every tab equals a fresh one.

The model that judges the hundreds of histories in ``tests/live`` is judged here: it must make of each tab's page and
stream what htmx made of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.browser.cutter import cutting
from tests.browser.stories import Story
from tests.running import running

HISTORIES = 30
TOGETHER = 5  # each on a server of its own
STEPS = 8


@pytest.fixture(scope="module")
def stories(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Story]]:
    with ExitStack() as stack:
        starting = [running(tmp_path_factory.mktemp("stories")) for _ in range(TOGETHER)]
        with ThreadPoolExecutor() as pool:
            servers = list(pool.map(stack.enter_context, starting))
        made = [Story(chromium, server, stack.enter_context(cutting(server.port))) for server in servers]
        for story in made:
            stack.callback(story.close)
        yield made
        counts = sum((story.counts for story in made), Counter[str]())
    if counts["ended"] == HISTORIES:  # not when one of the tests was run alone
        # All of it proves little unless streams were disturbed and came back, and unless steps did the work.
        faults = ("cut", "cut at a byte", "refused", "stalled", "hidden", "killed")
        assert all(counts[fault] for fault in faults), counts
        assert counts["connected again"] > counts["ended"], counts
        assert counts["steps"] > counts["replaced"], counts


@pytest.mark.parametrize("first", range(0, HISTORIES, TOGETHER))
def test_every_tab_converges_whatever_happened(stories: list[Story], first: int) -> None:
    for seed, story in enumerate(stories, first):
        story.begin(seed)
    for step in range(STEPS):
        for story in stories:
            story.step()
        if step == STEPS // 2:
            stories[first % 3].restart()
    for story in stories:
        story.end()
