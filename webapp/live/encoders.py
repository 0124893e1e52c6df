"""Encoders: in which form a feed tells what has changed: parts for htmx, or JSON (documents.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from webapp.live.documents import Documents
from webapp.live.frames import difference, part
from webapp.live.limits import Form
from webapp.live.renderer import Renderer
from webapp.live.steps import Outline
from webapp.tables.page import Page


class Encoder(Protocol):
    """What a feed must be able to tell, as text that stands in one message."""

    seed: str  # what else decides how a page looks: it is in the revision, whatever the form

    def greeting(self, token: str) -> str:
        """Return how a message begins that greets one reader; what catches the reader up follows."""

    def confirmation(self, milliseconds: float) -> str:
        """Return what tells the round trip to the reader that answered its greeting."""

    def beat(self, page: Page, revision: str) -> str:
        """Return the heartbeat."""

    def nothing(self, page: Page, revision: str) -> str:
        """Return what follows the greeting of a reader that has ``page`` already."""

    def difference(self, old: Outline | None, new: Page, revision: str) -> tuple[str, bool]:
        """Return what leads from ``old`` (None: from anything) to ``new``, and whether it replaces all.

        It is empty when nothing differs. ``revision`` is that of ``new``.
        """

    @property
    def summary(self) -> Callable[[int], str] | None:
        """What sums up that so many rows changed, for people; None where nobody is told."""


class Parts:
    """Parts of a page, for htmx."""

    def __init__(self, renderer: Renderer) -> None:
        self.seed = renderer.seed
        self._renderer = renderer

    def greeting(self, token: str) -> str:
        """Return the line of the log that the browser answers, and a heartbeat."""
        return part("log", "append", self._renderer.connecting(token)) + self._beat()

    def confirmation(self, milliseconds: float) -> str:
        """Return a line of the log."""
        return part("log", "append", self._renderer.connected(milliseconds))

    def beat(self, page: Page, revision: str) -> str:
        """Return the heartbeat."""
        return self._beat()

    def nothing(self, page: Page, revision: str) -> str:
        """Return nothing."""
        return ""

    def difference(self, old: Outline | None, new: Page, revision: str) -> tuple[str, bool]:
        """Return the parts that lead from ``old`` to ``new``."""
        return difference(old, new, self._renderer)

    def summary(self, changed: int) -> str:
        """Return the text for the status line beside the table."""
        return part("summary", "innerHTML", self._renderer.summary(changed))

    def _beat(self) -> str:
        return part("beat", "outerHTML", self._renderer.beat())


def encoder_of(form: Form, renderer: Renderer) -> Encoder:
    """Return what tells in ``form`` of the pages that ``renderer`` shows: revisions are the same in all forms."""
    return Documents(renderer.seed) if form == "json" else Parts(renderer)
