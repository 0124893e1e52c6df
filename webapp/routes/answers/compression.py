"""Compression of responses: what readers accept, and what is worth it.

No page holds a secret beside what its reader typed, so that its compressed length tells none (BREACH): sessions are in
cookies, and changes need no token.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli
from quart import Quart, Response, request
from quart.wrappers.response import DataBody
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from rowcast.routes.answers.content_negotiation import LONGEST

LEAST = 1024  # bytes; less travels in one packet anyway
TYPES = (
    *("text/html", "text/css", "text/javascript", "text/plain", "image/svg+xml"),
    *("application/json", "application/problem+json"),
)
# As much as pays: the next levels take twice as long for 1 % (a page of 50 rows, 35 KB: 0.7 and 0.4 ms).
BROTLI, GZIP = 5, 4


def add_compression(app: Quart) -> None:
    """Compress what ``app`` answers; never a stream, nor what is not to be transformed."""

    @app.after_request
    async def compress(response: Response) -> Response:
        if not is_compressible(response) or len(body := response.response.data) < LEAST:  # type: ignore[attr-defined]
            return response
        if "Accept-Encoding" not in response.headers.get("Vary", ""):
            response.vary.add("Accept-Encoding")
        coding, tag = encoding(), response.get_etag()[0]
        # A tag that does not name the encoding is that of the plain body; and only what has a tag is sent again.
        if coding and (not tag or tag.endswith(coding)):
            pack = compressed if tag else compressed.__wrapped__
            response.set_data(pack(body, coding))
            response.headers["Content-Encoding"] = coding
        return response


def is_compressible(response: Response) -> bool:
    """Whether ``response`` is a whole body of text that is not compressed already."""
    return (
        isinstance(getattr(response, "response", None), DataBody)
        and response.mimetype in TYPES
        and "Content-Encoding" not in response.headers
        and "no-transform" not in response.headers.get("Cache-Control", "")
    )


def encoding() -> str:
    """Return how the reader of this request wants what is compressible: ``br``, ``gzip``, or not at all (empty)."""
    return best_encoding(request.headers.get("Accept-Encoding", "")[:LONGEST])


@lru_cache(maxsize=128)
def best_encoding(accepted: str) -> str:
    """Return the best encoding among those that a reader accepts (RFC 9110, 12.5.3)."""
    wanted = parse_accept_header(accepted, Accept)
    best = max(("br", "gzip"), key=wanted.quality)
    return best if wanted.quality(best) > 0 and wanted.quality(best) >= wanted.quality("identity") else ""


@lru_cache(maxsize=128)  # a body that is kept (bodies.py) is found by its identity
def compressed(body: bytes, coding: str) -> bytes:
    """Return ``body`` in that encoding."""
    return brotli.compress(body, quality=BROTLI) if coding == "br" else gzip.compress(body, GZIP, mtime=0)
