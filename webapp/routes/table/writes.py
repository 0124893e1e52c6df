"""Writes: create, edit, delete. What goes wrong is told where it was typed, and nothing that was typed is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from quart import Blueprint, request

from rowcast.i18n import Message, _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.etags import precondition
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.own_address import path_prefix
from rowcast.routes.answers.problem_details import problem
from rowcast.routes.answers.request_parsing import (
    InvalidFields,
    listing_before,
    paused_before,
    reading,
    validate,
    version_in,
)
from rowcast.routes.table.key_converter import row_path
from rowcast.routes.table.rows_and_forms import form, panel, question
from rowcast.showing.link_builder import url
from rowcast.tables import row_writes
from rowcast.tables.key import Key
from rowcast.tables.row_writes import PreconditionFailed, RowNotFound, ValueTaken, VersionConflict
from rowcast.tables.serialization import row_as_json
from rowcast.tables.table import Table

INVALID = _("Nothing was saved: some of what was entered cannot be used.")
CONFLICT = _("Nothing was saved: someone else changed this row meanwhile.")
NOT_DELETED = _("Nothing was deleted: someone else changed this row meanwhile. This is how it is now.")
BAD_VERSION = _("Nothing was deleted: the version is not a number.")
GONE = _("Nothing was saved: this row was deleted meanwhile.")


def add_writes(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the routes that change rows of ``table``."""
    path = row_path(table)

    @routes.post("")
    @answering(table, app_context)
    @reading
    async def create(sent: dict[str, Any]) -> HandlerResult:
        """Add a row."""
        try:
            by, fields = author(), validate(table, table.draft, sent)
            row = await app_context.write(lambda connection: row_writes.create(connection, table, fields, by=by))
        except (InvalidFields, ValueTaken) as error:
            errors = await all_errors(error, None)
            return refused(422, INVALID, errors, form(table, sent=sent, errors=errors))
        done = finished(table, sent, _("Added %(name)s.", name=table.name_of(row.values)), form(table))
        location = {"Location": f"{path_prefix()}/{table.name}/{row.key}"}
        return replace(done, status=201, json=row_as_json(row), etag=row.tag, headers=location)

    @routes.route(path, methods=["POST", "PUT", "PATCH"])
    @answering(table, app_context)
    @reading
    async def edit(id: Key, sent: dict[str, Any]) -> HandlerResult:
        """Change a row: all fields by PUT, those that are sent by POST and PATCH."""
        try:
            version = version_in(sent)
            fields = validate(table, table.draft if request.method == "PUT" else table.patch, sent)
            by, expected = author(), precondition()
            row = await app_context.write(
                lambda connection: row_writes.edit(
                    connection, table, id, fields, version=version, by=by, expected=expected
                )
            )
        except (InvalidFields, ValueTaken) as error:
            errors = await all_errors(error, id)
            shown = form(table, row=await app_context.find(table, id), sent=sent, errors=errors)
            return refused(422, INVALID, errors, shown, whole=is_whole(sent))
        except VersionConflict as error:
            return conflicting(error, form(table, row=error.row, sent=sent, conflict=True), whole=is_whole(sent))
        except RowNotFound:
            if not is_whole(sent):
                raise
            # What was typed is kept, as a new row that one click adds.
            return refused(404, GONE, {}, form(table, sent=sent))
        done = finished(table, sent, _("Saved %(name)s.", name=table.name_of(row.values)))
        part = done.part if is_whole(sent) else "_flash_only.html"
        return replace(done, json=row_as_json(row), etag=row.tag, part=part)

    @routes.post(f"{path}/delete")
    @routes.delete(path)
    @answering(table, app_context)
    @reading
    async def delete(id: Key, sent: dict[str, Any]) -> HandlerResult:
        """Delete a row."""
        try:
            version = version_in(sent)
            by, expected = author(), precondition()
            row = await app_context.write(
                lambda connection: row_writes.delete(connection, table, id, version=version, by=by, expected=expected)
            )
        except InvalidFields as error:
            return refused(422, BAD_VERSION, error.errors, question(table, await app_context.find(table, id), sent))
        except VersionConflict as error:
            return conflicting(error, question(table, error.row, sent), NOT_DELETED)
        return finished(table, sent, _("Deleted %(name)s.", name=table.name_of(row.values)))

    async def all_errors(error: InvalidFields | ValueTaken, key: Key | None) -> dict[str, Message]:
        # What another row has is told in the same round as what cannot be used.
        if isinstance(error, ValueTaken):
            return error.errors
        usable = error.usable
        return error.errors | await app_context.database.query(
            lambda connection: row_writes.taken_among(connection, table, key, usable)
        )

    def is_whole(sent: dict[str, Any]) -> bool:
        # A form sends every field; a click in the row sends one, and has no form that could tell what went wrong.
        return sent.keys() >= table.draft.model_fields.keys()


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
