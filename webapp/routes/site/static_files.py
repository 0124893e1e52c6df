"""The route of static files, kept by browsers for ever at the addresses that our pages give."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import PurePath

from quart import Quart, Response, abort, request
from quart_schema import hide

from rowcast.routes.answers.compression import TYPES, encoding
from rowcast.routes.answers.etags import is_known, unchanged
from rowcast.showing.static_files import content, digest, names, packed

KINDS = {".js": "text/javascript"}  # Python 3.11 has an older name, unless the system says otherwise
FOR_EVER = "public, max-age=31536000, immutable"


def add_assets(app: Quart) -> None:
    """Add the route of the static files."""

    @app.get("/static/<path:name>")
    @hide
    async def static(name: str) -> Response:
        """One file, or what is joined of several."""
        if name not in names():
            abort(404)
        kind = KINDS.get(PurePath(name).suffix) or mimetypes.guess_type(name)[0] or "text/plain"
        coding = encoding() if kind in TYPES else ""
        tag = "-".join(filter(None, (digest(name), coding)))
        if is_known(tag):
            response = unchanged()
        else:
            # In a thread: nobody else waits while it is made.
            response = Response(await asyncio.to_thread(packed, name, coding) if coding else content(name))
            response.content_type = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        if coding and response.status_code == 200:
            response.headers["Content-Encoding"] = coding
        if kind in TYPES:
            response.headers["Vary"] = "Accept-Encoding"
        response.set_etag(tag)
        # An address without the digest, or with that of another version, is not for ever.
        response.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == digest(name) else "no-cache"
        return response
