"""Metrics: counters and histograms of the hub of one process, for monitoring."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from prometheus_client import Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def _histogram(name: str, text: str) -> Histogram:
    return Histogram(name, text, buckets=SECONDS, registry=None)


@dataclass
class Metrics:
    """Counts since the start: frames made by kind, streams ended by reason, bytes and lags of those that ended.

    ``spared``: how often a feed had no need to read its page again, for no row was written that can change it.
    """

    frames: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    behind: int = 0
    spared: int = 0
    refresh: Histogram = field(
        default_factory=lambda: _histogram("rowcast_refresh_seconds", "To read a page again and make its frame")
    )
    latency: Histogram = field(
        default_factory=lambda: _histogram("rowcast_change_to_write_seconds", "From a signal to the last write of it")
    )
