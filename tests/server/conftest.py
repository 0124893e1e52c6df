"""Servers for the tests: one that most of them share, and any number with settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.running import Server, running
from tests.serving import serving

Serve = Callable[..., Server]
WORDS = (f"kin{number}x" for number in count())


@pytest.fixture(scope="package")
def shared_servers(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Server]]:
    """One server on each kind of database for all tests that ask for no settings."""
    with serving(tmp_path_factory, request) as servers:
        yield servers


@pytest.fixture
def server(shared_servers: Callable[[str], Server], dialect: str) -> Server:
    """The shared server, with no users."""
    server = shared_servers(dialect)
    server.execute("DELETE FROM users")
    return server


@pytest.fixture
def word() -> str:
    """A word that no other test uses: a search for it is a listing that no feed keeps warm from an earlier test."""
    return next(WORDS)


@pytest.fixture
def serve(tmp_path: Path, dialect: str, request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Start a server with settings; it is stopped when the test ends."""
    # Asked for here and not below: what is asked for later ends sooner, and the server would lose its database.
    create = request.getfixturevalue("new_database") if dialect == "postgresql" else None
    with ExitStack() as stack:

        def start(**settings: object) -> Server:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            if create is not None:
                settings = {"database": create(), **settings}
            return stack.enter_context(running(folder, **settings))

        yield start
