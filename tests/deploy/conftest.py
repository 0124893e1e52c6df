"""Two nodes on one database behind nginx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.deploy.nginx import NAME, nginx
from tests.running import Server, running

SETTINGS: dict[str, object] = {
    "hosts": NAME,
    "proxies": "127.0.0.1",
    "secret": "one for both",
    "secure_cookies": True,
    "heartbeat": 50,  # so that whatever comes sooner was not pushed along by one
}


@dataclass(frozen=True)
class Site:
    """Where it is, the certificate that vouches for it, and the nodes behind it."""

    address: str
    certificate: Path
    nodes: tuple[Server, Server]

    def execute(self, sql: str, *values: object) -> None:
        """Change the database past both nodes, as any other program would."""
        self.nodes[0].execute(sql, *values)


@pytest.fixture(scope="package")
def shared_sites(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Site]]:
    """One site on each kind of database for all tests of this folder."""
    with ExitStack() as stack:

        @cache
        def start(dialect: str) -> Site:
            folder, settings = tmp_path_factory.mktemp("site"), dict(SETTINGS)
            if dialect == "postgresql":
                cluster = request.getfixturevalue("cluster")
                settings["database"] = cluster.url(cluster.create())
            one, two = (stack.enter_context(running(folder, **settings)) for _ in range(2))
            address = stack.enter_context(nginx(folder, [one.port, two.port]))
            return Site(address, folder / "certificate.pem", (one, two))

        yield start


@pytest.fixture
def site(shared_sites: Callable[[str], Site], dialect: str) -> Site:
    """The site, with five users."""
    site = shared_sites(dialect)
    site.execute("DELETE FROM users")
    site.nodes[0].add_users(5)
    return site
