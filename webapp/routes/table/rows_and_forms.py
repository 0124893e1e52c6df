"""One row with its history, and the forms that add, edit and delete. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quart import Blueprint, Response, request

from rowcast.i18n import Message
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.content_negotiation import wants_part
from rowcast.routes.answers.negotiated_response import HandlerResult, answering
from rowcast.routes.answers.repeated_requests import new_key, rendered
from rowcast.routes.answers.request_parsing import GIVEN, given_in, listing_before, paused_before
from rowcast.routes.table.key_converter import row_path
from rowcast.routes.table.missed_changes_count import REFRESH
from rowcast.tables.history import has_missed
from rowcast.tables.key import Key
from rowcast.tables.page import Row
from rowcast.tables.row_writes import RowNotFound
from rowcast.tables.serialization import row_as_json
from rowcast.tables.table import Table
from rowcast.tables.three_way_merge import contested, untouched

SHOWN = "article#shown"  # as htmx says what it aims at


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
        return replace(whole(table, row.key, row, changes), json=row_as_json(row), etag=row.tag)

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
        """What whoever has this row open should know: how it is now; beside a form, whether it is still at its version.

        Without script it is a page for a frame, which is refreshed by the browser.
        """
        row, changes = await app_context.pages.row(table, id)
        if request.headers.get("HX-Target") == SHOWN or not wants_part():
            return whole(table, id, row, changes, is_news=True)
        current = row is not None and request.args.get("version") == str(row.values["version"])
        return panel("_notice.html", table, row=row and row.values, current=current)

    @routes.get(f"{path}/mark.css")
    async def mark(id: Key) -> Response:
        """How the row looks in the table while it is open beside it."""
        rule = f"#{table.row}-{id} {{ --tint: var(--open-tint); --side: var(--open-side) }}\n"
        return Response(rule, mimetype="text/css", headers={"Cache-Control": "max-age=86400"})

    @routes.get("/panel")
    @answering(table, app_context)
    async def close() -> HandlerResult:
        """The panel with no form in it."""
        return panel("_panel.html", table)


def whole(table: Table, key: Key, row: Row | None, changes: Sequence[Any], *, is_news: bool = False) -> HandlerResult:
    """Return the answer that shows a row and what happened to it, for the first time or as news of it.

    News are asked for from a page of their own, too, which hands back where it leads back to.
    """
    alone = is_news and "back" in request.args
    shown = panel(
        "_show.html",
        table,
        key=key,
        row=row and row.values,
        changes=changes,
        has_missed=row is not None and has_missed(changes, row),
        is_news=is_news,
        alone=alone,
        is_framed=False,
        refresh=REFRESH,
    )
    page = "row_frame.html" if is_news else shown.page
    history = ascii([tuple(change) for change in changes])
    decides = row.tag if row else "gone", history, shown.context["back"].query, str(shown.context["paused"])
    stands_on = *decides, page, str(alone)
    return replace(shown, page=page, stands_on=stands_on, is_kept=True, tells=not is_news)


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

    With ``conflict`` it shows what the row holds now: in place of what the writer left as it was given, and beside
    what both have changed.
    """
    values: dict[str, Any] = {name: info.default for name, info in table.draft.model_fields.items() if info.default}
    now = row.values if row else {}
    shown = {name: _text(value) for name, value in {**values, **now, **(sent or {})}.items()}
    given: dict[str, Any] = {column.name: _text(now.get(column.name)) for column in table.fields} if row else {}
    version = now.get("version")
    contest: frozenset[str] = frozenset()
    if sent and conflict:
        before = given_in(table, sent)
        shown |= {name: given[name] for name in untouched(before, sent)}
        contest = contested(before, {name: shown[name] for name in given}, given)
    elif sent and sent.get("version") and "version" not in (errors or {}):
        # What the writer saw; only a conflict shows what is newer, and by that makes it seen.
        version, given = sent["version"], given_in(table, sent)
    filled = {column.name: shown.get(column.name, "") for column in table.fields}
    return panel(
        "_form.html",
        table,
        **_repeatable(filled),
        key=row and row.key,
        row=row and row.values,
        version=version,
        given={GIVEN + name: value for name, value in given.items()},
        values=filled,
        contested=contest,
        errors=errors or {},
        conflict=conflict,
        sent=sent,
    )


def question(table: Table, row: Row, sent: Mapping[str, Any] | None = None) -> HandlerResult:
    """Return the question whether to delete ``row``."""
    return panel("_delete.html", table, sent=sent, key=row.key, row=row.values, **_repeatable({}))


def _repeatable(filled: Mapping[str, str]) -> dict[str, str]:
    # What a form carries that may be sent twice: its own key, and in answer to another, when it was shown.
    return {"once": new_key(), "rendered": rendered(filled) if request.method == "POST" else ""}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
