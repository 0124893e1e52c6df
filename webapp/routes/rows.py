"""Rows: one row shown, and the forms that add, edit and delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quart import Blueprint, request

from webapp.messages import Message
from webapp.routes.answers import Answer, answering
from webapp.routes.reading import listing_before, paused_before
from webapp.routes.services import Services
from webapp.tables.documents import as_json
from webapp.tables.page import Row, row_of
from webapp.tables.table import Table
from webapp.tables.writing import Missing

ROW = "/<int(max=9223372036854775807):id>"  # the largest id that a database has


def add_rows(routes: Blueprint, table: Table, services: Services) -> None:
    """Add the routes that show rows and forms of ``table``; none of them writes."""

    @routes.get(ROW)
    @answering(table, services)
    async def show(id: int) -> Answer:
        """One row, with what happened to it."""
        row, changes = await services.pages.row(table, id)
        if row is None:
            raise Missing
        shown = panel("_show.html", table, json=as_json(row), row=row.values, changes=changes)
        history = ascii([tuple(change) for change in changes])
        stands_on = row.tag, history, shown.context["back"].query, str(shown.context["paused"])
        return replace(shown, stands_on=stands_on, etag=row.tag, is_kept=True)

    @routes.get("/new")
    @answering(table, services)
    async def new_form() -> Answer:
        """The form that adds a row."""
        return form(table)

    @routes.get(f"{ROW}/edit")
    @answering(table, services)
    async def edit_form(id: int) -> Answer:
        """The form that edits a row."""
        return form(table, row=await services.find(table, id))

    @routes.get(f"{ROW}/delete")
    @answering(table, services)
    async def delete_form(id: int) -> Answer:
        """The question before a row is deleted."""
        return panel("_delete.html", table, row=(await services.find(table, id)).values)

    @routes.get(f"{ROW}/notice")
    @answering(table, services)
    async def notice(id: int) -> Answer:
        """What an open form of this row should know: whether the row is still at the form's version."""
        row = await services.database.query(lambda connection: row_of(connection, table, id))
        current = row is not None and request.args.get("version") == str(row.values["version"])
        return panel("_notice.html", table, row=row and row.values, current=current)

    @routes.get("/panel")
    @answering(table, services)
    async def close() -> Answer:
        """The panel with no form in it."""
        return panel("_panel.html", table)


def panel(
    template: str, table: Table, *, json: Any = None, sent: Mapping[str, Any] | None = None, **context: Any
) -> Answer:
    """Return the answer that shows ``template``: in the panel, or on a page of its own without script.

    That leads back to where the form came from that was ``sent``, or else this request.
    """
    before = {"back": listing_before(table, sent or {}), "paused": paused_before(sent or {})}
    context = {"content": template, "errors": {}, **before, **context}
    return Answer(part=template, page="alone.html", json=json, context=context)


def form(
    table: Table,
    *,
    row: Row | None = None,
    sent: Mapping[str, Any] | None = None,
    errors: Mapping[str, Message] | None = None,
    conflict: bool = False,
) -> Answer:
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
        row=row.values if row else None,
        version=version,
        values={column.name: _text(shown.get(column.name, "")) for column in table.fields},
        errors=errors or {},
        conflict=conflict,
        sent=sent,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
