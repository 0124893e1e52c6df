"""Histories with fresh seeds until told to stop: ``python -m tests.soak [--minutes N]``; ``--help`` tells the rest.

Ends with what happened, counted; with status 1 when a page did not end equal to a fresh one. ``--seed`` repeats one
history, a few times, for which write falls into which read is a matter of microseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import get_args

from rowcast.live.feed_key import Format
from rowcast.schema import migrate
from tests.live.history import command, history
from tests.live.skipping import run
from tests.live.tally import Tally
from tests.postgres import running_cluster

SEEDS = 10**9
REPEATS = 8
TELLING = 10.0  # seconds between two lines of a process
STOPPING = signal.SIGINT, signal.SIGTERM


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextmanager
def sqlite() -> Iterator[Callable[[int], str]]:
    """Yield what makes the empty database of a number anew, and returns its URL."""
    with tempfile.TemporaryDirectory() as folder:
        migrated = Path(folder, "migrated.db")
        migrate(f"sqlite:///{migrated}")

        def make(number: int) -> str:
            for file in Path(folder).glob(f"{number}.db*"):
                file.unlink()
            return f"sqlite+aiosqlite:///{shutil.copy(migrated, Path(folder, f'{number}.db'))}"

        yield make


@contextmanager
def postgresql() -> Iterator[Callable[[int], str]]:
    """Yield the same for a PostgreSQL server that is started for it; a history empties its database itself."""
    with running_cluster() as cluster:
        template = cluster.create()
        migrate(cluster.url(template))
        yield cache(lambda number: cluster.url(cluster.create(template)))


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}
FORMS = get_args(Format)


@dataclass
class Outcome:
    """What came of the histories of one process, or of several."""

    tally: Tally = field(default_factory=Tally)
    diverged: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)  # for other reasons
    minutes: float = 0
    a_minute: float = 0  # histories

    def __iadd__(self, other: Outcome) -> Outcome:
        self.tally += other.tally
        self.diverged += other.diverged
        self.failed += other.failed
        self.minutes = max(self.minutes, other.minutes)
        self.a_minute += other.a_minute
        return self

    def __str__(self) -> str:
        return (
            f"{self.minutes:.1f} minutes, {self.a_minute:.0f} histories a minute\n{self.tally}\n"
            f"divergences: {len(self.diverged)} {self.diverged or ''}\n"
            f"other failures: {len(self.failed)} {self.failed or ''}"
        )


class Soak:
    """Histories of one process, several at a time, each on the database that ``make`` makes, and what came of them."""

    def __init__(self, make: Callable[[int], str], options: argparse.Namespace) -> None:
        self.outcome = Outcome()
        self._make = make
        self._options = options
        self._under_way: dict[int, int] = {}  # the seeds, by the number of the database

    async def run(self) -> Outcome:
        """Run until the time is over, or until somebody has been told to stop."""
        for stop in STOPPING:
            asyncio.get_running_loop().add_signal_handler(stop, stopped.set)  # Ctrl-C reaches all processes
        for number in range(self._options.together):
            self._make(number)  # where that takes long, nothing else can go on
        began = time.monotonic()
        end = began + self._options.minutes * 60
        telling = asyncio.create_task(self._tell())
        if self._options.seed is None:
            await asyncio.gather(*(self._one_by_one(number, end) for number in range(self._options.together)))
        else:
            await asyncio.gather(*(self._one(number, self._options.seed) for number in range(REPEATS)))
        telling.cancel()
        self.outcome.minutes = (time.monotonic() - began) / 60
        self.outcome.a_minute = self.outcome.tally.histories / self.outcome.minutes
        return self.outcome

    async def _one_by_one(self, number: int, end: float) -> None:
        while not stopped.is_set() and time.monotonic() < end:
            await self._one(number, random.randrange(SEEDS))

    async def _one(self, number: int, seed: int) -> None:
        url = self._make(number)
        self._under_way[number] = seed
        try:
            self.outcome.tally += await history(url, seed, rounds=self._options.rounds, form=self._options.form)
        except Exception as error:
            has_diverged = isinstance(error, AssertionError)
            (self.outcome.diverged if has_diverged else self.outcome.failed).append(seed)
            self.outcome.tally.histories += 1
            tell(f"{'DIVERGED' if has_diverged else 'FAILED'}: {error!r}")
            tell(f"repeat it by: {command(url, seed, self._options.rounds, self._options.form)}")
            if not has_diverged:
                stopped.set()
        del self._under_way[number]

    async def _tell(self) -> None:
        told = time.monotonic()
        while True:
            await asyncio.sleep(1)  # of a clock that may skip
            if time.monotonic() - told > TELLING:
                told = time.monotonic()
                tell(f"{self.outcome.tally.histories} histories; now {' '.join(map(str, self._under_way.values()))}")


stopped: Event  # of all processes


def begin(event: Event) -> None:
    """Prepare a process, which ends when ``event`` says so."""
    global stopped
    stopped = event
    logging.disable(logging.WARNING)  # a feed of a killed server says that it was
    # What was imported stays, and most of what a history makes goes by itself: to look for more is a tenth of the work.
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def soak(options: argparse.Namespace) -> Outcome:
    """Run histories in this process."""
    with DATABASES[options.database]() as make:
        return run(options.database, Soak(make, options).run())


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="how long; without it, until Ctrl-C")
    parser.add_argument("--database", choices=DATABASES, default="sqlite", help="on which kind")
    parser.add_argument("--form", choices=FORMS, default="html", help="what readers follow: pages, or copies in JSON")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many; without it, one for each core")
    parser.add_argument("--together", type=int, default=16, help="how many histories at a time in each process")
    parser.add_argument("--rounds", type=int, default=12, help="how long each history is")
    parser.add_argument("--seed", type=int, help="repeat this history")
    options = parser.parse_args()
    fresh = multiprocessing.get_context("spawn")
    event, outcome = fresh.Event(), Outcome()
    for number in STOPPING:
        signal.signal(number, lambda *_: event.set())
    with ProcessPoolExecutor(options.processes, fresh, begin, (event,)) as processes:
        count = options.processes if options.seed is None else 1
        for ended in [processes.submit(soak, options) for _ in range(count)]:
            outcome += ended.result()
    tell(str(outcome))
    sys.exit(1 if outcome.diverged or outcome.failed else 0)


if __name__ == "__main__":
    main()
