"""Traffic: what one reader of a page of 100 rows receives in a minute, beside the tutorial's table every 5 seconds.

All rates are measured side by side for half a minute, in which two heartbeats fall. A minute is twice what the reader
without edits received, and for each edit what the readers with edits received more.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace

import httpx

from benchmarks.admins import rowcast
from benchmarks.client import HOST, Failed, Readers, reading, request
from benchmarks.fans import SOCKET, SOCKET_RULES, flask_socketio
from benchmarks.plan import Plan
from benchmarks.results import Ratio, Results
from benchmarks.systems import Program, System

NAME = "traffic"
ROWS = 100
RATES = (0, 1, 12, 60)  # edits a minute
TUTORIAL = "Flask-SocketIO, tutorial"
EVERY = 5.0  # seconds between two tables of the tutorial
SECONDS = 30.0
BYTES = "received"
MINUTE = 60.0


def programs(plan: Plan) -> list[Program]:
    """Return what is to be up."""
    tutorial = flask_socketio("threading", "tutorial")
    settings = tutorial.settings
    tutorial = replace(tutorial, name=TUTORIAL, settings=lambda port: settings(port) | {"ROWS": str(ROWS)})
    return [*(rowcast(ROWS, system(rate)).program for rate in RATES), tutorial]


def system(rate: int) -> str:
    """Name the product with so many edits a minute."""
    return f"Rowcast, {rate} edits a minute"


def measure(up: dict[str, System], plan: Plan) -> Results:
    """Measure."""
    seconds = 5.0 if plan.quick else SECONDS
    plan.tell(f"{seconds:.0f} s of edits")
    stream = request("GET", f"/users/stream?size={ROWS}", Accept="text/event-stream")
    with ExitStack() as ends:
        readers = {}
        for name, one in up.items():
            spoken = (SOCKET, '40{"sid"', SOCKET_RULES) if name == TUTORIAL else (stream, "\r\n\r\n", ())
            readers[name] = ends.enter_context(reading(one.port, 1, [spoken[0]], *spoken[1:]))
        for rate in RATES:
            _edit(up[system(rate)], 0)
        _wait_between_tables(readers.get(TUTORIAL))
        before = {name: reader.count() for name, reader in readers.items()}
        made = _edit_for(seconds, up)
        received = {name: reader.count() - before[name] for name, reader in readers.items()}
    results = Results(notes=[f"A minute is reckoned from {seconds:.0f} s; the stream is open before they begin."])
    minutes = seconds / MINUTE
    still = received[system(0)]
    for rate in RATES:
        name = system(rate)
        edits = (received[name] - still) / made[rate] * rate if rate else 0.0
        results.add(NAME, f"{ROWS} rows", BYTES, name, "bytes a minute", [still / minutes + edits])
    if TUTORIAL in received:
        results.add(NAME, f"{ROWS} rows", BYTES, TUTORIAL, "bytes a minute", [received[TUTORIAL] / minutes])
        ours, its = (results.find(NAME, f"{ROWS} rows", BYTES, name) for name in (system(12), TUTORIAL))
        if ours and its:
            results.ratios.append(Ratio(its, ours))
    return results


def _wait_between_tables(tutorial: Readers | None) -> None:
    # Half a minute that begins between two tables has six of them in it.
    if tutorial is not None:
        now = tutorial.count()
        while tutorial.count() == now:
            time.sleep(0.05)
    time.sleep(EVERY / 2)


def _edit_for(seconds: float, up: dict[str, System]) -> dict[int, int]:
    began = time.monotonic()
    # One edit at least, in the middle of its time.
    counts = {rate: max(1, round(rate * seconds / MINUTE)) for rate in RATES if rate}
    due = sorted(
        (seconds * (turn + 0.5) / count, rate, turn) for rate, count in counts.items() for turn in range(count)
    )
    for when, rate, turn in due:
        time.sleep(max(0.0, began + when - time.monotonic()))
        _edit(up[system(rate)], turn + 1)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    return counts


def _edit(one: System, turn: int) -> None:
    sent = {"role": ("member", "administrator")[turn % 2]}
    if (answer := httpx.post(f"http://{HOST}:{one.port}/users/3", data=sent)).status_code != 303:
        raise Failed(f"{one.name} answered {answer.status_code} to an edit")
