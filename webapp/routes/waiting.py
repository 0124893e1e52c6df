"""Waiting: how many changes a page that stands still has missed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, abort, request

from webapp.live.shown import pack, unpack
from webapp.live.steps import Outline
from webapp.live.summary import rows_changed
from webapp.routes.answers import Answer, answering
from webapp.routes.reading import asked
from webapp.routes.services import Services
from webapp.tables.page import Page
from webapp.tables.table import Table

REFRESH = 5  # seconds


def still(page: Page, paused: bool) -> dict[str, Any]:
    """Return what templates need so that ``page`` stands still, if it is ``paused``."""
    return {"paused": True, "shown": pack(Outline.of(page)), "now": datetime.now(UTC)} if paused else {}


def add_waiting(routes: Blueprint, table: Table, services: Services) -> None:
    """Add the route that counts what waits for a paused page of ``table``."""

    @routes.get("/waiting")
    @answering(table, services)
    async def waiting() -> Answer:
        """How many changes wait for a page that is paused.

        The page hands back what it shows, so the count is true on any process, however long ago that was.
        """
        pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "shown"]
        listing, _is_paused, problems = asked(table, pairs)
        if problems:
            abort(400)
        try:
            shown = unpack(request.args.get("shown", ""))
        except ValueError:
            abort(400)
        page = await services.pages.read(table, listing)
        changes = rows_changed(shown, page)
        return Answer(
            json={"waiting": changes},
            part="_waiting.html",
            page="waiting.html",
            context={"waiting": changes, "refresh": REFRESH},
            tells=False,
            stands_on=(str(changes),),
        )
