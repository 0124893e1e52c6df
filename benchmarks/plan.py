"""The plan: how much is to be measured, and who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol, cast

from benchmarks.results import Results
from benchmarks.systems import Program, System


@dataclass(frozen=True)
class Plan:
    """What was asked for.

    ``readers``: how many, when not all counts; ``quick``: with tiny numbers, only to show that all of it runs;
    ``tell`` is told what is done now.
    """

    rounds: int = 4
    quick: bool = False
    readers: tuple[int, ...] = ()
    tell: Callable[[str], None] = lambda _: None


class Measure(Protocol):
    """What a module in ``measures`` is."""

    NAME: str

    def programs(self, plan: Plan) -> list[Program]:
        """Return what is to be up."""

    def measure(self, up: dict[str, System], plan: Plan) -> Results:
        """Measure the systems that are up, in rounds in which they take turns."""


def as_measure(module: ModuleType) -> Measure:
    """Return a module as what it is."""
    return cast(Measure, module)
