"""FrameEncoder: what turns a page and its changes into the text of a message: HTML for htmx, or JSON for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rowcast.live.feed_key import FeedKey
from rowcast.live.html_encoder import HtmlEncoder
from rowcast.live.json_encoder import JsonEncoder
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.live.renderer import Renderer
from rowcast.live.row_encoder import RowEncoder
from rowcast.tables.page import Page


class FrameEncoder(Protocol):
    """What a feed must be able to tell, as text that stands in one message."""

    seed: str  # what else decides how a page looks: it is in the revision, whatever the format

    def greeting(self, token: str) -> str:
        """Return how a message begins that greets one reader; what catches the reader up follows."""

    def confirmation(self, milliseconds: float) -> str:
        """Return what tells the round trip to the reader that answered its greeting."""

    def beat(self, page: Page, revision: str) -> str:
        """Return the heartbeat."""

    def nothing(self, page: Page, revision: str) -> str:
        """Return what follows the greeting of a reader that has ``page`` already."""

    def difference(self, old: PageSnapshot | None, new: Page, revision: str) -> tuple[str, bool]:
        """Return what leads from ``old`` (None: from anything) to ``new``, and whether it replaces all.

        It is empty when nothing differs. ``revision`` is that of ``new``.
        """

    @property
    def summary(self) -> Callable[[int], str] | None:
        """What sums up that so many rows changed, for people; None where nobody is told."""


def encoder_of(key: FeedKey, renderer: Renderer) -> FrameEncoder:
    """Return what tells of the page of ``key``, as ``renderer`` shows it: revisions are the same in all formats."""
    if key.row is not None:
        return RowEncoder(renderer, key.row)
    return JsonEncoder(renderer.seed) if key.format == "json" else HtmlEncoder(renderer)
