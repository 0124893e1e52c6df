"""Databases for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Databases


@pytest.fixture
def empty(cluster: Databases) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)
