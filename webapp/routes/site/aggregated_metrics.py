"""AggregatedMetrics: the sum over all workers of this machine, whichever of them Prometheus asks.

Each writes its own numbers into a file of the folder that they share, and adds up all files when it is asked. Nobody
waits for another, and what a worker has counted stays counted when it dies: a sum that fell would be taken for a
restart of all. (prometheus_client's own multiprocess mode would write a file at every single count.)
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.registry import Collector

INTERVAL = 1.0  # seconds between two writes: what a killed worker counted since is lost
COUNTS = ".json"
GONE = ".gone"  # stands beside the counts of a worker that has ended


class AggregatedMetrics(Collector):
    """The sum of what ``own`` collects here and in the other workers of ``folder``."""

    def __init__(self, own: Collector, folder: Path) -> None:
        self._own = own
        self._folder = folder
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write now, and from now on."""
        self._write()
        self._task = asyncio.create_task(self._keep_writing())

    async def stop(self) -> None:
        """Write for the last time."""
        if self._task is not None:
            self._task.cancel()
        self._write()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; of workers that have ended, only what was counted."""
        self._write()
        sums: dict[str, Metric] = {}
        values: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = {}
        for file in sorted(self._folder.glob(f"*{COUNTS}")):
            is_gone = file.with_suffix(GONE).exists()
            for name, text, kind, samples in json.loads(file.read_text()):
                sums.setdefault(name, Metric(name, text, kind))
                for sample, labels, value in samples:
                    key = name, sample, tuple(labels.items())
                    values[key] = values.get(key, 0) + (0 if is_gone and kind == "gauge" else value)
        for (name, sample, labels), value in values.items():
            sums[name].add_sample(sample, dict(labels), value)
        yield from sums.values()

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            self._write()

    def _write(self) -> None:
        counted = [
            # When a histogram began is no number to add up.
            (m.name, m.documentation, m.type, [s[:3] for s in m.samples if not s.name.endswith("_created")])
            for m in self._own.collect()
        ]
        file = self._folder / f"{os.getpid()}{COUNTS}"
        unfinished = file.with_suffix(".new")
        with suppress(FileNotFoundError):  # our parent is gone, and another worker has removed the folder
            unfinished.write_text(json.dumps(counted))
            unfinished.replace(file)


def gone(folder: Path, process: int) -> None:
    """Mark the numbers of a worker that has ended."""
    (folder / f"{process}{GONE}").touch()
