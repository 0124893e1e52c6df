"""Undo: the route that takes the newest change of a row back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from quart import Blueprint

from rowcast.i18n import _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.etags import precondition
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.repeated_requests import request_key
from rowcast.routes.answers.request_parsing import InvalidFields, reading, version_in
from rowcast.routes.table.key_converter import row_path
from rowcast.routes.table.rows_and_forms import whole
from rowcast.routes.table.write_answers import author, conflicting, finished, refused
from rowcast.tables import undo as row_undo
from rowcast.tables.idempotency import once
from rowcast.tables.key import Key
from rowcast.tables.row_writes import RowNotFound, ValueTaken, VersionConflict
from rowcast.tables.table import Table

CHANGED = _("Nothing was undone: this row was changed since.")
BAD_VERSION = _("Nothing was undone: the version is not a number.")


def add_undo(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the route that undoes changes of rows of ``table``."""

    @routes.post(f"{row_path(table)}/undo")
    @answering(table, app_context)
    @reading
    async def undo(id: Key, sent: dict[str, Any]) -> HandlerResult:
        """Take the newest change of a row back."""
        try:
            version, by, expected, asked = version_in(sent), author(), precondition(), request_key(sent)
            done = await app_context.write(
                lambda connection: once(
                    connection,
                    table,
                    asked,
                    lambda: row_undo.undo(connection, table, id, version=version, by=by, expected=expected),
                )
            )
        except InvalidFields as error:
            return only_told(refused(422, BAD_VERSION, error.errors, await row(id)))
        except ValueTaken as error:
            message = _("Nothing was undone: %(reason)s", reason=next(iter(error.errors.values())))
            return only_told(refused(422, message, error.errors, await row(id)))
        except VersionConflict as error:
            return only_told(conflicting(error, await row(id), CHANGED))
        told = only_told(finished(table, sent, done))
        return told if done.verb == "delete" else replace(told, json=done.row, etag=done.tag)

    def only_told(answer: HandlerResult) -> HandlerResult:
        return replace(answer, part="_undone.html")  # a form that is open stays as it is

    async def row(id: Key) -> HandlerResult:
        row, changes = await app_context.pages.row(table, id)
        if row is None:
            raise RowNotFound
        return replace(whole(table, row.key, row, changes), stands_on=(), is_kept=False)
