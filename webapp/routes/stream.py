"""The stream: admits a reader and names its feed; handover.py does the rest."""

from __future__ import annotations

import logging

from quart import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from webapp.live.limits import Form, Full, Key
from webapp.messages import _
from webapp.routes.embedding import embed_of_stream
from webapp.routes.errors import NO_ANSWER, refusal
from webapp.routes.handover import StreamResponse
from webapp.routes.readers import audience
from webapp.routes.services import Services
from webapp.tables.listing import parse
from webapp.tables.table import Table

log = logging.getLogger(__name__)

TOO_MANY = _("Too many streams are open.")


def add_stream(routes: Blueprint, table: Table, services: Services) -> None:
    """Add the stream of ``table``."""

    @routes.get("/stream")
    async def stream() -> Response:
        """Keep a listing true, as Server-Sent Events that hold parts for htmx."""
        return await follow("html")

    @routes.get("/stream.json")
    async def stream_json() -> Response:
        """Keep a listing true, as Server-Sent Events that hold JSON."""
        return await follow("json")

    async def follow(form: Form) -> Response:
        # The reader's position is Last-Event-ID, else "have": the revision that its page shows.
        pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "have"]
        embed, pairs, problems = embed_of_stream(pairs)
        listing, wrong = parse(table, pairs)
        if problems := problems | wrong:
            return refusal(400, next(iter(problems.values())), problems)
        client = request.remote_addr or ""
        if services.hub.is_full(client):
            return refusal(503, TOO_MANY)
        if request.method == "HEAD":
            return Response(mimetype="text/event-stream")
        key = Key(table.name, listing, audience(embed), form)
        # Read before the answer begins, so that a database that does not answer is a refusal and no broken stream.
        try:
            await services.hub.feed(key)
        except Full:
            return refusal(503, TOO_MANY)
        except SQLAlchemyError:
            log.exception("A stream could not begin")
            return refusal(503, NO_ANSWER)
        have = request.headers.get("Last-Event-ID") or request.args.get("have", "")
        return StreamResponse(services.hub, key, have, client, refusal(503, TOO_MANY))
