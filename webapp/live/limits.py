"""Limits: how much of everything the hub of one process may hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How many there may be of what a reader can make us hold; and how long, in seconds, things may last."""

    streams: int
    streams_per_client: int
    heartbeat: float
    stream_life: float
    stall: float
    linger: float
    feeds: int
    remembered: int


class TooManyFeeds(Exception):
    """As many feeds are open as may be."""
