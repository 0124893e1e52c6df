"""Rowcast as a system that is measured: a server on a file of its own with so many users."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.systems import Program
from benchmarks.tables import filled

BUILD = Path("build/benchmarks").resolve()
PROGRAM = Path(sys.executable).parent / "rowcast"
BOUNDS = {"ROWCAST_STREAMS": "20000", "ROWCAST_STREAMS_PER_CLIENT": "20000"}


def rowcast(rows: int = 50, name: str = "Rowcast", **settings: str) -> Program:
    """Return Rowcast with ``rows`` users; ``settings`` as its variables, without their prefix."""
    return Program(
        name,
        lambda _folder, _port: [PROGRAM, "serve"],
        lambda: version("rowcast"),
        lambda folder, _: _fill(folder, rows),
        lambda port: (
            BOUNDS | {"ROWCAST_PORT": str(port)} | {f"ROWCAST_{key.upper()}": settings[key] for key in settings}
        ),
    )


def database(rows: int) -> Path:
    """Return a file with so many users, which is made once."""
    return filled(BUILD / f"users-{rows}.db", rows)


def _fill(folder: Path, rows: int) -> None:
    shutil.copy(database(rows), folder / "rowcast.db")
