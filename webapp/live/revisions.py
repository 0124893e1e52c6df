"""Revisions: the last few revisions of a feed's page, and the message that leads from each to now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rowcast.live.encoder import FrameEncoder
from rowcast.live.frame import FrameSegment, rest
from rowcast.live.metrics import Metrics
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.tables.page import Page


class Revisions:
    """The last ``limit`` revisions of one page, as keys and fingerprints only; ``now`` is the newest."""

    now: str = ""
    page: Page

    def __init__(self, encoder: FrameEncoder, limit: int, metrics: Metrics) -> None:
        self._encoder = encoder
        self._limit = limit
        self._metrics = metrics
        self._snapshots: dict[str, PageSnapshot] = {}
        self._rests: dict[str, FrameSegment] = {}  # what leads from a revision ("": anything) to now

    def move(self, page: Page) -> str:
        """Let ``page`` be what is shown now; return the parts that lead there from what was before."""
        revision, body = page.revision(self._encoder.seed), ""
        if self.now and revision != self.now:
            body, replacing = self._encoder.difference(self._snapshots[self.now], page, revision)
            self._metrics.frames["replacing" if replacing else "incremental"] += 1
        self._remember(page, revision)
        return body

    def confirm(self, at: datetime | None) -> None:
        """Hear that the page was still what it is at ``at``: whatever was written until then was not on it."""
        if at is not None:
            self._snapshots[self.now] = replace(self._snapshots[self.now], read_at=at)

    def since(self, revision: str) -> FrameSegment:
        """Return the parts that lead from ``revision`` to now, made once however many readers ask."""
        key = revision if revision in self._snapshots else ""
        if key not in self._rests:
            self._rests[key] = rest(self._leading(key))
        return self._rests[key]

    def _leading(self, revision: str) -> str:
        if revision == self.now:
            return self._encoder.nothing(self.page, self.now)
        body, replacing = self._encoder.difference(self._snapshots.get(revision), self.page, self.now)
        self._metrics.frames["replacing" if replacing else "resuming"] += 1
        return body

    def _remember(self, page: Page, revision: str) -> None:
        self.page = page
        if self._snapshots.pop(revision, None) is None or revision != self.now:
            self._rests.clear()
        self.now = revision
        self._snapshots[revision] = PageSnapshot.of(page)
        if len(self._snapshots) > self._limit:
            del self._snapshots[next(iter(self._snapshots))]
