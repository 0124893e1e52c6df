"""Rowcast as a system that is measured: a server on a file of its own with so many users."""

from __future__ import annotations

import asyncio
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.systems import Program
from benchmarks.tables import fill
from webapp.schema import migrate

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
    file = BUILD / f"users-{rows}.db"
    if not file.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)
        migrate(f"sqlite+aiosqlite:///{part}")
        asyncio.run(fill(f"sqlite+aiosqlite:///{part}", rows))
        part.rename(file)
    return file


def _fill(folder: Path, rows: int) -> None:
    shutil.copy(database(rows), folder / "rowcast.db")
