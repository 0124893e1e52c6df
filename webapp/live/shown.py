"""Shown: what a page shows, as text that the page keeps for us and hands back: to any process, at any time."""

from __future__ import annotations

import base64
import struct
from array import array
from datetime import UTC, datetime

from webapp.live.steps import Outline
from webapp.tables.listing import SIZES

HEAD = struct.Struct(">IQ?")  # when it was read, in seconds since 1970; total; whether there is more
ROW = struct.Struct(">q8s")


def pack(outline: Outline) -> str:
    """Return ``outline`` as text that can stand in an address as it is: 22 characters a row."""
    head = HEAD.pack(int(outline.read_at.timestamp()), outline.total, outline.is_more)
    rows = b"".join(ROW.pack(id, fingerprint) for id, fingerprint in outline.rows.items())
    return base64.urlsafe_b64encode(head + rows).rstrip(b"=").decode()


def unpack(text: str) -> Outline:
    """Return the outline that ``pack`` made ``text`` of; raises ValueError when it did not."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    head, rest = data[: HEAD.size], data[HEAD.size :]
    if len(head) < HEAD.size or len(rest) % ROW.size or len(rest) > ROW.size * max(SIZES):
        raise ValueError("not what a page shows")
    read_at, total, is_more = HEAD.unpack(head)
    rows = dict(ROW.iter_unpack(rest))
    return Outline(array("q", rows), b"".join(rows.values()), total, is_more, datetime.fromtimestamp(read_at, UTC))
