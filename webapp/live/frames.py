"""Frames: the bytes of one event that turns one revision into the next, as htmx must be told.

htmx looks up all targets of a message before it swaps anything. So no part aims at a row that the same message
brings: new neighbours travel in one part, anchored on a row that stays, or on the table's body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from webapp.live.renderer import Renderer
from webapp.live.sse import END, message, opening, text
from webapp.live.steps import Outline, Steps, steps
from webapp.tables.page import Page


@dataclass(frozen=True)
class Piece:
    """Bytes that are in many frames, or go to many readers: one object, however slow they are to take it."""

    data: bytes

    @cached_property
    def chunk(self) -> bytes:
        """The piece as one chunk of an HTTP/1.1 body, made once for all readers (RFC 9112, 7.1)."""
        return b"%x\r\n%b\r\n" % (len(self.data), self.data)


@dataclass(frozen=True)
class Frame:
    """One event in pieces, and the revision that a reader has after it."""

    revision: str
    pieces: tuple[Piece, ...]

    @property
    def data(self) -> bytes:
        """The event."""
        return b"".join(piece.data for piece in self.pieces)

    @cached_property
    def size(self) -> int:
        """The length of the event, in bytes."""
        return sum(len(piece.data) for piece in self.pieces)


def frame(revision: str, body: str) -> Frame:
    """Return the frame that carries ``body`` to all who are at one revision."""
    return Frame(revision, (Piece(message(body, id=revision)),))


def rest(body: str) -> Piece:
    """Return ``body`` as the rest of frames that begin differently."""
    return Piece(text(body) + END)


def joined(revision: str, begin: str, shared: Piece, *, retry: int | None = None) -> Frame:
    """Return the frame that carries ``begin`` to one reader, and then the rest, which others get as well."""
    return Frame(revision, (Piece(opening(id=revision, retry=retry) + text(begin)), shared))


def part(target: str, swap: str, content: str = "") -> str:
    """Return one part of a message: ``content`` swapped into the element ``target``."""
    how = "" if swap == "innerHTML" else f' hx-swap="{swap}"'  # it is what htmx does unless told otherwise
    return f'<hx-partial hx-target="#{target}"{how}>{content}</hx-partial>'


def difference(old: Outline | None, new: Page, renderer: Renderer) -> tuple[str, bool]:
    """Return the parts that lead from ``old`` (None: from anything) to ``new``, and whether they replace all.

    The parts are empty when nothing differs. Where rows come or go, all are replaced if that takes fewer bytes.
    """
    if old is None:
        return _everything(new, renderer) + part("pager", "outerHTML", renderer.pager(new)), True
    found = steps(old, new)
    if not found:
        return "", False
    body = _incremental(found, old, new, renderer)
    replacing = False
    if found.deleted or found.inserted:  # rows that only change are never replaced: that would take their focus
        everything = _everything(new, renderer)
        if replacing := len(everything) < len(body):
            body = everything
    for id in (*found.updated, *found.deleted):
        body += part(f"notice-{renderer.row_name}-{id}", "innerHTML", renderer.notice(id))
    if found.total:
        body += part("pager", "outerHTML", renderer.pager(new))
    return body, replacing


def _everything(page: Page, renderer: Renderer) -> str:
    return part(renderer.name, "innerHTML", renderer.rows(page.rows))


def _incremental(found: Steps, old: Outline, new: Page, renderer: Renderer) -> str:
    rows = {row.id: row for row in new.rows}
    before = old.rows

    def target(id: int) -> str:
        return f"{renderer.row_name}-{id}"

    def lit(id: int) -> str:
        # A row that only moved up because another left is not news.
        row = rows[id]
        known = before.get(id)
        if known == row.fingerprint or (known is None and old.is_later_than(row)):
            return renderer.row(row)
        # Odd and even name two equal animations: the second of two changes lights the row up again.
        return renderer.row(row).replace("<tr", f'<tr data-changed="{row.values["version"] % 2}"', 1)

    parts = [part(target(id), "delete") for id in found.deleted]
    for insertion in found.inserted:
        content = "".join(map(lit, insertion.ids))
        if insertion.after is None:
            parts.append(part(renderer.name, "prepend", content))
        else:
            parts.append(part(target(insertion.after), "after", content))
    parts += (part(target(id), "outerMorph", lit(id)) for id in found.updated)
    return "".join(parts)
