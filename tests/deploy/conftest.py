"""Two nodes on one SQLite file behind nginx."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.nginx import NAME, nginx
from tests.running import Server, running

SETTINGS = {
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
        """Change the file past both nodes, as any other program would."""
        self.nodes[0].execute(sql, *values)


@pytest.fixture(scope="package")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests of this folder."""
    folder = tmp_path_factory.mktemp("site")
    with (
        running(folder, **SETTINGS) as one,
        running(folder, **SETTINGS) as two,
        nginx(folder, [one.port, two.port]) as address,
    ):
        yield Site(address, folder / "certificate.pem", (one, two))


@pytest.fixture
def site(shared_site: Site) -> Site:
    """The site, with five users."""
    shared_site.execute("DELETE FROM users")
    shared_site.nodes[0].add_users(5)
    return shared_site
