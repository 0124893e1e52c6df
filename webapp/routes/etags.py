"""ETags: what a reader has seen already is not sent again (RFC 9110, 13)."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from quart import Response, request


def tag_of(kind: str, seed: str, stands_on: tuple[str, ...], headers: Mapping[str, str]) -> str:
    """Return the tag of what stands on all these; none, when ``stands_on`` says nothing."""
    if not stands_on:
        return ""
    # The headers as well: a browser that is told 304 would add the new ones to those that it has kept.
    shown = "\n".join((kind, seed, *stands_on, *map(str, headers.items())))
    return blake2b(shown.encode(), digest_size=12).hexdigest()


def is_known(tag: str) -> bool:
    """Whether the reader of this request has what ``tag`` stands for."""
    return bool(tag) and request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(tag)


def unchanged() -> Response:
    """Return the head that says so."""
    response = Response(status=304)
    del response.headers["Content-Type"], response.headers["Content-Length"]
    return response
