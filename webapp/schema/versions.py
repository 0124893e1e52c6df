"""The versions of the tables that this program knows: its migrations, which are numbered."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent.parent / "migrations"


@cache
def newest() -> str:
    """Return the version that this program needs."""
    return max(_known())


def is_known(version: str) -> bool:
    """Whether ``version`` is one of ours, up to the newest."""
    return version in _known()


def is_newer(version: str) -> bool:
    """Whether ``version`` looks like one of ours that is yet to come."""
    return version.isdecimal() and len(version) == len(newest()) and version > newest()


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
