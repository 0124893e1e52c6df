"""``python -m benchmarks`` (``make bench``): Rowcast beside others of its kind.

Prints tables, and writes build/benchmarks/result.json and, when all was measured, docs/bench.svg.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.client import Failed, why
from benchmarks.machine import machine
from benchmarks.measures import bursts, fanout, growth, pages, start, traffic, views
from benchmarks.picture import draw
from benchmarks.plan import Measure, Plan, as_measure
from benchmarks.results import Results
from benchmarks.systems import running

MEASURES = [as_measure(module) for module in (fanout, bursts, views, pages, growth, traffic, start)]
WIDTH = 150  # of the tables in a file
RESULT = Path("build/benchmarks/result.json")
PICTURE = Path("docs/bench.svg")
ENDS = (signal.SIGTERM, signal.SIGHUP)
# Of one measure; LookupError: a system that is compared with others is not up.
FAILURES = (Failed, OSError, LookupError, httpx.HTTPError, subprocess.SubprocessError)


def main() -> None:
    """Measure, print, and write."""
    names = [measure.NAME for measure in MEASURES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--readers", help="of the fan-out, such as 100,1000")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, only to show that all of it runs")
    parser.add_argument("--output", type=Path, default=RESULT)
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    logging.disable(logging.WARNING)
    for number in ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, end)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    console, began = Console(), time.monotonic()
    if not console.is_terminal:
        console.width = WIDTH
    results = Results()
    versions: dict[str, str] = {}
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True)
    with bar:
        chosen = [measure for measure in MEASURES if measure.NAME in options.only.split(",")]
        task = bar.add_task("", total=len(chosen))

        def tell(text: str) -> None:
            bar.update(task, description=text)
            if not console.is_terminal:
                console.print(f"{time.monotonic() - began:4.0f} s  {text}", highlight=False)

        for measure in chosen:
            name = measure.NAME
            plan = Plan(
                rounds=1 if options.quick else options.rounds,
                quick=options.quick,
                readers=tuple(map(int, options.readers.split(","))) if options.readers else (),
                tell=lambda text, name=name: tell(f"{name}: {text}"),  # type: ignore[misc]
            )
            versions |= run(measure, plan, results)
            bar.advance(task)
    results.show(console)
    here = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "seconds": round(time.monotonic() - began)}
    written = here | {"quick": options.quick, "machine": machine(), "versions": versions} | results.as_json()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(written, indent=1) + "\n")
    if chosen == MEASURES and not options.quick:
        PICTURE.write_text(draw(written))
    for about, value in (machine() | versions | here).items():
        console.print(f"{about}: {value}", highlight=False)


def run(measure: Measure, plan: Plan, results: Results) -> dict[str, str]:
    """Run one measure on systems of its own; return their versions."""
    plan.tell("starting all systems")
    versions: dict[str, str] = {}
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            running(measure.programs(plan), Path(folder), lambda *told: results.extend(Results(missing=[told]))) as up,
        ):
            versions = {name: system.version for name, system in up.items()}
            results.extend(measure.measure(up, plan))
    except FAILURES as error:
        results.missing.append((measure.NAME, why(error)))
    return versions


def end(*_: object) -> None:
    """End with all that was started; a second signal does not disturb that."""
    for number in ENDS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


if __name__ == "__main__":
    main()
