"""Rendering: documents, parts, and the rows that pages and streams share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

from jinja2 import Template

from webapp.live.limits import Audience
from webapp.tables.listing import Listing
from webapp.tables.page import Page, Row
from webapp.tables.table import Table
from webapp.templating import environment, version


class TableRenderer:
    """One table for one audience: what ``live`` asks for to make frames, and the rows of its pages.

    A row is rendered once; pages and frames share it.
    """

    def __init__(self, table: Table, audience: Audience, cached_rows: int = 20_000) -> None:
        self.table = table
        self.name = table.name
        self.row_name = table.row
        self.seed = f"{version()}/{table.name}/{audience.language}"
        self._environment = environment(audience.language)
        self._cached_rows = cached_rows
        self._rows: dict[tuple[int, bytes], str] = {}

    def template(self, name: str) -> Template:
        """Return the table's own template ``name``, or the one that all tables share."""
        return self._environment.select_template([f"{self.name}/{name}", f"table/{name}"])

    def render(self, name: str, *, paused: bool = False, **context: Any) -> str:
        """Render the template ``name`` with what all templates of a table may use.

        What a page that is ``paused`` leads to is paused as well.
        """
        shared = {
            "table": self.table,
            "renderer": self,
            "paused": paused,
            "url": partial(url, self.table, paused=paused),
            "query": partial(query, paused=paused),
        }
        return self.template(name).render(**shared, **context)

    def row(self, row: Row) -> str:
        """Return the row, without white space around it."""
        key = row.id, row.fingerprint
        if (found := self._rows.get(key)) is None:
            if len(self._rows) >= self._cached_rows:
                self._rows.clear()
            found = self._rows[key] = _squeeze(self._row.render(table=self.table, row=row.values))
        return found

    def pager(self, page: Page, paused: bool = False) -> str:
        """Return the total and the page links."""
        return _squeeze(self.render("_pager.html", paused=paused, page=page, listing=page.listing))

    def beat(self) -> str:
        """Return the heartbeat."""
        return self._beat

    def notice(self, id: int) -> str:
        """Return what goes beside an open form of row ``id``: it asks at once, with the form's version, what to say."""
        return f'<p hx-get="/{self.name}/{id}/notice" hx-trigger="load"></p>'

    def summary(self, changed: int) -> str:
        """Return what is said of so many rows that changed: an element, so that the same text is news again."""
        return _squeeze(self.template("_summary.html").render(changed=changed))

    def connecting(self, token: str) -> str:
        """Return the log's line that makes the browser answer."""
        return _squeeze(self.template("_connecting.html").render(token=token, now=datetime.now(UTC)))

    def connected(self, milliseconds: float) -> str:
        """Return the log's line that tells the round trip."""
        return _squeeze(self.template("_connected.html").render(milliseconds=milliseconds, now=datetime.now(UTC)))

    @cached_property
    def _row(self) -> Template:
        return self.template("_row.html")

    @cached_property
    def _beat(self) -> str:
        return _squeeze(self.template("_beat.html").render())


class Renderers:
    """The one renderer for each table and audience; each keeps at most ``cached_rows`` rendered rows."""

    def __init__(self, cached_rows: int) -> None:
        self._cached_rows = cached_rows
        self._made: dict[tuple[Table, Audience], TableRenderer] = {}

    def get(self, table: Table, audience: Audience) -> TableRenderer:
        """Return the renderer of ``table`` for ``audience``."""
        key = table, audience
        if key not in self._made:
            self._made[key] = TableRenderer(table, audience, self._cached_rows)
        return self._made[key]


def url(table: Table, listing: Listing, path: str = "", *, paused: bool = False, **more: str) -> str:
    """Return the address of ``listing``, or of ``path`` below the table with this listing; see ``query``."""
    asked = query(listing, paused=paused, **more)
    return f"/{table.name}{path}" + (f"?{asked}" if asked else "")


def query(listing: Listing, *, paused: bool = False, **more: str) -> str:
    """Return the query string of ``listing``, and what is asked beside it: ``paused`` for a page that stands still."""
    return "&".join(filter(None, (listing.query, "paused=1" if paused else "", urlencode(more))))


def _squeeze(html: str) -> str:
    # White space between elements would be text nodes in the table, and bytes in every frame.
    return re.sub(r">\s+<", "><", html.strip())
