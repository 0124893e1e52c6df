"""Histories with fresh seeds until told to stop: ``python -m tests.soak [--minutes N]``; ``--help`` tells the rest.

Ends with what happened, counted; with status 1 when a page did not end equal to a fresh one. ``--seed`` repeats one
history, a few times, for which write falls into which read is a matter of microseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from rowcast.live.feed_key import Format
from rowcast.schema import migrate
from tests.live.history import command, history
from tests.live.tally import Tally
from tests.postgres import Cluster

SEEDS = 10**9
REPEATS = 8


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
    """Yield the same for a PostgreSQL server that is started for it."""
    cluster, made = Cluster(), dict[int, str]()
    try:
        cluster.start()
        template = cluster.create()
        migrate(cluster.url(template))

        def make(number: int) -> str:
            if number in made:
                cluster.drop(made[number])
            made[number] = cluster.create(template)
            return cluster.url(made[number])

        yield make
    finally:
        cluster.remove()


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}
FORMS = get_args(Format)


class Soak:
    """Histories by the batch, each on the database that ``make`` makes, and what came of them."""

    def __init__(self, make: Callable[[int], str], rounds: int, form: Format) -> None:
        self.tally = Tally()
        self.diverged: list[int] = []
        self.failed: list[int] = []  # for other reasons
        self._make = make
        self._rounds = rounds
        self._form = form

    async def batch(self, seeds: list[int]) -> None:
        """Let the histories of ``seeds`` happen at once."""
        began = time.monotonic()
        urls = [self._make(number) for number in range(len(seeds))]
        histories = [
            history(url, seed, rounds=self._rounds, form=self._form) for url, seed in zip(urls, seeds, strict=True)
        ]
        ended = await asyncio.gather(*histories, return_exceptions=True)
        tell(f"{time.monotonic() - began:5.1f} s, seeds {' '.join(map(str, seeds))}")
        for url, seed, end in zip(urls, seeds, ended, strict=True):
            if isinstance(end, Tally):
                self.tally += end
                continue
            found = self.diverged if isinstance(end, AssertionError) else self.failed
            found.append(seed)
            self.tally.histories += 1
            tell(f"{'DIVERGED' if found is self.diverged else 'FAILED'}: {end!r}")
            tell(f"repeat it by: {command(url, seed, self._rounds, self._form)}")


async def soak(make: Callable[[int], str], options: argparse.Namespace) -> int:
    """Run until told to stop; return the exit status."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    running, began = Soak(make, options.rounds, options.form), time.monotonic()
    while not stopped.is_set() and not running.failed and time.monotonic() - began < options.minutes * 60:
        if options.seed is None:
            await running.batch([random.randrange(SEEDS) for _ in range(options.together)])
        else:
            await running.batch([options.seed] * REPEATS)
            break
    tell(f"{(time.monotonic() - began) / 60:.1f} minutes\n{running.tally}")
    tell(f"divergences: {len(running.diverged)} {running.diverged or ''}")
    tell(f"other failures: {len(running.failed)} {running.failed or ''}")
    return 1 if running.diverged or running.failed else 0


def main() -> None:
    """Read the command line, and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="how long; without it, until Ctrl-C")
    parser.add_argument("--database", choices=DATABASES, default="sqlite", help="on which kind")
    parser.add_argument("--form", choices=FORMS, default="html", help="what readers follow: pages, or copies in JSON")
    parser.add_argument("--together", type=int, default=16, help="how many histories at a time")
    parser.add_argument("--rounds", type=int, default=12, help="how long each history is")
    parser.add_argument("--seed", type=int, help="repeat this history")
    logging.disable(logging.WARNING)  # a feed of a killed server says that it was
    options = parser.parse_args()
    with DATABASES[options.database]() as make:
        sys.exit(asyncio.run(soak(make, options)))


if __name__ == "__main__":
    main()
