"""Fan-out: one edit, from its request to the last byte at the last reader, for so many readers."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from statistics import median, quantiles

from benchmarks.client import Failed, Readers, Told
from benchmarks.fans import Fan, fans
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.systems import Program, System

NAME = "fan-out"
COUNTS = {1: 6, 100: 8, 1000: 12, 5000: 8, 10_000: 5}  # readers, and edits in a round
FEWER = 3  # edits, alone and back to back, of systems that only have to be placed
CLOSE = {"floor", "Rowcast", "Nchan"}
PAUSE = 0.05  # seconds between two edits, and twice what the last one took: an edit alone is measured
BURST = 10  # edits back to back


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    return [fan.program for fan in fans()]


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure with more and more readers; those of all systems are open at once."""
    results = Results()
    here = [fan for fan in fans() if fan.name in up]
    before: dict[str, int] = {}
    alone: dict[str, float] = {}
    numbers = count(1)
    for readers, edits in {1: 2, 20: 2}.items() if plan.quick else COUNTS.items():
        if plan.readers and readers not in (1, *plan.readers):
            continue
        for fan in here:
            if fan.most < readers:
                results.notes.append(f"{fan.name} was not given {readers:,} readers: they would take too long")
        chosen = [fan for fan in here if fan.most >= readers and (fan.name in alone or readers == 1)]
        case = Case(f"{readers:,} reader{'s' * (readers > 1)}", readers, results, up, plan)
        case.run(chosen, edits, numbers, before, alone)
        time.sleep(0 if plan.quick else 1)  # for the servers to see that their readers are gone
    for name in ("CPU per delivery", "CPU per delivery, marginal"):
        for system in (fan.name for fan in here if fan.name != "floor"):
            results.compare(NAME, name, system, "floor")
        for to in ("Nchan", *(fan.name for fan in here if fan.name.startswith("Flask-SocketIO"))):
            results.compare(NAME, name, "Rowcast", to)
    for name in ("p50", "p99"):
        for to in ("floor", "Nchan"):
            results.compare(NAME, name, "Rowcast", to)
    return results


class Case:
    """So many readers."""

    def __init__(self, name: str, readers: int, results: Results, up: dict[str, System], plan: Plan) -> None:
        self.name, self.readers, self.results, self.up, self.plan = name, readers, results, up, plan
        self.opened: dict[str, Readers] = {}
        self.found: dict[tuple[str, str, str], list[float]] = defaultdict(list)

    def run(
        self, chosen: list[Fan], edits: int, numbers: count[int], before: dict[str, int], alone: dict[str, float]
    ) -> None:
        """Open the readers of all, and let the systems take turns."""
        with ExitStack() as stack:
            for fan in chosen:
                self.plan.tell(f"{self.readers:,} readers of {fan.name}")
                with self.reporting(fan):
                    self.opened[fan.name] = stack.enter_context(fan.open(self.up[fan.name], self.readers))
                    self.settle(fan, numbers)
                    if self.readers == 1:
                        before[fan.name] = self.up[fan.name].memory()
                        continue
                    # hypercorn sends nothing by which a reader could know that it is connected.
                    self.note(
                        fan, "connects", "a second", self.readers / self.opened[fan.name].took if fan.ready else 0
                    )
                    grown = (self.up[fan.name].memory() - before[fan.name]) / (self.readers - 1)
                    self.note(fan, "memory per reader", "KiB", grown / 1024)
            for turn in range(self.plan.rounds):
                self.plan.tell(f"{self.readers:,} readers, round {turn + 1}")
                for fan in chosen:
                    if fan.name in self.opened:
                        with self.reporting(fan):
                            self.turn(fan, edits if fan.name in CLOSE else FEWER, numbers, alone)
                            self.opened[fan.name].count()  # none was lost
        for (system, name, unit), values in self.found.items():
            self.results.add(NAME, self.name, name, system, unit, [_p99(values)] if name == "p99" else values)
        over = {system: len(values) for (system, name, _), values in self.found.items() if name == "p99"}
        for some in dict.fromkeys(over.values()):
            systems = "; ".join(system for system in over if over[system] == some)
            self.results.notes.append(f"p99 at {self.name} is practically the worst of {some} edits: {systems}")
        if self.readers == 1:
            alone |= {name: median(self.found[name, "CPU per edit", "ms"]) for name in self.opened}

    @contextmanager
    def reporting(self, fan: Fan) -> Iterator[None]:
        """Leave a system out that fails with so many readers, and say so."""
        try:
            yield
        except Failed as reason:
            self.opened.pop(fan.name, None)
            self.results.missing.append((f"{fan.name} with {self.readers:,} readers", str(reason)))
            for key in [key for key in self.found if key[0] == fan.name]:
                del self.found[key]

    def settle(self, fan: Fan, numbers: count[int]) -> None:
        """Edit until all readers hear of it: some are only then known to be open."""
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            number = next(numbers)
            [told] = self.opened[fan.name].edit(number, [fan.edit(number, 3)], seconds=10)
            if told.status >= 300:
                raise Failed(f"an edit was answered {told.status}: {self.up[fan.name].last_words}")
            if told.readers == self.readers:
                return
        raise Failed(f"only {told.readers} readers were told of an edit")

    def turn(self, fan: Fan, edits: int, numbers: count[int], alone: dict[str, float]) -> None:
        """Make single edits, then some back to back."""
        system, readers = self.up[fan.name], self.opened[fan.name]
        used, told = 0.0, list[Told]()
        for _ in range(edits):
            number = next(numbers)
            began = system.used()
            told += readers.edit(number, [fan.edit(number, 3)])
            time.sleep(0.003)
            used += system.used() - began
            if told[-1].readers < self.readers:
                raise Failed(f"only {told[-1].readers} of {self.readers} readers were told of an edit")
            time.sleep(PAUSE + 2 * told[-1].last * (fan.name in CLOSE))
        self.note(fan, "p50", "ms", median(one.last for one in told) * 1e3)
        self.found[fan.name, "p99", "ms"] += [one.last * 1e3 for one in told]
        self.note(fan, "CPU per edit", "ms", used / edits * 1e3)
        if self.readers == 1:
            return
        self.note(fan, "CPU per delivery", "µs", used / edits / self.readers * 1e6)
        marginal = (used / edits - alone[fan.name] / 1e3) / (self.readers - 1)
        self.note(fan, "CPU per delivery, marginal", "µs", marginal * 1e6)
        first = next(numbers)
        marks = [first, *(next(numbers) for _ in range((BURST if fan.name in CLOSE else FEWER) - 1))]
        readers.edit(first, [fan.edit(mark, 1 + mark % 50) for mark in marks], connections=4)
        self.note(fan, "deliveries", "a second", len(marks) * self.readers / readers.busy)

    def note(self, fan: Fan, name: str, unit: str, value: float) -> None:
        """Keep what one round showed."""
        if value:
            self.found[fan.name, name, unit].append(value)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]
