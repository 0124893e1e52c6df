"""Error handlers: one shape for programs, one page for people, one part for htmx, whatever went wrong."""

from __future__ import annotations

import logging

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from rowcast.database import Busy, Unreachable, Unusable, Unwritable
from rowcast.i18n import Message, _
from rowcast.routes.answers.content_negotiation import (
    EXPORTS,
    VARY,
    audience,
    ending,
    render_plain,
    wanted,
    wants_part,
)
from rowcast.routes.answers.problem_details import as_problem, problem
from rowcast.tables.idempotency import KeyReused
from rowcast.tables.row_writes import RowNotFound

log = logging.getLogger(__name__)

TITLES = {
    400: _("The request cannot be understood."),
    403: _("This is not allowed."),
    404: _("There is nothing here."),
    405: _("This cannot be done here."),
    406: _("This page is for people: there is nothing in that format."),
    408: _("It took too long to arrive."),
    413: _("That is too much to be sent at once."),
    415: _("Send a form or a JSON object."),
    500: _("Something went wrong here. It has been logged."),
    503: _("The database is busy. Nothing was saved; please try again."),
    507: _("The database takes no more. Nothing was saved."),
}
NO_ANSWER = _("The database does not answer.")
NOT_READY = _("The database is not as it should be. What is wrong has been logged.")
DELETED = _("It may have been deleted meanwhile.")
REUSED = _("This Idempotency-Key was sent before, with another request.")
RETRY_AFTER = 2  # seconds


def add_errors(app: Quart) -> None:
    """Answer every error of ``app`` in the reader's format and language."""

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        status = error.code or 500
        # Ours are passed to abort() as messages and say more than the title; Werkzeug's own speak to programmers.
        detail: object = error.description
        title = TITLES.get(status, TITLES[400 if status < 500 else 500])
        response = shown(status, title, detail if isinstance(detail, Message) else None)
        for name, value in error.get_headers():
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response

    @app.errorhandler(RowNotFound)
    async def missing(_error: RowNotFound) -> Response:
        return shown(404, TITLES[404], DELETED)

    @app.errorhandler(KeyReused)
    async def reused(_error: KeyReused) -> Response:
        return shown(422, TITLES[400], REUSED)

    @app.errorhandler(Busy)
    async def busy(_error: Busy) -> Response:
        return shown(503, TITLES[503])

    @app.errorhandler(Unreachable)
    async def unreachable(error: Unreachable) -> Response:
        log.error("The database does not answer: %s", error)
        return shown(503, NO_ANSWER)

    @app.errorhandler(Unusable)
    async def unusable(error: Unusable) -> Response:
        log.error("The database cannot be used: %s", error)
        return shown(503, NOT_READY)

    @app.errorhandler(Unwritable)
    async def unwritable(error: Unwritable) -> Response:
        log.error("The database cannot be written", exc_info=error)
        return shown(507, TITLES[507])

    @app.errorhandler(Exception)
    async def failed(error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return shown(500, TITLES[500])


def shown(status: int, title: Message, detail: Message | None = None) -> Response:
    """Return the error as a page, as a part for ``#flash``, or as a problem (RFC 9457); for a stream as a refusal."""
    if request.endpoint and request.endpoint.endswith(".stream"):
        return refusal(status, title)
    if wanted() in ("json", *EXPORTS):
        response = as_problem(problem(status, title, detail=detail))
    else:
        template = "error/_flash.html" if wants_part() else "error/page.html"
        html = render_plain(template, status=status, title=title, detail=detail)
        response = Response(html, mimetype="text/html")
    response.status_code = status
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def refusal(status: int, message: Message, errors: dict[str, Message] | None = None) -> Response:
    """Return the refusal of a stream: to programs a problem, with ``errors`` by field; else short text.

    For htmx takes a redirect or HTML for success and comes back at once.
    """
    if ending() == "json":
        response = as_problem(problem(status, message, errors))
    else:
        response = Response(message.translate(audience().language) + "\n", status, mimetype="text/plain")
    response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response
