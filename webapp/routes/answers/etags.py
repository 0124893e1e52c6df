"""ETags and preconditions: what a reader has is not sent again, what it has not seen is not overwritten (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b

from quart import Response, abort, request

from rowcast.i18n import _
from rowcast.tables.page import Row

TAG = re.compile('(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')  # RFC 9110, 8.8.3


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


def precondition() -> Callable[[Row], bool] | None:
    """Return whether a write of this request may go on, by the row as it is: what its ``If-Match`` says, if anything.

    Weak tags never match; the number of the version alone will do as well. What is no list of tags is refused:
    whoever sent it wanted to be protected.
    """
    if "If-Match" not in request.headers:
        return None
    told = ",".join(request.headers.getlist("If-Match")).strip()
    if told == "*":
        return None
    if any(word.strip(" \t") not in ("", "\n") for word in TAG.sub("\n", told).split(",")):
        abort(400, _("If-Match is * or a list of tags in quotation marks."))
    tags = {tag for weak, tag in TAG.findall(told) if not weak}
    return lambda row: not tags.isdisjoint((row.tag, str(row.values["version"])))


def unchanged() -> Response:
    """Return the head that says so."""
    response = Response(status=304)
    del response.headers["Content-Type"], response.headers["Content-Length"]
    return response
