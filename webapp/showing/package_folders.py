"""Where templates and static files lie: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent.parent


def folder(name: str) -> Path:
    """Return the folder ``name`` (templates, static)."""
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
