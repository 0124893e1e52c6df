"""What each route takes and answers: the OpenAPI document and the page at /docs are made of this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rowcast.i18n import Message, _
from rowcast.routes.answers.repeated_requests import HEADER, LONGEST
from rowcast.routes.site.json_schemas import STRING, VERSION, query, ref
from rowcast.tables.table import Table

JSON = "application/json"
HTML = "text/html"
TEXT = "text/plain"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSS = "text/css"
EVENTS = "text/event-stream"
PROBLEM = "application/problem+json"
FORM = "application/x-www-form-urlencoded"

TAGS = ROWS, STREAM, FORMS, SERVICE = _("Rows"), _("Stream"), _("Forms and parts of pages"), _("Service")

HAVE = {**STRING, "description": _("The revision that the reader has")}
IF_MATCH = {"description": _("The version that the writer saw, in quotes"), **STRING}
IDEMPOTENCY_KEY = {
    "description": _("A key of the writer's own: what is sent again with it is not done again, and answered the same"),
    **STRING,
    "minLength": 1,
    "maxLength": LONGEST,
}
IF_NONE_MATCH = {"description": _("The ETag of what the reader has"), **STRING}

LOOKS = {"actions": {"enum": ["0", "1"]}, "theme": {"enum": ["light", "dark"]}}
EMBED = {"embed": {"enum": ["page", "part"]}, **LOOKS}
PAUSED = {"paused": {"enum": ["1"], "description": _("The page stands still, and says how many changes wait")}}
LANGUAGE = {"type": "object", "properties": {"language": {**STRING, "examples": ["zh-Hans"]}}, "required": ["language"]}


@dataclass(frozen=True)
class Operation:
    """What one method of one route takes and answers.

    ``answers`` are the media types by status, each with the schema of its body; ``sent`` is the schema of what is sent,
    as any of ``types``.
    """

    summary: Message
    tag: Message
    answers: Mapping[int, Mapping[str, Any]]
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    sent: Any = None
    types: tuple[str, ...] = (JSON, FORM)


def interface(table: Table) -> dict[str, Operation]:
    """Return the operations of the routes of ``table`` by endpoint; where one has several, after the method."""
    row, rows = table.row.title(), table.name.title()
    version = {"version": VERSION}
    problem = {PROBLEM: ref("Problem"), HTML: STRING}
    conflict = {PROBLEM: ref(f"{row}Conflict"), HTML: STRING}
    shown = {JSON: ref(row), HTML: STRING}
    fresh = {"If-None-Match": IF_NONE_MATCH}
    repeatable = {HEADER: IDEMPOTENCY_KEY}
    matching = {"If-Match": IF_MATCH, **repeatable}
    part = {200: {HTML: STRING}}
    listing = query(table)
    changes = {200: shown, 303: {}, 404: problem, 409: conflict, 412: conflict, 422: problem}
    deletes = {204: {}, 303: {}, 200: {HTML: STRING}, 404: problem, 409: conflict, 412: conflict, 422: problem}

    def edits(summary: Message, sent: str) -> Operation:
        return Operation(summary, ROWS, changes, version, matching, ref(sent))

    def follows(summary: Message, data: Any, refusal: Mapping[str, Any], asked: Mapping[str, Any]) -> Operation:
        event = {"type": "object", "properties": {"id": STRING, "data": {**STRING, **data}}}
        answers = {200: {EVENTS: event}, 400: refusal, 503: refusal}
        return Operation(summary, STREAM, answers, {**asked, **EMBED, "have": HAVE}, {"Last-Event-ID": HAVE})

    shows = {200: {JSON: ref(rows), HTML: STRING}, 304: {}, 400: problem}
    lists = {**shows, 200: {**shows[200], CSV: STRING, XLSX: {}}, 503: problem}
    stands = {**listing, **PAUSED}
    return {
        "index": Operation(_("List rows"), ROWS, lists, stands, fresh),
        "create": Operation(
            _("Add a row"), ROWS, {201: shown, 303: {}, 422: problem}, headers=repeatable, sent=ref(f"{row}Draft")
        ),
        "show": Operation(_("Show a row"), ROWS, {200: shown, 304: {}, 404: problem}, headers=fresh),
        "edit": edits(_("Change a row"), f"{row}Edit"),
        "post edit": edits(_("Change a row, by the form of a browser; programs use PATCH"), f"{row}Edit"),
        "put edit": edits(_("Replace a row"), f"{row}Replacement"),
        "delete": Operation(_("Delete a row"), ROWS, deletes, version, matching),
        "post delete": Operation(
            _("Delete a row, by the form of a browser; programs use DELETE"), ROWS, deletes, version, matching
        ),
        "undo": Operation(_("Undo the newest change of a row"), ROWS, {**changes, 204: {}}, version, matching),
        "stream_json": follows(
            _("Follow a listing, as JSON"),
            {"contentMediaType": JSON, "contentSchema": ref(f"{rows}Message")},
            problem,
            listing,
        ),
        "stream": follows(_("Follow a listing, as parts of HTML"), {"contentMediaType": HTML}, {TEXT: STRING}, listing),
        "stream_row": follows(_("Follow a row, as a part of HTML"), {"contentMediaType": HTML}, {TEXT: STRING}, {}),
        "alone": Operation(_("Show the table alone, for pages of others"), FORMS, shows, {**stands, **LOOKS}, fresh),
        "looks": Operation(_("Style the table in pages of others"), FORMS, {200: {CSS: STRING}}),
        "snippets": Operation(_("Show what to paste into pages of others"), FORMS, part, listing),
        "new_form": Operation(_("Show the form that adds a row"), FORMS, part),
        "edit_form": Operation(_("Show the form that edits a row"), FORMS, {**part, 404: problem}),
        "delete_form": Operation(_("Ask before a row is deleted"), FORMS, {**part, 404: problem}),
        "mark": Operation(_("Mark a row in the table while it is open beside it"), FORMS, {200: {CSS: STRING}}),
        "notice": Operation(_("Tell what became of a row that is open"), FORMS, {**part, 304: {}}, version, fresh),
        "waiting": Operation(
            _("Tell a page that stands still how many changes wait"),
            FORMS,
            {200: {JSON: ref("Waiting"), HTML: STRING}, 304: {}, 400: problem},
            {**listing, **PAUSED, "shown": {**STRING, "examples": ["AAAAAAAAAAAAAAAAAA"]}},
            fresh,
        ),
        "close": Operation(_("Show the panel without a form"), FORMS, part),
    }


SERVICES = {
    "choose": Operation(_("Choose the language"), FORMS, {303: {}}, sent=LANGUAGE, types=(FORM,)),
    "home": Operation(_("Go to the table"), SERVICE, {302: {}}),
    "connection.answer": Operation(_("Answer the greeting of a stream"), STREAM, {204: {}, 202: {}, 404: {}}),
    "connection.badge": Operation(_("Show whether the page is live"), FORMS, {200: {HTML: STRING}}),
    "live": Operation(_("Tell whether the process answers"), SERVICE, {200: {TEXT: STRING}}),
    "ready": Operation(_("Tell whether requests can be served"), SERVICE, {200: {TEXT: STRING}, 503: {TEXT: STRING}}),
    "metrics": Operation(_("Tell the counters, for Prometheus"), SERVICE, {200: {TEXT: STRING}}),
}
