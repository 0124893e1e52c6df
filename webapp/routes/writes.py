"""Writes: create, edit, delete. What goes wrong is told where it was typed, and nothing that was typed is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from quart import Blueprint, request

from webapp.linking import url
from webapp.messages import Message, _
from webapp.routes.answers import Answer, answering
from webapp.routes.etags import precondition
from webapp.routes.problems import problem
from webapp.routes.reading import Invalid, listing_before, paused_before, reading, validate, version_in
from webapp.routes.rows import ROW, form, panel
from webapp.routes.services import Services
from webapp.tables import writing
from webapp.tables.documents import as_json
from webapp.tables.table import Table
from webapp.tables.writing import Conflict, Missing, Taken, Unexpected

INVALID = _("Nothing was saved: some of what was entered cannot be used.")
CONFLICT = _("Nothing was saved: someone else changed this row meanwhile.")
NOT_DELETED = _("Nothing was deleted: someone else changed this row meanwhile. This is how it is now.")
BAD_VERSION = _("Nothing was deleted: the version is not a number.")
GONE = _("Nothing was saved: this row was deleted meanwhile.")


def add_writes(routes: Blueprint, table: Table, services: Services) -> None:
    """Add the routes that change rows of ``table``."""

    @routes.post("")
    @answering(table, services)
    @reading
    async def create(sent: dict[str, Any]) -> Answer:
        """Add a row."""
        try:
            by, fields = author(), validate(table, table.draft, sent)
            row = await services.write(lambda connection: writing.create(connection, table, fields, by=by))
        except (Invalid, Taken) as error:
            return refused(422, INVALID, error.errors, form(table, sent=sent, errors=error.errors))
        done = finished(table, sent, _("Added %(name)s.", name=table.name_of(row.values)), form(table))
        location = {"Location": f"/{table.name}/{row.id}"}
        return replace(done, status=201, json=as_json(row), etag=row.tag, headers=location)

    @routes.route(ROW, methods=["POST", "PUT", "PATCH"])
    @answering(table, services)
    @reading
    async def edit(id: int, sent: dict[str, Any]) -> Answer:
        """Change a row: all fields by PUT, those that are sent by POST and PATCH."""
        try:
            version = version_in(sent)
            fields = validate(table, table.draft if request.method == "PUT" else table.patch, sent)
            by, expected = author(), precondition()
            row = await services.write(
                lambda connection: writing.edit(
                    connection, table, id, fields, version=version, by=by, expected=expected
                )
            )
        except (Invalid, Taken) as error:
            shown = form(table, row=await services.find(table, id), sent=sent, errors=error.errors)
            return refused(422, INVALID, error.errors, shown, whole=is_whole(sent))
        except Conflict as error:
            return conflicting(error, form(table, row=error.row, sent=sent, conflict=True), whole=is_whole(sent))
        except Missing:
            if not is_whole(sent):
                raise
            # What was typed is kept, as a new row that one click adds.
            return refused(404, GONE, {}, form(table, sent=sent))
        done = finished(table, sent, _("Saved %(name)s.", name=table.name_of(row.values)))
        part = done.part if is_whole(sent) else "_told.html"
        return replace(done, json=as_json(row), etag=row.tag, part=part)

    @routes.post(f"{ROW}/delete")
    @routes.delete(ROW)
    @answering(table, services)
    @reading
    async def delete(id: int, sent: dict[str, Any]) -> Answer:
        """Delete a row."""
        try:
            version = version_in(sent)
            by, expected = author(), precondition()
            row = await services.write(
                lambda connection: writing.delete(connection, table, id, version=version, by=by, expected=expected)
            )
        except Invalid as error:
            return refused(
                422,
                BAD_VERSION,
                error.errors,
                panel("_delete.html", table, sent=sent, row=(await services.find(table, id)).values),
            )
        except Conflict as error:
            return conflicting(error, panel("_delete.html", table, sent=sent, row=error.row.values), NOT_DELETED)
        return finished(table, sent, _("Deleted %(name)s.", name=table.name_of(row.values)))

    def is_whole(sent: dict[str, Any]) -> bool:
        # A form sends every field; a click in the row sends one, and has no form that could tell what went wrong.
        return sent.keys() >= table.draft.model_fields.keys()


def author() -> str:
    """Return whom the history names: nobody signs in yet, so it is the address."""
    return request.remote_addr or "unknown"


def finished(table: Table, sent: dict[str, Any], message: Message, then: Answer | None = None) -> Answer:
    """Return the answer after a change: back to the listing, or the message and what the panel shows ``then``."""
    then = then or panel("_panel.html", table)
    back = url(table, listing_before(table, sent), paused=paused_before(sent))
    return replace(then, part="_done.html", flash=message, back=back)


def refused(status: int, message: Message, errors: dict[str, Message], shown: Answer, *, whole: bool = True) -> Answer:
    """Return the answer that changed nothing: the form again, or for a click in the row only the message."""
    if not whole:
        message = next(iter(errors.values()), message)
    part = "_done.html" if whole else "_told.html"
    context = {**shown.context, "failed": True}
    return replace(
        shown, json=problem(status, message, errors), part=part, status=status, flash=message, context=context
    )


def conflicting(error: Conflict, shown: Answer, message: Message = CONFLICT, *, whole: bool = True) -> Answer:
    """Return the answer to an edit of an older version: programs get the row as it is now with it."""
    answer = refused(412 if isinstance(error, Unexpected) else 409, message, {}, shown, whole=whole)
    return replace(answer, json={**answer.json, "row": as_json(error.row)})
