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
from pathlib import Path

from tests.live.history import command, history
from tests.live.tally import Tally
from webapp.schema import migrate

SEEDS = 10**9
REPEATS = 8


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Soak:
    """Histories by the batch, and what came of them."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.tally = Tally()
        self.diverged: list[int] = []
        self.failed: list[int] = []  # for other reasons
        self._folder = folder
        self._rounds = rounds
        self._migrated = folder / "migrated.db"
        migrate(f"sqlite:///{self._migrated}")

    async def batch(self, seeds: list[int]) -> None:
        """Let the histories of ``seeds`` happen at once."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            files = [Path(shutil.copy(self._migrated, f"{folder}/{number}.db")) for number in range(len(seeds))]
            histories = [
                history(f"sqlite+aiosqlite:///{file}", seed, rounds=self._rounds)
                for file, seed in zip(files, seeds, strict=True)
            ]
            ended = await asyncio.gather(*histories, return_exceptions=True)
        tell(f"{time.monotonic() - began:5.1f} s, seeds {' '.join(map(str, seeds))}")
        for seed, end in zip(seeds, ended, strict=True):
            if isinstance(end, Tally):
                self.tally += end
                continue
            found = self.diverged if isinstance(end, AssertionError) else self.failed
            found.append(seed)
            self.tally.histories += 1
            tell(f"{'DIVERGED' if found is self.diverged else 'FAILED'}: {end!r}")
            tell(f"repeat it by: {command(seed, self._rounds)}")


async def soak(folder: Path, options: argparse.Namespace) -> int:
    """Run until told to stop; return the exit status."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    running, began = Soak(folder, options.rounds), time.monotonic()
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
    parser.add_argument("--together", type=int, default=16, help="how many histories at a time")
    parser.add_argument("--rounds", type=int, default=12, help="how long each history is")
    parser.add_argument("--seed", type=int, help="repeat this history")
    logging.disable(logging.WARNING)  # a feed of a killed server says that it was
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(asyncio.run(soak(Path(folder), parser.parse_args())))


if __name__ == "__main__":
    main()
