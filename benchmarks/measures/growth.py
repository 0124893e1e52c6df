"""Growth: a page, and the time from an edit to a reader's screen, at 1,000, 100,000 and 1,000,000 rows.

Pages are asked for while another program commits 50 changes a second to a row that is on none of them, so that nothing
is kept from one to the next for long. A search finds ten rows at each size, because the data says so.
"""

from __future__ import annotations

from statistics import median, quantiles

from benchmarks import data
from benchmarks.admins import FILE, HEADERS, rowcast
from benchmarks.client import Failed, marked, reading, request
from benchmarks.measures.pages import ask, changing
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.systems import Program, System

NAME = "growth"
LISTINGS = {
    "default order": "",
    "latest first": "sort=-changed",
    "by e-mail": "sort=email",
    f"a search with {data.HITS} hits": f"q={data.SEARCH}",
}
SIZES = (1_000, 100_000, 1_000_000)
SMALL = (100, 1_000)
ROUNDS = 3
CHANGES = 0.02  # seconds between two changes while pages are asked for
SECONDS = 0.8  # for a page
EDITS = 20
NOTE = f"A refresh is from the edit's request to the reader's bytes; the search has {data.HITS} hits at each size."
EVERY = 0.12  # seconds between two edits: each finds a feed at rest, whose throttle may have grown to 0.1


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    # Nobody's listing is kept live while pages are measured.
    return [rowcast(rows, system(rows), linger="1").program for rows in _sizes(plan)]


def system(rows: int) -> str:
    """Name the product on a table of so many rows."""
    return f"Rowcast, {rows:,} rows"


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure."""
    rounds: dict[tuple[str, str, str], list[float]] = {}
    rows = {system(rows): rows for rows in _sizes(plan)}
    marks = 0
    for number in range(min(plan.rounds, ROUNDS)):
        plan.tell(f"round {number + 1}")
        for case, query in LISTINGS.items():
            marks += EDITS  # they rise for as long as a table lives: a stream begins with what the last ones left
            for kind, take in (("page", _pages), ("refresh", _refreshes)):
                for name, one in up.items():
                    p50, p99 = take(one, query, marks, plan)
                    rounds.setdefault((case, f"{kind} p50", name), []).append(p50 * 1000)
                    rounds.setdefault((case, f"{kind} p99", name), []).append(p99 * 1000)
    results = Results(notes=[NOTE])
    for (case, figure, name), times in rounds.items():
        results.add(NAME, case, figure, name, "ms", times)
    by_size = sorted(up, key=lambda name: rows[name])
    for figure in ("page p99", "refresh p99"):
        results.compare(NAME, figure, by_size[-1], by_size[0])
    return results


def _sizes(plan: Plan) -> tuple[int, ...]:
    return SMALL if plan.quick else SIZES


def _pages(one: System, query: str, _first: int, plan: Plan) -> tuple[float, float]:
    asked = [request("GET", f"/users?{query}", None, **HEADERS)]
    with changing(one.folder / FILE, CHANGES):
        answered = ask(one, asked, 0.1 if plan.quick else SECONDS)
    return answered.p50, answered.p99


def _refreshes(one: System, query: str, first: int, plan: Plan) -> tuple[float, float]:
    # The first row of the data is on each of the listings, wherever the mark is put in its name.
    count = 3 if plan.quick else EDITS
    edits = [
        request("POST", "/users/1", {"username": f"Ada {data.RARE} 0 {marked(mark)}"}, **HEADERS)
        for mark in range(first, first + count)
    ]
    stream = request("GET", f"/users/stream?{query}", Accept="text/event-stream")
    with reading(one.port, 1, [stream]) as reader:
        times = [told.last for told in reader.edit(first, edits, every=EVERY)]
    if len(times) < count or not all(times):
        raise Failed(f"{one.name}: a reader was told of {len(times)} of {count} edits")
    return median(times), quantiles(times, n=100, method="inclusive")[98]
