"""Pages: requests a second of a list of 50 rows, one row, a search and an edit, on a table of 100,000 rows.

The list is measured while nothing changes, and while another program changes a row that is not on it ten times a
second: what is kept from one commit to the next would otherwise look better than it is. Of some, many pages of the list
are asked for in turn as well, more than anybody keeps.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator, Set
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import httpx

from benchmarks.admins import ADMINS, FILE, QUARTS, ROWCAST, Admin, admins
from benchmarks.client import Answered, Failed, get, why
from benchmarks.plan import Plan
from benchmarks.results import Figure, Ratio, Results
from benchmarks.systems import Program, System

NAME = "pages"
RATE, P99 = "requests", "p99"
QUIET, CHANGING = "nothing changes", "10 changes a second"
LISTS = [(connections, when) for connections in (1, 8) for when in (QUIET, CHANGING)]
EVERY_PAGE = "50 rows, 1 connection, every page another"
PAGES = 500  # in turn: more than Rowcast keeps of pages (128), of bodies (256) and of rows (20,000, 50 on each page)
OTHERS = {"one row": "row", "a search with 10 hits": "search", "an edit by its form": "edits"}
ROUNDS = 3
EMAIL = re.compile(r"[\w.]+@example\.org")
PAUSE, PATIENCE = 0.02, 10.0  # seconds
EVERY = 0.1  # seconds between two changes
SECONDS = 0.6  # for the list; the others get half of it
NOTES = (
    "The admins do what their documentation shows: they count all rows where Rowcast stops at 10,000, search without an"
    " index, and commit with SQLite's own synchronous=FULL where Rowcast sets NORMAL.",
    "Quart's peer reads by aiosqlite, as SQLAlchemy's documentation of asyncio shows: a trip to a thread for each"
    " statement; Rowcast reads a page in one trip to a thread.",
    "Quart's peer counts as Rowcast does, but searches without an index, and neither validates an edit nor records it.",
    "A row of Django admin is its form: it has no page that only shows one.",
)


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    return [admin.program for admin in admins()]


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure."""
    results = Results(notes=list(NOTES))
    asked: dict[str, _Asked] = {}
    rounds: dict[tuple[str, str], list[Answered]] = {}
    for admin in admins():
        if admin.name in up:
            try:
                asked[admin.name] = _Asked(admin, up[admin.name])
            except (Failed, httpx.HTTPError, KeyError) as error:
                results.missing.append((admin.name, why(error)))
    for number in range(min(plan.rounds, ROUNDS)):
        for name, one in tuple(asked.items()):
            plan.tell(f"round {number + 1}, {name}")
            try:
                for case, answered in one.round(0.1 if plan.quick else SECONDS):
                    rounds.setdefault((case, name), []).append(answered)
            except Failed as error:
                results.missing.append((name, why(error)))
                del asked[name]
    _add({key: answers for key, answers in rounds.items() if key[1] in asked}, results)
    return results


def list_case(connections: int, when: str) -> str:
    """Name a way in which the list is measured."""
    return f"50 rows, {connections} connection{'s' * (connections > 1)}, {when}"


@contextmanager
def changing(file: Path, every: float = EVERY) -> Iterator[None]:
    """Change the last row of the list once ``every`` so many seconds, as another program."""
    is_over, failed = threading.Event(), []

    def change() -> None:
        connection = sqlite3.connect(file, timeout=5, isolation_level=None)
        try:
            (last,) = connection.execute("SELECT id FROM users ORDER BY username_key DESC LIMIT 1").fetchone()
            while not is_over.wait(every):
                connection.execute("UPDATE users SET version = version + 1 WHERE id = ?", [last])
        except sqlite3.Error as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    if failed:
        raise Failed(f"the program that changes rows: {failed[0]}")


def ask(
    system: System, requests: list[bytes], seconds: float, connections: int = 1, wanted: Set[int] = frozenset({200})
) -> Answered:
    """Ask for some time; for as much longer as it takes to be answered at all."""
    while not (answered := get(system.port, connections, seconds, requests)).count:
        _settle(system)
        seconds *= 2
    if wrong := answered.statuses.keys() - wanted:
        raise Failed(f"{system.name} answered {wrong} to {requests[0]!r}")
    _settle(system)
    return answered


def _settle(system: System) -> None:
    # What was asked for last is still worked at, and would be counted against what comes next.
    limit, used = time.monotonic() + PATIENCE, system.used()
    while time.monotonic() < limit:
        time.sleep(PAUSE)
        used, before = system.used(), used
        if used - before < PAUSE / 5:
            return


class _Asked:
    """The requests to a system, of which one was looked at: what is measured is an answer with all rows in it."""

    def __init__(self, admin: Admin, system: System) -> None:
        self.system = system
        with closing(admin.visit(system)) as visitor:
            first = self._shown(visitor, admin.listing, 50)
            self._shown(visitor, admin.search, 10)
            self._pages = [admin.get(visitor, admin.page.format(number + 1)) for number in range(PAGES) if admin.page]
            if admin.page and first & self._shown(visitor, admin.page.format(PAGES), 50):
                raise Failed(f"{admin.name} shows the first page as page {PAGES}")
            self.requests = {
                "list": [admin.get(visitor, admin.listing)],
                "row": [admin.get(visitor, admin.row)],
                "search": [admin.get(visitor, admin.search)],
                "edits": admin.edits(visitor),
            }

    def round(self, seconds: float) -> Iterator[tuple[str, Answered]]:
        """Ask for everything, the list for so many seconds each time; yield the cases."""
        for connections, when in LISTS:
            with changing(self.system.folder / FILE) if when == CHANGING else nullcontext():
                answered = ask(self.system, self.requests["list"], seconds, connections)
            yield list_case(connections, when), answered
        if self._pages:
            answered = ask(self.system, self._pages, seconds)
            # The next round goes on where this one ends; one more was asked for than was answered in time.
            at = (answered.count + 1) % PAGES
            self._pages = self._pages[at:] + self._pages[:at]
            yield EVERY_PAGE, answered
        for case, what in OTHERS.items():
            statuses = {302, 303} if what == "edits" else {200}
            yield case, ask(self.system, self.requests[what], seconds / 2, wanted=statuses)

    def _shown(self, visitor: httpx.Client, path: str, rows: int) -> set[str]:
        shown = set(EMAIL.findall(visitor.get(path).text))
        if len(shown) != rows:
            raise Failed(f"{self.system.name} shows {len(shown)} rows at {path}, not {rows}")
        return shown


def _add(rounds: dict[tuple[str, str], list[Answered]], results: Results) -> None:
    for (case, system), answers in rounds.items():
        results.add(NAME, case, RATE, system, "a second", [answer.rate for answer in answers])
        results.add(NAME, case, P99, system, "ms", [answer.p99 * 1000 for answer in answers])
    for case in dict.fromkeys(case for case, _ in rounds):
        ours = results.find(NAME, case, RATE, ROWCAST)
        for peers in (ADMINS, QUARTS):
            found = [figure for name in peers if (figure := results.find(NAME, case, RATE, name))]
            if ours and found:
                results.ratios.append(Ratio(ours, max(found, key=_value)))


def _value(figure: Figure) -> float:
    return figure.value
