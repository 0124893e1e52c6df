"""One row with its history, and the forms that add, edit and delete. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quart import Blueprint, request

from rowcast.i18n import Message
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.request_parsing import listing_before, paused_before
from rowcast.routes.table.key_converter import row_path
from rowcast.tables.key import Key
from rowcast.tables.page import Row, row_of
from rowcast.tables.row_writes import RowNotFound
from rowcast.tables.serialization import row_as_json
from rowcast.tables.table import Table


def add_rows(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the routes that show rows and forms of ``table``; none of them writes."""
    path = row_path(table)

    @routes.get(path)
    @answering(table, app_context)
    async def show(id: Key) -> HandlerResult:
        """One row, with what happened to it."""
        row, changes = await app_context.pages.row(table, id)
        if row is None:
            raise RowNotFound
        shown = panel("_show.html", table, json=row_as_json(row), key=row.key, row=row.values, changes=changes)
        history = ascii([tuple(change) for change in changes])
        stands_on = row.tag, history, shown.context["back"].query, str(shown.context["paused"])
        return replace(shown, stands_on=stands_on, etag=row.tag, is_kept=True)

    @routes.get("/new")
    @answering(table, app_context)
    async def new_form() -> HandlerResult:
        """The form that adds a row."""
        return form(table)

    @routes.get(f"{path}/edit")
    @answering(table, app_context)
    async def edit_form(id: Key) -> HandlerResult:
        """The form that edits a row."""
        return form(table, row=await app_context.find(table, id))

    @routes.get(f"{path}/delete")
    @answering(table, app_context)
    async def delete_form(id: Key) -> HandlerResult:
        """The question before a row is deleted."""
        return question(table, await app_context.find(table, id))

    @routes.get(f"{path}/notice")
    @answering(table, app_context)
    async def notice(id: Key) -> HandlerResult:
        """What an open form of this row should know: whether the row is still at the form's version."""
        row = await app_context.database.query(lambda connection: row_of(connection, table, id))
        current = row is not None and request.args.get("version") == str(row.values["version"])
        return panel("_notice.html", table, row=row and row.values, current=current)

    @routes.get("/panel")
    @answering(table, app_context)
    async def close() -> HandlerResult:
        """The panel with no form in it."""
        return panel("_panel.html", table)


def panel(
    template: str, table: Table, *, json: Any = None, sent: Mapping[str, Any] | None = None, **context: Any
) -> HandlerResult:
    """Return the answer that shows ``template``: in the panel, or on a page of its own without script.

    That leads back to where the form came from that was ``sent``, or else this request.
    """
    before = {"back": listing_before(table, sent or {}), "paused": paused_before(sent or {})}
    context = {"content": template, "errors": {}, **before, **context}
    return HandlerResult(part=template, page="standalone.html", json=json, context=context, vary=("Referer",))


def form(
    table: Table,
    *,
    row: Row | None = None,
    sent: Mapping[str, Any] | None = None,
    errors: Mapping[str, Message] | None = None,
    conflict: bool = False,
) -> HandlerResult:
    """Return the form for a new row, or for ``row``: with the values that were ``sent``, and what is wrong with them.

    With ``conflict`` it shows, beside each value that differs, what the row holds now.
    """
    values: dict[str, Any] = {name: info.default for name, info in table.draft.model_fields.items() if info.default}
    values |= row.values if row else {}
    shown = {**values, **(sent or {})}
    # The version that the writer saw; only a conflict shows what is newer, and by that makes it seen.
    version = row.values["version"] if row else None
    if sent and sent.get("version") and not conflict and "version" not in (errors or {}):
        version = sent["version"]
    return panel(
        "_form.html",
        table,
        key=row and row.key,
        row=row and row.values,
        version=version,
        values={column.name: _text(shown.get(column.name, "")) for column in table.fields},
        errors=errors or {},
        conflict=conflict,
        sent=sent,
    )


def question(table: Table, row: Row, sent: Mapping[str, Any] | None = None) -> HandlerResult:
    """Return the question whether to delete ``row``."""
    return panel("_delete.html", table, sent=sent, key=row.key, row=row.values)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
