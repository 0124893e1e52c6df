"""Counts how many changes a paused page has missed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, abort, request

from rowcast.live.change_summary import rows_changed
from rowcast.live.page_snapshot import PageSnapshot, pack, unpack
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.request_parsing import asked
from rowcast.tables.page import Page
from rowcast.tables.table import Table

REFRESH = 5  # seconds


def still(page: Page, paused: bool) -> dict[str, Any]:
    """Return what templates need so that ``page`` stands still, if it is ``paused``."""
    return {"paused": True, "shown": pack(PageSnapshot.of(page)), "now": datetime.now(UTC)} if paused else {}


def add_waiting(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the route that counts what waits for a paused page of ``table``."""

    @routes.get("/waiting")
    @answering(table, app_context)
    async def waiting() -> HandlerResult:
        """How many changes wait for a page that is paused.

        The page hands back what it shows, so the count is true on any process, however long ago that was.
        """
        pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "shown"]
        listing, _is_paused, problems = asked(table, pairs)
        if problems:
            abort(400)
        try:
            shown = unpack(request.args.get("shown", ""), table.key_type)
        except ValueError:
            abort(400)
        page = await app_context.pages.read(table, listing, client=request.remote_addr or "")
        changes = rows_changed(shown, page)
        return HandlerResult(
            json={"waiting": changes},
            part="_missed_changes.html",
            page="missed_changes.html",
            context={"waiting": changes, "refresh": REFRESH},
            tells=False,
            stands_on=(str(changes),),
        )
