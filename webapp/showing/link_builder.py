"""LinkBuilder: the addresses in a page of ours, in a frame that others show, and in a part of another origin's page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from rowcast.live.audience import EmbedOptions
from rowcast.tables.listing import Listing
from rowcast.tables.table import Table

# Stands for the root in rows that are kept for pages of other origins: ours comes from a header, and a copy of each
# row for every origin that anyone can think up would have no end. No text of a row can look like it: that is escaped.
ORIGIN = Markup("<origin>")
EVERYTHING = Listing()
PAUSED = "paused", "1"  # in the address of a page that stands still


class LinkBuilder:
    """Makes the addresses of one table, which begin with ``root``: our path's prefix, if there is one.

    In a page of another origin our own stands before it, and what htmx is to ask is said beside each address.
    """

    def __init__(self, table: Table, embed: EmbedOptions | None, root: str = "", paused: bool = False) -> None:
        self.root = root
        self.paused = paused
        self.is_cross_origin = embed is not None and bool(embed.origin)
        self._table = table
        self._embed = embed

    @property
    def context(self) -> dict[str, Any]:
        """What templates use."""
        actions = self._embed is None or self._embed.actions
        return {
            "root": self.root,
            "cross_origin": self.is_cross_origin,
            "paused": self.paused,
            "actions": actions,
            "query": self.query,
            "url": self.url,
            "link": self.link,
            "action": self.action,
            "go": self.go,
        }

    def standing_still(self) -> LinkBuilder:
        """Return what leads to pages that stand still."""
        return LinkBuilder(self._table, self._embed, self.root, paused=True)

    def query(self, listing: Listing) -> str:
        """Return the query string of the page that shows ``listing``."""
        return url(self._table, listing, paused=self.paused).partition("?")[2]

    def url(self, listing: Listing, path: str = "", *, paused: bool | None = None, **more: str) -> str:
        """Return the address of ``listing``, or of ``path`` below the table with this listing; ``more`` joins it.

        It leads to what stands still as this page does, or as ``paused`` says.
        """
        paused = (self.paused if paused is None else paused) and path in ("", "/table")
        return self.root + url(self._table, listing, path, self._asked(path, **more), paused=paused)

    def link(self, path: str) -> Markup:
        """Return the attributes of a link. htmx by itself makes no request of one that leads to another origin."""
        return self._both("href", "hx-get", path)

    def action(self, path: str) -> Markup:
        """Return the attributes of a form that is sent to ``path``."""
        return self._both("action", "hx-post", path)

    def go(self, listing: Listing = EVERYTHING, paused: bool | None = None) -> Markup:
        """Return the attributes of a link to ``listing``. Embedded, the table itself goes there; others, the window."""
        found = _attribute("href", self.url(listing, paused=paused))
        return found + " " + _attribute("hx-get", self.url(listing, "/table", paused=paused)) if self._embed else found

    def _both(self, plain: str, htmx: str, path: str) -> Markup:
        found = _attribute(plain, self.root + path)
        return found + " " + _attribute(htmx, self.root + path) if self.is_cross_origin else found

    def _asked(self, path: str, **more: str) -> str:
        said = more
        if self._embed is not None and path in ("/table", "/stream"):
            where = "part" if self.is_cross_origin else "page"
            said |= {
                "embed": where if path == "/stream" else "",
                "actions": "" if self._embed.actions else "0",
                "theme": self._embed.theme,
            }
        return urlencode({name: value for name, value in said.items() if value})


def url(table: Table, listing: Listing, path: str = "", more: str = "", *, paused: bool = False) -> str:
    """Return the address of ``listing``, or of ``path`` below the table with this listing.

    What is asked beside it joins the query: that the page stands still, if ``paused``, and ``more``.
    """
    query = "&".join(filter(None, (listing.query, urlencode([PAUSED]) if paused else "", more)))
    return f"/{table.name}{path}" + (f"?{query}" if query else "")


def _attribute(name: str, address: str) -> Markup:
    # Written out: a page has thirty, and Markup's own format takes as long as all else that they need.
    return Markup(f'{name}="{escape(address)}"')  # noqa: S704
