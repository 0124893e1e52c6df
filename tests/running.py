"""A real ``rowcast serve``: started in a fresh folder on a free port, stopped by its pid, its output collected.

It is forked from a process that has imported everything, unless the test is about the command itself.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.forking import Forked
from tests.ports import free_port
from tests.programs import program

START = 90.0  # seconds that a server may take to print its address
STOP = 10.0  # seconds after which one that does not end is killed
ADDRESS = re.compile(r"Rowcast is at (http://\S+:(\d+))/")
PROGRAM = str(Path(sys.executable).parent / "rowcast")
Process = subprocess.Popen[str] | Forked
ADD_USER = "INSERT INTO users (username, email, role, status) VALUES (?, ?, ?, ?)"


def environment(**settings: object) -> dict[str, str]:
    """Return the environment of a server: ours without its settings, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROWCAST_")}
    return kept | {f"ROWCAST_{name.upper()}": str(value) for name, value in settings.items()}


class Server:
    """One server process after another, on one folder; ``start`` again after ``stop`` keeps file and port.

    The setting ``command`` is a program that is started anew each time; without it, a process is forked that runs the
    same code.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.command = str(settings.pop("command", ""))
        self.file = folder / "rowcast.db"
        self.settings: dict[str, object] = {"port": free_port(), **settings}
        self.words = ["serve"]
        self.output: list[str] = []
        self.address = ""
        self._listening = threading.Event()
        self._process: Process | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of its database."""
        return str(self.settings.get("database", f"sqlite:///{self.file}"))

    @property
    def process(self) -> Process:
        """The process that runs."""
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rpartition(":")[2])

    def start(self, **settings: object) -> None:
        """Start, and wait until it listens; each time on the same port."""
        self.settings |= settings
        self._listening.clear()
        env = environment(**self.settings)
        if self.command:
            self._process = subprocess.Popen(
                [self.command, *self.words],
                cwd=self.folder,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        else:
            self._process = Forked(self.words, self.folder, env)
        self._reader = threading.Thread(target=self._collect, args=(self._process,))
        self._reader.start()
        assert self._listening.wait(START), f"the server printed no address:\n{self.told}"
        assert self.address, f"the server ended with status {self._process.wait(STOP)}:\n{self.told}"

    @property
    def told(self) -> str:
        """All that it printed."""
        return "".join(self.output)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, wait for the end, and return the exit status."""
        process = self.process
        if process.poll() is None:
            os.kill(process.pid, number)
        try:
            return process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"the server did not end within {STOP} s:\n{self.told}") from None
        finally:
            process.wait(STOP)
            self._process = None
            if self._reader is not None:
                self._reader.join(STOP)

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        assert self.stop(signal.SIGKILL) == -signal.SIGKILL

    @property
    def is_running(self) -> bool:
        """Whether there is a process to stop."""
        return self._process is not None

    def execute(self, sql: str, *values: Any) -> None:
        """Change the database past the server, as any other program would."""
        self.execute_many(sql, [values])

    def execute_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        """Run one statement for each of ``rows``, in one transaction."""
        with program(self.url) as other:
            other.execute_many(*((sql, row) for row in rows))

    def add_users(self, count: int, word: str = "User") -> None:
        """Fill in ``count`` users: "User 001" and so on, every third an administrator, every fifth closed."""
        rows = [
            (
                f"{word} {n:03}",
                f"{word.lower()}{n:03}@example.org",
                "member" if n % 3 else "administrator",
                "active" if n % 5 else "closed",
            )
            for n in range(1, count + 1)
        ]
        self.execute_many(ADD_USER, rows)

    def _collect(self, process: Process) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.output.append(line)
                if found := ADDRESS.search(line):
                    self.address = found[1]
                    self._listening.set()
        self._listening.set()  # it ended: nobody needs to wait on


@contextmanager
def running(folder: Path, **settings: object) -> Iterator[Server]:
    """Run a server in ``folder``; it must have logged no traceback by the time it is stopped."""
    server = Server(folder, **settings)
    try:
        server.start()
        yield server
    finally:
        if server.is_running:
            server.stop()
    _, traceback, rest = server.told.partition("Traceback")
    assert not traceback, rest[:5000]
