"""Revisions: what a feed remembers of its page, and what leads from there to now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from webapp.live.encoders import Encoder
from webapp.live.frames import Piece, rest
from webapp.live.meters import Meters
from webapp.live.steps import Outline
from webapp.tables.page import Page


class Revisions:
    """The last ``limit`` revisions of one page, as ids and fingerprints only; ``now`` is the newest."""

    now: str = ""
    page: Page

    def __init__(self, encoder: Encoder, limit: int, meters: Meters) -> None:
        self._encoder = encoder
        self._limit = limit
        self._meters = meters
        self._outlines: dict[str, Outline] = {}
        self._rests: dict[str, Piece] = {}  # what leads from a revision ("": anything) to now

    def move(self, page: Page) -> str:
        """Let ``page`` be what is shown now; return the parts that lead there from what was before."""
        revision, body = page.revision(self._encoder.seed), ""
        if self.now and revision != self.now:
            body, replacing = self._encoder.difference(self._outlines[self.now], page, revision)
            self._meters.frames["replacing" if replacing else "incremental"] += 1
        self._remember(page, revision)
        return body

    def confirm(self, at: datetime | None) -> None:
        """Hear that the page was still what it is at ``at``: whatever was written until then was not on it."""
        if at is not None:
            self._outlines[self.now] = replace(self._outlines[self.now], read_at=at)

    def since(self, revision: str) -> Piece:
        """Return the parts that lead from ``revision`` to now, made once however many readers ask."""
        key = revision if revision in self._outlines else ""
        if key not in self._rests:
            self._rests[key] = rest(self._leading(key))
        return self._rests[key]

    def _leading(self, revision: str) -> str:
        if revision == self.now:
            return self._encoder.nothing(self.page, self.now)
        body, replacing = self._encoder.difference(self._outlines.get(revision), self.page, self.now)
        self._meters.frames["replacing" if replacing else "resuming"] += 1
        return body

    def _remember(self, page: Page, revision: str) -> None:
        self.page = page
        if self._outlines.pop(revision, None) is None or revision != self.now:
            self._rests.clear()
        self.now = revision
        self._outlines[revision] = Outline.of(page)
        if len(self._outlines) > self._limit:
            del self._outlines[next(iter(self._outlines))]
