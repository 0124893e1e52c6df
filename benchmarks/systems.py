"""Systems: programs that are measured. Each is started on a free port of its own, pinned to one core, and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processor
from benchmarks.client import HOST
from benchmarks.processor import SERVER, pinned
from tests.ports import free_port

START = 60.0  # seconds that a system may take until it listens
STOP = 5.0  # seconds after which one that does not end is killed


class Missing(Exception):
    """A system cannot be had; the text says why."""


@dataclass(frozen=True)
class Program:
    """How a system is started.

    ``version`` and ``prepare`` come first and may raise Missing. ``prepare`` and ``command``, which returns the words,
    get a new folder, which is the program's own and the one it runs in, and its port. ``settings`` gets the port and
    returns variables of the environment.
    """

    name: str
    command: Callable[[Path, int], Sequence[str | Path]]
    version: Callable[[], str]
    prepare: Callable[[Path, int], None] = lambda _folder, _port: None
    settings: Callable[[int], dict[str, str]] = lambda _: {}


class System:
    """A program that runs."""

    def __init__(self, program: Program, folder: Path, port: int) -> None:
        self.name = program.name
        self.folder = folder
        self.port = port
        self._told = folder / "output.txt"
        try:
            self.version = program.version()
            program.prepare(folder, self.port)
            with self._told.open("wb") as output:
                self._process = subprocess.Popen(
                    [str(word) for word in program.command(folder, self.port)],
                    cwd=folder,
                    env=_environment() | program.settings(self.port),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=pinned(SERVER),
                )
        except (OSError, subprocess.SubprocessError) as error:
            raise Missing(str(error)) from None

    def wait(self) -> None:
        """Return when it listens."""
        limit = time.monotonic() + START
        while time.monotonic() < limit:
            if self._process.poll() is not None:
                raise Missing(f"it ended with status {self._process.returncode}: {self.last_words}")
            with socket.socket() as probe:
                if probe.connect_ex((HOST, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise Missing(f"it did not listen within {START:.0f} s: {self.last_words}")

    def used(self) -> float:
        """Return the seconds of the processor that it has used."""
        return processor.used(self._process.pid)

    def memory(self) -> int:
        """Return the bytes that it has for itself."""
        return processor.memory(self._process.pid)

    @property
    def last_words(self) -> str:
        """The last line that it printed."""
        lines = self._told.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    def stop(self) -> None:
        """End it, with the processes that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if processor.processes(self._process.pid):
                os.killpg(self._process.pid, number)
            limit = time.monotonic() + STOP
            while processor.processes(self._process.pid) and time.monotonic() < limit:
                self._process.poll()
                time.sleep(0.02)
        self._process.wait(STOP)


@contextmanager
def running(
    programs: Sequence[Program], folder: Path, missing: Callable[[str, str], None]
) -> Iterator[dict[str, System]]:
    """Start all programs at once, and stop them at the end; ``missing`` is told of those that cannot be had."""
    up: dict[str, System] = {}
    with ExitStack() as ends:
        for number, program in enumerate(programs):
            own = folder / str(number)
            own.mkdir()
            try:
                up[program.name] = System(program, own, free_port())
                ends.callback(up[program.name].stop)
            except Missing as reason:
                missing(program.name, str(reason))
        for name, system in tuple(up.items()):
            try:
                system.wait()
            except Missing as reason:
                missing(name, str(reason))
                del up[name]
        yield up


def _environment() -> dict[str, str]:
    # A setting of the product that is in force here must not be in force there.
    return {name: value for name, value in os.environ.items() if not name.startswith("ROWCAST_")}
