"""Bursts: many edits at once, beside the same edits one at a time; and one edit when nothing else happens."""

from __future__ import annotations

import time
from collections import defaultdict
from statistics import median

from benchmarks.client import Failed, Readers
from benchmarks.fans import Fan, fans
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.systems import Program, System

NAME = "bursts"
READERS, EDITS, CONNECTIONS = 1000, 1000, 8
ROUNDS = 2  # a burst is a thousand edits: more rounds would show the same
SINGLE = 0.1  # of so many edits each one alone is enough to know what it costs
USERS = 50
PAUSE = 0.1  # seconds without an edit: what comes then is an edit at light load
BURST, ALONE = "as fast as possible", "one write per edit"

WHOLE, MARGINAL = "CPU per edit", "CPU per edit and reader, marginal"
AGREED, BYTES = "time until all agree, per edit", "bytes per edit and reader"
UNITS = {WHOLE: "ms", MARGINAL: "µs", AGREED: "ms", BYTES: "bytes"}


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    return [fan.program for fan in fans() if fan.name in ("floor", "Rowcast")]


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure Rowcast; the floor shows what the machine adds to one edit."""
    results = Results()
    rowcast = next(fan for fan in fans() if fan.name == "Rowcast")
    edits, readers = (20, 20) if plan.quick else (EDITS, READERS)
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    number = 1
    system = up.get("Rowcast")
    if system is None:
        return results
    for count in (1, readers):
        case = f"{edits:,} edits, {count:,} reader{'s' * (count > 1)}"
        with rowcast.open(system, count) as opened:
            for turn in range(min(plan.rounds, ROUNDS)):
                for name, some in ((BURST, edits), (ALONE, max(2, int(edits * SINGLE)))):
                    plan.tell(f"{name}, {count:,} readers, round {turn + 1}")
                    for what, value in _edits(rowcast, system, opened, number, some, name).items():
                        found[case, what, name].append(value)
                    number += some
                    time.sleep(0.5)
        if count > 1:
            # What the requests cost is the same with one reader; the rest is what the readers cost.
            for name in (BURST, ALONE):
                whole = found[case, WHOLE, name]
                base = median(found[case.replace(f"{count:,} readers", "1 reader"), WHOLE, name])
                found[case, MARGINAL, name] = [(one - base) / (count - 1) * 1e3 for one in whole]
    for (case, what, name), values in found.items():
        results.add(NAME, case, what, name, UNITS[what], values)
    for what in UNITS:
        results.compare(NAME, what, ALONE, BURST)
    results.extend(_light(up, plan))
    return results


def _edits(fan: Fan, system: System, readers: Readers, first: int, some: int, name: str) -> dict[str, float]:
    received, used = readers.count(), system.used()
    if name == BURST:
        requests = [fan.edit(number, 1 + number % USERS) for number in range(first, first + some)]
        told = readers.edit(first, requests, connections=CONNECTIONS, seconds=60)
        took = readers.busy
    else:
        told, took = [], 0.0
        for number in range(first, first + some):
            told += readers.edit(number, [fan.edit(number, 1 + number % USERS)])
            took += readers.busy
    used = system.used() - used
    if told[-1].readers < readers.wanted or any(one.status != 200 for one in told):
        raise Failed(f"not all of {some} edits were told: {told[-1]}")
    received = readers.count() - received
    values = used / some * 1e3, took / some * 1e3, received / some / readers.wanted
    return dict(zip((WHOLE, AGREED, BYTES), values, strict=True))


def _light(up: dict[str, System], plan: Plan) -> Results:
    """Make single edits long after one another, with one reader."""
    results = Results()
    here = [fan for fan in fans() if fan.name in up]
    found: dict[str, list[float]] = defaultdict(list)
    number = 900_000
    for turn in range(plan.rounds):
        plan.tell(f"single edits, round {turn + 1}")
        for fan in here:
            times = []
            with fan.open(up[fan.name], 1) as readers:
                for _ in range(2 if plan.quick else 10):
                    time.sleep(PAUSE)
                    number += 1
                    times += readers.edit(number, [fan.edit(number, 3)])
            found[fan.name].append(median(one.last for one in times) * 1e3)
            found[f"{fan.name}'s answer"].append(median(one.answered for one in times) * 1e3)
    for fan in here:
        results.add(NAME, "one edit at light load", "p50 until the reader knows", fan.name, "ms", found[fan.name])
        results.add(
            NAME, "one edit at light load", "p50 until it is answered", fan.name, "ms", found[f"{fan.name}'s answer"]
        )
    results.compare(NAME, "p50 until the reader knows", "Rowcast", "floor")
    return results
