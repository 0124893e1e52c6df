"""To be written."""

from __future__ import annotations

from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.systems import Program, System

NAME = "bursts"


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    return []


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure."""
    return Results()
