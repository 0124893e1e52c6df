"""TableRenderer: renders one table's pages and parts; its cache of rendered rows is shared by pages and streams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from jinja2 import Template
from markupsafe import escape

from rowcast.live.audience import Audience, EmbedOptions
from rowcast.showing.link_builder import ORIGIN, LinkBuilder
from rowcast.showing.template_environment import environment, version
from rowcast.tables.key import Key
from rowcast.tables.page import Page, Row
from rowcast.tables.table import Table

PREFIXES = 8  # of our paths, for which rows are kept
Rows = dict[tuple[Key, bytes], str]  # rendered, by key and fingerprint


class TableRenderer:
    """One table for one audience: what ``live`` asks for to make frames, and the rows of its pages.

    A row is rendered once; pages and frames share it.
    """

    def __init__(self, table: Table, audience: Audience, cached_rows: int = 20_000, rows: Rows | None = None) -> None:
        self.table = table
        self.embed = embed = audience.embed
        self.name = table.name
        self.row_name = table.row
        decides = version(), table.name, audience.language, embed, audience.prefix
        self.seed = "/".join(str(one) for one in decides if one)
        self._environment = environment(audience.language)
        self._templates: dict[str, Template] = {}
        self._cached_rows = cached_rows
        self._rows = {} if rows is None else rows
        self._links = links = LinkBuilder(table, embed, (embed.origin if embed else "") + audience.prefix)
        root = ORIGIN if links.is_cross_origin else links.root
        # Letters, for no key begins with one: then the ids of a row's buttons are its own, whatever the columns are.
        cells = [(_letters(place), one, one.name, one.choices) for place, one in enumerate(table.columns[1:])]
        start = str(escape(root) + f"/{table.name}/")
        self._row_context = {"table": table, "cells": cells, "start": start, **LinkBuilder(table, embed, root).context}

    def template(self, name: str) -> Template:
        """Return the table's own template ``name``, or the one that all tables share."""
        if name not in self._templates:
            # Jinja looks for a file that is not there each time that it is asked.
            self._templates[name] = self._environment.select_template([f"{self.name}/{name}", f"table/{name}"])
        return self._templates[name]

    def render(self, name: str, *, paused: bool = False, **context: Any) -> str:
        """Render the template ``name`` with what all templates of a table may use.

        What a page that is ``paused`` leads to is paused as well.
        """
        links = self._links.standing_still() if paused else self._links
        return self.template(name).render(table=self.table, renderer=self, **links.context, **context)

    def row(self, row: Row) -> str:
        """Return the row, without white space around it."""
        if (kept := (row.key, row.fingerprint)) not in self._rows:
            self._render_rows([row])
        found = self._rows[kept]
        return found.replace(ORIGIN, self._links.root) if self._links.is_cross_origin else found

    def rows(self, rows: Sequence[Row]) -> str:
        """Return several rows."""
        if missing := [row for row in rows if (row.key, row.fingerprint) not in self._rows]:
            self._render_rows(missing)
        return "".join(map(self.row, rows))

    def pager(self, page: Page, paused: bool = False) -> str:
        """Return the total and the page links."""
        return _squeeze(self.render("_pager.html", paused=paused, page=page, listing=page.listing))

    def beat(self) -> str:
        """Return the heartbeat."""
        return self._beat

    def notice(self, key: Key) -> str:
        """Return what goes where a row is open: it asks at once what is new, and again until it is answered.

        Where the answer goes is said there.
        """
        return f'<p hx-get="{self._links.root}/{self.name}/{key}/notice" hx-trigger="load, every 10s"></p>'

    def summary(self, changed: int) -> str:
        """Return what is said of so many rows that changed: an element, so that the same text is news again."""
        return _squeeze(self.template("_summary.html").render(changed=changed))

    def connecting(self, token: str) -> str:
        """Return the log's line that makes the browser answer."""
        context = {"token": token, "now": datetime.now(UTC), "root": self._links.root}
        return _squeeze(self.template("_connecting.html").render(context))

    def connected(self, milliseconds: float) -> str:
        """Return the log's line that tells the round trip."""
        return _squeeze(self.template("_connected.html").render(milliseconds=milliseconds, now=datetime.now(UTC)))

    def _render_rows(self, rows: Sequence[Row]) -> None:
        if len(self._rows) + len(rows) > self._cached_rows:
            self._rows.clear()
        html = _squeeze(self._template_of_rows.render(self._row_context, rows=[(row.key, row.values) for row in rows]))
        begin = f'<tr id="{self.row_name}-'  # no text holds it, for texts are escaped
        before, *made = html.split(begin)
        if before or len(made) != len(rows):
            raise ValueError(f"_rows.html must begin each row with {begin}")
        self._rows |= {(row.key, row.fingerprint): begin + rest for row, rest in zip(rows, made, strict=True)}

    @cached_property
    def _template_of_rows(self) -> Template:
        return self.template("_rows.html")

    @cached_property
    def _beat(self) -> str:
        return _squeeze(self.template("_beat.html").render())


class RendererCache:
    """The renderers of each table and audience; they keep at most ``cached_rows`` rows for each way a row can look."""

    def __init__(self, cached_rows: int) -> None:
        self._cached_rows = cached_rows
        self._prefixes: set[str] = set()
        self._made: dict[tuple[Table, Audience], TableRenderer] = {}
        self._rows: dict[tuple[Table, str, bool, str], Rows] = {}

    def get(self, table: Table, audience: Audience) -> TableRenderer:
        """Return the renderer of ``table`` for ``audience``."""
        key = table, audience
        if key in self._made:
            return self._made[key]
        self._make_room(audience.prefix)
        embed = audience.embed or EmbedOptions()
        root = ORIGIN if embed.origin else audience.prefix
        rows = self._rows.setdefault((table, audience.language, embed.actions, root), {})
        made = TableRenderer(table, audience, self._cached_rows, rows)
        if not embed.origin:  # others are as many as a header can say; without rows of their own they are soon made
            self._made[key] = made
        return made

    def _make_room(self, prefix: str) -> None:
        # One app has one or two, unless its host lets clients name the path that it is mounted below.
        if prefix not in self._prefixes:
            if len(self._prefixes) == PREFIXES:
                for kept in (self._prefixes, self._made, self._rows):
                    kept.clear()
            self._prefixes.add(prefix)


def _letters(number: int) -> str:
    # None of those that begin the other ids in a row: name, edit, delete, form.
    return str(number).translate(str.maketrans("0123456789", "rstuvwxyza"))


def _squeeze(html: str) -> str:
    # White space between elements would be text nodes in the table, and bytes in every frame.
    return re.sub(r">\s+<", "><", html.strip())
