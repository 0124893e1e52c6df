"""The stream's route: admits a reader and names its feed; stream_response.py does the rest."""

from __future__ import annotations

import logging

from quart import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from rowcast.i18n import _
from rowcast.live.feed_key import FeedKey, Format
from rowcast.live.limits import TooManyFeeds
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.content_negotiation import audience
from rowcast.routes.answers.error_handlers import NO_ANSWER, refusal
from rowcast.routes.answers.stream_response import StreamResponse
from rowcast.routes.table.embedding import embed_of_stream
from rowcast.routes.table.key_converter import row_path
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing, parse
from rowcast.tables.table import Table

log = logging.getLogger(__name__)

TOO_MANY = _("Too many streams are open.")


def add_stream(routes: Blueprint, table: Table, app_context: AppContext) -> None:
    """Add the streams of ``table``: of its listings, and of each of its rows."""

    @routes.get("/stream")
    async def stream() -> Response:
        """Keep a listing true, as Server-Sent Events that hold parts for htmx."""
        return await follow("html")

    @routes.get("/stream.json")
    async def stream_json() -> Response:
        """Keep a listing true, as Server-Sent Events that hold JSON."""
        return await follow("json")

    @routes.get(f"{row_path(table)}/stream")
    async def stream_row(id: Key) -> Response:
        """Tell when one row changes, as Server-Sent Events that hold a part for htmx."""
        return await follow("html", id)

    async def follow(format: Format, row: Key | None = None) -> Response:
        # The reader's position is Last-Event-ID, else "have": the revision that its page shows.
        pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "have"]
        embed, pairs, problems = embed_of_stream(pairs)
        listing, wrong = parse(table, pairs)
        if problems := problems | wrong:
            return refusal(400, next(iter(problems.values())), problems)
        client = request.remote_addr or ""
        if app_context.hub.is_full(client):
            return refusal(503, TOO_MANY)
        if request.method == "HEAD":
            return Response(mimetype="text/event-stream")
        key = FeedKey(table.name, listing if row is None else Listing(), audience(embed), format, row)
        # Read before the answer begins, so that a database that does not answer is a refusal and no broken stream.
        try:
            await app_context.hub.feed(key, client)
        except TooManyFeeds:
            return refusal(503, TOO_MANY)
        except SQLAlchemyError:
            log.exception("A stream could not begin")
            return refusal(503, NO_ANSWER)
        have = request.headers.get("Last-Event-ID") or request.args.get("have", "")
        return StreamResponse(app_context.hub, key, have, client, refusal(503, TOO_MANY))
