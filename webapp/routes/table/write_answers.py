"""The answers to writes: what was done, or why nothing was; a plain browser is led back to where it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from quart import request

from rowcast.i18n import Message, _
from rowcast.routes.answers.negotiated_response import HandlerResult, Undo
from rowcast.routes.answers.own_address import path_prefix
from rowcast.routes.answers.problem_details import problem
from rowcast.routes.answers.request_parsing import listing_before, paused_before
from rowcast.routes.table.rows_and_forms import panel
from rowcast.showing.link_builder import url
from rowcast.tables.idempotency import Written
from rowcast.tables.row_writes import PreconditionFailed, VersionConflict
from rowcast.tables.serialization import row_as_json
from rowcast.tables.table import Table

CONFLICT = _("Nothing was saved: someone else changed this row meanwhile.")
AS_IT_WAS = HandlerResult(status=204)  # no browser leaves a page for it


def author() -> str:
    """Return whom the history names: nobody signs in yet, so it is the address."""
    return request.remote_addr or "unknown"


def finished(table: Table, sent: dict[str, Any], done: Written, then: HandlerResult | None = None) -> HandlerResult:
    """Return the answer after a change: back to the listing, or what was done and what the panel shows ``then``."""
    then = then or panel("_panel.html", table)
    back = path_prefix() + url(table, listing_before(table, sent), paused=paused_before(sent))
    undo = Undo(f"/{table.name}/{done.key}/undo", done.row["version"]) if done.is_newest else None
    return replace(then, part="_flash_and_panel.html", flash=what_was_done(table, done), undo=undo, back=back)


def what_was_done(table: Table, done: Written) -> Message:
    """Return in words what was done: where one field alone was set, which, and to what."""
    name = table.name_of(done.row)
    if done.verb != "edit":
        return _("Added %(name)s.", name=name) if done.verb == "create" else _("Deleted %(name)s.", name=name)
    column = table.by_name.get(done.fields[0]) if len(done.fields) == 1 else None
    if column is None or column is table.columns[0]:
        return _("Saved %(name)s.", name=name)
    value = column.show(done.row[column.name])
    return _("%(name)s: %(label)s %(value)s", name=name, label=column.label, value=value)


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
