"""Writes: create, edit, delete. What goes wrong is told where it was typed, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from quart import Blueprint, request
from sqlalchemy import Connection

from rowcast.i18n import Message, _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.etags import precondition
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.own_address import path_prefix
from rowcast.routes.answers.repeated_requests import READ, is_clicked, is_unread, request_key
from rowcast.routes.answers.request_parsing import InvalidFields, given_in, reading, validate, version_in
from rowcast.routes.table.key_converter import row_path
from rowcast.routes.table.rows_and_forms import form, question
from rowcast.routes.table.write_answers import AS_IT_WAS, author, conflicting, finished, refused
from rowcast.tables import row_writes
from rowcast.tables.history import was_just_set
from rowcast.tables.idempotency import Written, once
from rowcast.tables.key import Key
from rowcast.tables.row_writes import RowNotFound, ValueTaken, VersionConflict
from rowcast.tables.table import Table
from rowcast.tables.three_way_merge import untouched
from rowcast.tables.undo import is_newest_change

INVALID = _("Nothing was saved: see beside the fields.")
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
        if is_unread(table, sent):
            return AS_IT_WAS
        try:
            by, fields = author(), validate(table, table.draft, sent)

            def add(connection: Connection) -> Written:
                return Written.of("create", row_writes.create(connection, table, fields, by=by), is_newest=True)

            done = await write(sent, add)
        except (InvalidFields, ValueTaken) as error:
            errors = await all_errors(error, None)
            return refused(422, INVALID, errors, form(table, sent=sent, errors=errors))
        told = finished(table, sent, done, form(table))
        location = {"Location": f"{path_prefix()}/{table.name}/{done.key}"}
        return replace(told, status=201, json=done.row, etag=done.tag, headers=location)

    @routes.route(path, methods=["POST", "PUT", "PATCH"])
    @answering(table, app_context)
    @reading
    async def edit(id: Key, sent: dict[str, Any]) -> HandlerResult:
        """Change a row: all fields by PUT, those that are sent by POST and PATCH.

        A form sends every field, and says with what it was filled: what is still so is not what somebody changed.
        """
        if is_unread(table, sent):
            return AS_IT_WAS
        given = {} if request.method == "PUT" else given_in(table, sent)
        kept = untouched(given, sent)
        changed = {name: value for name, value in sent.items() if name not in kept}
        try:
            version = version_in(sent)
            fields = validate(table, table.draft if request.method == "PUT" else table.patch, changed)
            if is_clicked() and not is_whole(sent) and await is_just_set(id, fields):
                return AS_IT_WAS
            by, expected = author(), precondition()

            def change(connection: Connection) -> Written:
                began = datetime.now(UTC)
                row = row_writes.edit(
                    connection, table, id, fields, version=version, by=by, expected=expected, given=given
                )
                # Who sends a whole form has seen what it holds; who clicks in the row is told what that did.
                said = () if is_whole(sent) else fields
                is_newest = is_newest_change(connection, table, row, fields, began, by)
                return Written.of("edit", row, said, is_newest=is_newest)

            done = await write(sent, change)
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
        told = finished(table, sent, done)
        return replace(told, json=done.row, etag=done.tag, part=told.part if is_whole(sent) else "_flash_only.html")

    @routes.post(f"{path}/delete")
    @routes.delete(path)
    @answering(table, app_context)
    @reading
    async def delete(id: Key, sent: dict[str, Any]) -> HandlerResult:
        """Delete a row."""
        if is_unread(table, sent):
            return AS_IT_WAS
        try:
            version = version_in(sent)
            by, expected = author(), precondition()

            def remove(connection: Connection) -> Written:
                row = row_writes.delete(connection, table, id, version=version, by=by, expected=expected)
                return Written.of("delete", row)

            done = await write(sent, remove)
        except InvalidFields as error:
            return refused(422, BAD_VERSION, error.errors, question(table, await app_context.find(table, id), sent))
        except VersionConflict as error:
            return conflicting(error, question(table, error.row, sent), NOT_DELETED)
        return finished(table, sent, done)

    async def write(sent: dict[str, Any], unit: Callable[[Connection], Written]) -> Written:
        asked = request_key(sent)
        return await app_context.write(lambda connection: once(connection, table, asked, lambda: unit(connection)))

    async def is_just_set(id: Key, fields: dict[str, Any]) -> bool:
        return await app_context.database.query(lambda c: was_just_set(c, table, id, fields, READ))

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
