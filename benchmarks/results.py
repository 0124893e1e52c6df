"""Results: figures by round, what they are together, and their ratios within a round; as a table and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """What one system showed in each round: ``measure`` and ``case`` (such as "1000 readers") name what was done.

    A ratio is taken within a round: what disturbs the machine for a while disturbs both.
    """

    measure: str
    case: str
    name: str
    system: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    def ratio(self, to: Figure) -> float:
        """Return how many times the figure of another system this one is: the median of the rounds' ratios."""
        return median(mine / its for mine, its in zip(self.rounds, to.rounds, strict=True) if its)


@dataclass(frozen=True)
class Ratio:
    """One figure as a multiple of another."""

    figure: Figure
    to: Figure

    @property
    def value(self) -> float:
        """The median of the ratios within a round; of the medians where the two had different rounds."""
        if len(self.figure.rounds) != len(self.to.rounds):
            return self.figure.value / self.to.value
        return self.figure.ratio(self.to)


@dataclass
class Results:
    """All that was measured, all that could not be (``missing``: system and reason), and what else is to be said."""

    figures: list[Figure] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, measure: str, case: str, name: str, system: str, unit: str, rounds: list[float]) -> None:
        """Add a figure, unless there is none."""
        if rounds:
            self.figures.append(Figure(measure, case, name, system, unit, tuple(rounds)))

    def find(self, measure: str, case: str, name: str, system: str) -> Figure | None:
        """Return a figure, if it was measured."""
        wanted = measure, case, name, system
        for figure in self.figures:
            if (figure.measure, figure.case, figure.name, figure.system) == wanted:
                return figure
        return None

    def compare(self, measure: str, name: str, system: str, to: str) -> None:
        """Add the ratios of ``system`` to another in all cases that both were measured in."""
        for figure in self.figures:
            if (figure.measure, figure.name, figure.system) == (measure, name, system):
                other = self.find(measure, figure.case, name, to)
                if other and other.value:
                    self.ratios.append(Ratio(figure, other))

    def extend(self, other: Results) -> None:
        """Add all of another measure."""
        self.figures += other.figures
        self.ratios += other.ratios
        self.missing += [pair for pair in other.missing if pair not in self.missing]
        self.notes += other.notes

    def as_json(self) -> dict[str, Any]:
        """Return all as JSON has it."""
        return {
            "figures": [vars(figure) | {"value": figure.value} for figure in self.figures],
            "ratios": [
                {
                    "measure": ratio.figure.measure,
                    "case": ratio.figure.case,
                    "name": ratio.figure.name,
                    "system": ratio.figure.system,
                    "to_system": ratio.to.system,
                    "to_case": ratio.to.case,
                    "to_name": ratio.to.name,
                    "value": ratio.value,
                }
                for ratio in self.ratios
            ],
            "missing": [{"system": system, "reason": reason} for system, reason in self.missing],
            "notes": self.notes,
        }

    def show(self, console: Console) -> None:
        """Print the tables: one for each measure and case, a line for each system; then the ratios."""
        for measure, case in dict.fromkeys((figure.measure, figure.case) for figure in self.figures):
            console.print(self._table(measure, case))
        for measure in dict.fromkeys(ratio.figure.measure for ratio in self.ratios):
            console.print(self._ratios(measure))
        for system, reason in self.missing:
            console.print(f"[bold]Missing:[/] {system}: {reason}")
        for note in self.notes:
            console.print(f"Note: {note}")

    def _table(self, measure: str, case: str) -> Table:
        here = [figure for figure in self.figures if (figure.measure, figure.case) == (measure, case)]
        names = list(dict.fromkeys((figure.name, figure.unit) for figure in here))
        table = Table("", title=f"{measure}: {case}", title_justify="left")
        for name, unit in names:
            table.add_column(f"{name}, {unit}", justify="right")
        for system in dict.fromkeys(figure.system for figure in here):
            found = {figure.name: figure.value for figure in here if figure.system == system}
            table.add_row(system, *(plain(found.get(name)) for name, _ in names))
        return table

    def _ratios(self, measure: str) -> Table:
        here = [ratio for ratio in self.ratios if ratio.figure.measure == measure]
        order = list(dict.fromkeys(figure.case for figure in self.figures))
        cases = sorted({ratio.figure.case for ratio in here}, key=order.index)
        table = Table("ratio", title=f"{measure}: ratios", title_justify="left")
        for case in cases:
            table.add_column(case, justify="right")
        for words in dict.fromkeys(map(_told, here)):
            found = {ratio.figure.case: ratio.value for ratio in here if _told(ratio) == words}
            table.add_row(words, *(plain(found.get(case)) for case in cases))
        return table


def plain(value: float | None) -> str:
    """Return a figure as a person reads it: three digits that mean something."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _told(ratio: Ratio) -> str:
    one, other = ratio.figure, ratio.to
    if one.system == other.system:
        return f"{one.system}: {one.name} / {other.name if other.case == one.case else f'{other.name}, {other.case}'}"
    return f"{one.name}: {one.system} / {other.system}"
