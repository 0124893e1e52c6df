"""Servers for the scenarios."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.running import Server, running

Serve = Callable[..., Server]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let the scenarios follow each other, but for those that measure and run when nothing else does."""
    if not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group("long"))


@pytest.fixture(scope="session", autouse=True)
def many_files() -> None:
    """Let this process have as many connections open as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server with settings; it is stopped when the test ends."""
    with ExitStack() as stack:

        def start(**settings: object) -> Server:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(running(folder, **{"streams_per_client": 5000, **settings}))

        yield start
