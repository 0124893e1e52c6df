"""AggregatedMetrics: the sum over all workers of this machine, whichever of them Prometheus asks.

Each keeps its own numbers at its place of what they share, and adds up all when it is asked. Nobody waits for another,
and what a worker has counted stays counted when it dies: who takes its place goes on from there, for a sum that fell
would be taken for a restart of all. (prometheus_client's own multiprocess mode would write a file at every single
count.)
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from rowcast.live.worker_peers import WorkerPeers

log = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two writes: what a killed worker counted since is lost
Counted = list[Any]  # of each metric its name, text and kind, and the name, labels and value of its samples


class AggregatedMetrics(Collector):
    """The sum of what ``own`` collects here and in the other workers among ``peers``."""

    def __init__(self, own: Collector, peers: WorkerPeers) -> None:
        self._own = own
        self._peers = peers
        self._before: Counted = []  # what those have counted who had our place before us
        self._seen: dict[int, Counted] = {}
        self._is_failing = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write now, and from now on."""
        self._before = _counts(self._at(self._peers.place))
        self._write()
        self._task = asyncio.create_task(self._keep_writing())

    async def stop(self) -> None:
        """Write for the last time."""
        if self._task is not None:
            self._task.cancel()
        self._write()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; of workers that have ended, only what was counted."""
        found = [self._write()]
        for place in self._peers.others:
            counted = self._at(place)
            found.append(counted if self._peers.is_held(place) else _counts(counted))
        for name, text, kind, samples in _sum(found):
            metric = Metric(name, text, kind)
            for sample, labels, value in samples:
                metric.add_sample(sample, labels, value)
            yield metric

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            self._write()

    def _write(self) -> Counted:
        counted = [
            # When a histogram began is no number to add up.
            (m.name, m.documentation, m.type, [s[:3] for s in m.samples if not s.name.endswith("_created")])
            for m in self._own.collect()
        ]
        counted = _sum([counted, self._before])
        try:
            self._peers.keep(json.dumps(counted).encode())
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                log.warning("The numbers of this worker cannot be told to the others: %s", error)
            self._is_failing = True
        return counted

    def _at(self, place: int) -> Counted:
        if kept := self._peers.kept(place):
            self._seen[place] = json.loads(kept)
        return self._seen.get(place, [])


def _counts(counted: Counted) -> Counted:
    """Return what stays true when a worker has ended."""
    return [metric for metric in counted if metric[2] != "gauge"]


def _sum(several: Iterable[Counted]) -> Counted:
    heads: dict[str, tuple[str, str]] = {}
    values: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = {}
    for name, text, kind, samples in (metric for counted in several for metric in counted):
        heads.setdefault(name, (text, kind))
        for sample, labels, value in samples:
            key = name, sample, tuple(labels.items())
            values[key] = values.get(key, 0) + value
    found: dict[str, list[tuple[str, dict[str, str], float]]] = {name: [] for name in heads}
    for (name, sample, labels), value in values.items():
        found[name].append((sample, dict(labels), value))
    return [(name, *heads[name], samples) for name, samples in found.items()]
