"""Servers for the scenarios, and the table of their figures at the end of the run."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.running import Server, running

Serve = Callable[..., Server]
Tell = Callable[..., None]
COLUMNS = ("scenario", "readers", "agree p50", "agree p99", "lost writes", "leaks", "seen")
TABLE = pytest.StashKey[list[tuple[str, ...]]]()


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


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Put the figures of this scenario into the table."""
    scenario = request.node.name.removeprefix("test_").replace("_", " ")

    def add(readers: int, agreed: list[float], *, lost: int | None = None, leaks: str = "", **seen: object) -> None:
        ordered = sorted(agreed)
        p50, p99 = (f"{ordered[int(len(ordered) * part)]:.2f} s" if ordered else "" for part in (0.5, 0.99))
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in seen.items())
        row = (scenario, str(readers), p50, p99, "" if lost is None else str(lost), leaks, told)
        request.config.stash.setdefault(TABLE, []).append(row)

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    if rows := config.stash.get(TABLE, []):
        terminalreporter.section("faults")
        for row in (COLUMNS, ("---",) * len(COLUMNS), *rows):
            terminalreporter.line(f"| {' | '.join(row)} |")
