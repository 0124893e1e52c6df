"""Views: what an edit costs when many distinct listings are open, of which ten show the row."""

from __future__ import annotations

import itertools
import random
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median, quantiles
from urllib.parse import urlencode

from benchmarks.client import Failed, Readers, reading
from benchmarks.fans import follow, form
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.rowcast_server import database, rowcast
from benchmarks.systems import Program, System

NAME = "views"
ROWS, USER, SHOWN = 100_000, 3, 10
COUNTS = 1, 10, 100, 1000  # listings
ROUNDS, RATE, SECONDS = 3, 10, 3  # edits a second, and for how long in a round
SINGLES = 2  # edits in a round, each when all is quiet again
IDLE = 3.0  # seconds
QUIET = 0.05  # of a core: less is no work for an edit
PATIENCE = 20.0  # seconds until a server that is not quiet is given up
NOTE = (
    "The costs of an edit by listings are without the heartbeat's re-reading of each listing every 15 seconds, which is"
    " switched off there: it comes without an edit as well, and would fall into some rounds and not into others."
)


def programs(plan: Plan) -> list[Program]:
    """Return a Rowcast for each number of listings.

    A feed also re-reads its page without an edit every fifteen seconds. That is put off: it is no cost of an edit,
    and a round that it falls into would show it as one.
    """
    rows = 1000 if plan.quick else ROWS
    return [rowcast(rows, _name(count), heartbeat="3600") for count in _counts(plan)]


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure; each server has its listings open all the time."""
    results, numbers = Results(notes=[NOTE]), itertools.count(1)
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    queries = listings(1000 if plan.quick else ROWS, max(_counts(plan)))
    with ExitStack() as stack:
        opened: dict[int, Readers] = {}
        for count in _counts(plan):
            plan.tell(f"opening {count:,} listings")
            system = up[_name(count)]
            _warm(system, next(numbers), queries[0])
            requests = [follow(system, query) for query in queries[:count]]
            opened[count] = stack.enter_context(reading(system.port, count, requests, "retry:"))
            _quiet(system)
        began = {count: up[_name(count)].used() for count in opened}
        time.sleep(0.5 if plan.quick else IDLE)
        idle = {
            count: (up[_name(count)].used() - used) / (0.5 if plan.quick else IDLE) for count, used in began.items()
        }
        for turn in range(min(plan.rounds, ROUNDS)):
            for count, readers in opened.items():
                plan.tell(f"{count:,} listings, round {turn + 1}")
                for key, values in _turn(up[_name(count)], readers, numbers, idle[count], plan).items():
                    found[_name(count), *key] += values
    for (system_name, what, unit), values in found.items():
        results.add(NAME, "10 edits a second, and one alone", what, system_name, unit, _together(what, values))
    for count, share in idle.items():
        results.add(NAME, "10 edits a second, and one alone", "idle", _name(count), "ms a second", [share * 1e3])
    for what in (ALONE, BUSY, P99):
        results.compare(NAME, what, _name(max(opened)), _name(min(SHOWN, max(opened))))
    return results


ALONE, BUSY, P50, P99 = "CPU per edit alone", "CPU per edit at 10 a second", "p50", "p99"


def _turn(
    system: System, readers: Readers, numbers: Iterator[int], idle: float, plan: Plan
) -> dict[tuple[str, str], list[float]]:
    shown = min(SHOWN, readers.wanted)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(SINGLES):
        used, began, number = system.used(), time.monotonic(), next(numbers)
        [told] = readers.edit(number, [form(number, USER)], wanted=shown)
        _expect(told.readers, shown)
        _quiet(system)
        found[ALONE, "ms"].append((system.used() - used - idle * (time.monotonic() - began)) * 1e3)
        found["p50 alone", "ms"].append(told.last * 1e3)
    used, began = system.used(), time.monotonic()
    marks = [next(numbers) for _ in range(RATE * (1 if plan.quick else SECONDS))]
    tolds = readers.edit(marks[0], [form(mark, USER) for mark in marks], connections=4, every=1 / RATE, wanted=shown)
    _expect(tolds[-1].readers, shown)
    _quiet(system)
    found[BUSY, "ms"].append((system.used() - used - idle * (time.monotonic() - began)) / len(marks) * 1e3)
    found[P50, "ms"] += [told.last * 1e3 for told in tolds]
    found[P99, "ms"] += [told.last * 1e3 for told in tolds]
    return found


def listings(rows: int, count: int) -> list[str]:
    """Return distinct listings as query strings: ten that show the user that is edited, then such as never do."""
    with sqlite3.connect(database(rows)) as file:
        names = [name for (name,) in file.execute("SELECT username FROM users WHERE id != ? ORDER BY id", (USER,))]
        [(mine, key)] = file.execute("SELECT username, username_key FROM users WHERE id = ?", (USER,))
        [(before,)] = file.execute("SELECT count(*) FROM users WHERE username_key < ?", (key,))
    found = [
        *(
            {"sort": sort, "size": size, "page": place // size + 1}
            for size in (25, 50, 100)
            for sort, place in (("username", before), ("-username", rows - 1 - before))
        ),
        *({"q": mine, "size": size} for size in (25, 50, 100)),
        {"q": mine, "sort": "email"},
    ]
    page, last = before // 50 + 1, rows // 50
    others: list[Iterator[dict[str, object]]] = [
        ({"page": number} for number in range(1, last) if abs(number - page) > 2),
        # The user's e-mail is among the first, before and after an edit.
        ({"sort": "email", "page": number} for number in range(last // 2, last)),
        ({"sort": "role", "page": number} for number in range(last // 2, last)),
        (
            {"role": role, "status": "closed", "page": number}
            for number in range(2, 100)
            for role in ("member", "administrator")
        ),
        ({"q": name} for name in random.Random(2).sample(names, 300)),
    ]
    turns = itertools.chain.from_iterable(zip(*others, strict=False))
    return [urlencode(listing) for listing in itertools.islice(itertools.chain(found, turns), count)]


def _warm(system: System, number: int, query: str) -> None:
    # The first edit takes the row to where the others leave it.
    with reading(system.port, 1, [follow(system, query)], "retry:") as readers:
        [told] = readers.edit(number, [form(number, USER)])
        _expect(told.readers, 1)


def _quiet(system: System) -> None:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        used = system.used()
        time.sleep(0.1)
        if system.used() - used < 0.1 * QUIET:
            return


def _expect(told: int, wanted: int) -> None:
    if told != wanted:
        raise Failed(f"{told} readers were told of an edit that {wanted} show")


def _together(what: str, values: list[float]) -> list[float]:
    if what == P50:
        return [median(values)]
    return [quantiles(values, n=100, method="inclusive")[98]] if what == P99 else values


def _counts(plan: Plan) -> tuple[int, ...]:
    return (1, 20) if plan.quick else COUNTS


def _name(count: int) -> str:
    return f"Rowcast, {count:,} listing{'s' * (count > 1)}"
