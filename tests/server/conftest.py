"""Servers for the tests: one that most of them share, and any number with settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.running import Server, running

Serve = Callable[..., Server]
WORDS = (f"kin{number}x" for number in count())


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that ask for no settings."""
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """The shared server, with no users."""
    shared_server.execute("DELETE FROM users")
    return shared_server


@pytest.fixture
def word() -> str:
    """A word that no other test uses: a search for it is a listing that no feed keeps warm from an earlier test."""
    return next(WORDS)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server with settings; it is stopped when the test ends."""
    with ExitStack() as stack:

        def start(**settings: object) -> Server:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(running(folder, **settings))

        yield start
