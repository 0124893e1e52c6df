"""Servers that the tests of a folder share: one on each kind of database, started when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import pytest

from tests.running import Server, running


@contextmanager
def serving(folders: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Server]]:
    """Return what gives the server on a kind of database."""
    with ExitStack() as stack:

        @cache
        def start(dialect: str) -> Server:
            settings = {}
            if dialect == "postgresql":
                cluster = request.getfixturevalue("cluster")
                settings["database"] = cluster.url(cluster.create())
            return stack.enter_context(running(folders.mktemp("server"), **settings))

        yield start
