"""PageSnapshot: what is remembered of a page that was, small enough that every feed remembers many, and as text.

The text is kept by a page that stands still, which hands it back: to any process, at any time."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rowcast.tables.key import Key, KeyList, KeyType
from rowcast.tables.listing import SIZES
from rowcast.tables.page import Page, Row

CLOCKS_DIFFER = timedelta(seconds=1)  # between the writer that stamped a row and the reader of the page
HEAD = struct.Struct(">IQ?")  # when it was read, in seconds since 1970; total; whether there is more
FINGERPRINT = 8  # bytes


@dataclass(frozen=True, slots=True)
class PageSnapshot:
    """What is remembered of a page that was: each row's key and fingerprint in order, the total, when it was read.

    Packed, 16 bytes a row whose key is an integer: every feed remembers many pages.
    """

    keys: KeyList
    fingerprints: bytes
    total: int
    is_more: bool
    read_at: datetime

    @classmethod
    def of(cls, page: Page) -> PageSnapshot:
        """Return the snapshot of ``page``."""
        fingerprints = b"".join(row.fingerprint for row in page.rows)
        return cls(KeyList([row.key for row in page.rows]), fingerprints, page.total, page.is_more, page.read_at)

    @property
    def rows(self) -> dict[Key, bytes]:
        """The fingerprints by key, in the order of the page."""
        return {key: self.fingerprints[at * 8 : at * 8 + 8] for at, key in enumerate(self.keys)}

    def is_later_than(self, row: Row) -> bool:
        """Whether ``row`` was as it is now when the page was read, on it or elsewhere."""
        changed = row.values["changed"]
        return isinstance(changed, datetime) and changed < self.read_at - CLOCKS_DIFFER


def pack(snapshot: PageSnapshot) -> str:
    """Return ``snapshot`` as text that can stand in an address as it is: 22 characters a row, if keys are integers."""
    head = HEAD.pack(int(snapshot.read_at.timestamp()), snapshot.total, snapshot.is_more)
    rows = b"".join(key.packed + fingerprint for key, fingerprint in snapshot.rows.items())
    return base64.urlsafe_b64encode(head + rows).rstrip(b"=").decode()


def unpack(text: str, key_type: KeyType) -> PageSnapshot:
    """Return the snapshot, with keys of ``key_type``, that ``pack`` made ``text`` of; else raises ValueError."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(data) < HEAD.size:
        raise ValueError("not what a page shows")
    read_at, total, is_more = HEAD.unpack_from(data)
    rows: dict[Key, bytes] = {}
    at = HEAD.size
    while at < len(data):
        key, end = key_type.unpack(data, at)
        at = end + FINGERPRINT
        if at > len(data) or len(rows) == max(SIZES):
            raise ValueError("not what a page shows")
        rows[key] = data[end:at]
    return PageSnapshot(KeyList(rows), b"".join(rows.values()), total, is_more, datetime.fromtimestamp(read_at, UTC))
