"""Audience: what else decides how a row looks. Nothing personal is ever in a frame that readers share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Audience:
    """The language that a reader reads."""

    language: str
