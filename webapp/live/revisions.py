"""Revisions: what a feed remembers of its page, and what leads from there to now."""

from __future__ import annotations

from webapp.live.frames import Piece, Renderer, difference, rest
from webapp.live.meters import Meters
from webapp.live.steps import Outline
from webapp.tables.page import Page

NOTHING = rest("")


class Revisions:
    """The last ``limit`` revisions of one page, as ids and fingerprints only; ``now`` is the newest."""

    now: str = ""
    _page: Page

    def __init__(self, renderer: Renderer, limit: int, meters: Meters) -> None:
        self._renderer = renderer
        self._limit = limit
        self._meters = meters
        self._outlines: dict[str, Outline] = {}
        self._rests: dict[str, Piece] = {}  # what leads from a remembered revision (or "", anything) to now

    def move(self, page: Page) -> str:
        """Let ``page`` be what is shown now; return the parts that lead there from what was before."""
        body = ""
        if self.now:
            body, replacing = difference(self._outlines[self.now], page, self._renderer)
            if body:
                self._meters.frames["replacing" if replacing else "incremental"] += 1
        self._remember(page)
        return body

    def since(self, revision: str) -> Piece:
        """Return the parts that lead from ``revision`` to now, made once however many readers ask."""
        if revision == self.now:
            return NOTHING
        old = self._outlines.get(revision)
        key = "" if old is None else revision
        if key not in self._rests:
            body, replacing = difference(old, self._page, self._renderer)
            self._meters.frames["replacing" if replacing else "resuming"] += 1
            self._rests[key] = rest(body)
        return self._rests[key]

    def _remember(self, page: Page) -> None:
        self._page = page
        revision = page.revision(self._renderer.seed)
        if self._outlines.pop(revision, None) is None or revision != self.now:
            self._rests.clear()
        self.now = revision
        self._outlines[revision] = Outline.of(page)
        if len(self._outlines) > self._limit:
            del self._outlines[next(iter(self._outlines))]
