"""Renderer: the interface by which ``live`` has pages rendered, for it knows no templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rowcast.tables.key import Key
from rowcast.tables.page import Page, Row


class Renderer(Protocol):
    """What a feed must be able to show: the parts of one table for one audience."""

    name: str  # the id of the table's body
    row_name: str  # what the ids of rows and notices begin with
    seed: str  # what else decides how a page looks: table, templates, audience

    def row(self, row: Row) -> str:
        """Return the row, without white space around it."""

    def rows(self, rows: Sequence[Row]) -> str:
        """Return several rows."""

    def pager(self, page: Page) -> str:
        """Return the page links, their own element included."""

    def beat(self) -> str:
        """Return the heartbeat, its own element included."""

    def notice(self, key: Key) -> str:
        """Return what goes where the row ``key`` is open, in full or in a form, when the row changes."""

    def summary(self, changed: int) -> str:
        """Return what is said of so many rows that changed."""

    def connecting(self, token: str) -> str:
        """Return the line of the connection log that makes the browser answer with ``token``."""

    def connected(self, milliseconds: float) -> str:
        """Return the line of the connection log that tells the round trip."""
