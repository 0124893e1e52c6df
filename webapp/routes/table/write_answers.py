"""The answers to writes: what was done, or why nothing was; a plain browser is led back to where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from quart import request

from rowcast.i18n import Message, _
from rowcast.routes.answers.negotiated_response import HandlerResult
from rowcast.routes.answers.own_address import path_prefix
from rowcast.routes.answers.problem_details import problem
from rowcast.routes.answers.request_parsing import listing_before, paused_before
from rowcast.routes.table.rows_and_forms import panel
from rowcast.showing.link_builder import url
from rowcast.tables.row_writes import PreconditionFailed, VersionConflict
from rowcast.tables.serialization import row_as_json
from rowcast.tables.table import Table

CONFLICT = _("Nothing was saved: someone else changed this row meanwhile.")
AS_IT_WAS = HandlerResult(status=204)  # no browser leaves a page for it


def author() -> str:
    """Return whom the history names: nobody signs in yet, so it is the address."""
    return request.remote_addr or "unknown"


def finished(table: Table, sent: dict[str, Any], message: Message, then: HandlerResult | None = None) -> HandlerResult:
    """Return the answer after a change: back to the listing, or the message and what the panel shows ``then``."""
    then = then or panel("_panel.html", table)
    back = path_prefix() + url(table, listing_before(table, sent), paused=paused_before(sent))
    return replace(then, part="_flash_and_panel.html", flash=message, back=back)


def refused(
    status: int, message: Message, errors: dict[str, Message], shown: HandlerResult, *, whole: bool = True
) -> HandlerResult:
    """Return the answer that changed nothing: the form again, or for a click in the row only the message."""
    if not whole:
        message = next(iter(errors.values()), message)
    part = "_flash_and_panel.html" if whole else "_flash_only.html"
    context = {**shown.context, "failed": True}
    return replace(
        shown, json=problem(status, message, errors), part=part, status=status, flash=message, context=context
    )


def conflicting(
    error: VersionConflict, shown: HandlerResult, message: Message = CONFLICT, *, whole: bool = True
) -> HandlerResult:
    """Return the answer to an edit of an older version: programs get the row as it is now with it."""
    answer = refused(412 if isinstance(error, PreconditionFailed) else 409, message, {}, shown, whole=whole)
    return replace(answer, json={**answer.json, "row": row_as_json(error.row)})
