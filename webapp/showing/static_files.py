"""Static files as readers get them: bundled, at addresses that change with the content, compressed."""

from __future__ import annotations

import gzip
from functools import cache
from hashlib import blake2b

import brotli

from rowcast.showing.package_folders import folder

# The style sheets of our pages: one request, and one file that is kept, instead of 19.
SHEETS = (
    *("colours", "base", "page", "languages", "table", "row", "card", "pager", "updates", "empty", "panel", "form"),
    *("details", "undo", "badge", "menu", "connection", "docs", "print"),
)
NOT_EMBEDDED = {"languages", "menu", "connection", "docs", "print"}
SCOPED = (*(name for name in SHEETS if name not in NOT_EMBEDDED), "embed")
JOINED = {
    "pages.css": tuple(f"css/{name}.css" for name in SHEETS),
    "frame.css": tuple(f"css/{name}.css" for name in (*SHEETS, "embed")),
    "htmx.js": ("vendor/htmx.min.js", "vendor/hx-sse.min.js"),
}


@cache
def names() -> frozenset[str]:
    """Return what there is: the files, and what is joined of them."""
    root = folder("static")
    return frozenset((*JOINED, *(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())))


@cache
def content(name: str) -> bytes:
    """Return the asset; it is read once."""
    return b"\n".join((folder("static") / path).read_bytes() for path in JOINED.get(name, (name,)))


@cache
def digest(name: str) -> str:
    """Return what tells the content of an asset from all others."""
    return blake2b(content(name), digest_size=6).hexdigest()


def static(name: str) -> str:
    """Return the address of an asset; it changes with the content, so that the asset may be kept for ever."""
    return f"/static/{name}?v={digest(name)}"


@cache
def packed(name: str, encoding: str) -> bytes:
    """Return the asset in ``encoding`` (br or gzip), as small as it can be made: it takes up to a tenth of a second."""
    return brotli.compress(content(name)) if encoding == "br" else gzip.compress(content(name), mtime=0)


@cache
def scoped_sheet() -> str:
    """Return the style sheets of what is inside ``#embed``, for pages of others: nothing outside of it is touched."""
    rules = b"\n".join(content(f"css/{name}.css") for name in SCOPED).decode()
    return f"@scope (#embed) {{\n{rules.replace(':root', ':scope')}}}\n"
