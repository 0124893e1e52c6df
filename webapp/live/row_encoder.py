"""RowEncoder: tells whoever has one row open that there is news of it. Knows no templates: a Renderer makes the HTML.

What is told is a question that the page then asks by itself. So each who has the row open gets what fits there: the row
as it is now, or a notice beside what is being typed."""

from __future__ import annotations

from rowcast.live.html_encoder import part
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.live.renderer import Renderer
from rowcast.tables.key import Key
from rowcast.tables.page import Page


class RowEncoder:
    """One part, for htmx. Each connection begins with it, for an answer may have been lost with the one before."""

    summary = None

    def __init__(self, renderer: Renderer, key: Key) -> None:
        self.seed = renderer.seed
        self._news = part(f"notice-{renderer.row_name}-{key}", "innerHTML", renderer.notice(key))

    def greeting(self, token: str) -> str:
        """Return nothing: the news follow."""
        return ""

    def confirmation(self, milliseconds: float) -> str:
        """Return nothing: nobody is asked to answer."""
        return ""

    def beat(self, page: Page, revision: str) -> str:
        """Return nothing: an empty message keeps the connection open."""
        return ""

    def nothing(self, page: Page, revision: str) -> str:
        """Return the news."""
        return self._news

    def difference(self, old: PageSnapshot | None, new: Page, revision: str) -> tuple[str, bool]:
        """Return the news."""
        return self._news, False
