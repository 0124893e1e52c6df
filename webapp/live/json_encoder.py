"""JsonEncoder: a diff of two pages as JSON, for programs that keep a copy of a page.

Each message is one object that says what the page now is, and the steps that lead there from what the reader has. They
are applied in their order; a row that is inserted or moved comes right after the row ``after``, or first.
"""

from __future__ import annotations

import json
from typing import Any

from rowcast.live.diff import PageDiff, diff
from rowcast.live.page_snapshot import PageSnapshot
from rowcast.tables.page import Page
from rowcast.tables.serialization import page_as_json, row_as_json


class JsonEncoder:
    """JSON for all readers of one audience; nothing in it is for one reader alone."""

    summary = None  # a program counts the steps

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def greeting(self, token: str) -> str:
        """Return nothing: what follows is a whole document."""
        return ""

    def confirmation(self, milliseconds: float) -> str:
        """Return nothing: a program is not asked to answer."""
        return ""

    def beat(self, page: Page, revision: str) -> str:
        """Return a document without steps."""
        return _document(page, revision, "")

    def nothing(self, page: Page, revision: str) -> str:
        """Return a document without steps."""
        return _document(page, revision, "")

    def difference(self, old: PageSnapshot | None, new: Page, revision: str) -> tuple[str, bool]:
        """Return the document that leads from ``old`` to ``new``; as with parts, all is replaced if that is shorter."""
        if old is None:
            return _document(new, revision, _reset(new)), True
        found = diff(old, new)
        if not found:
            return "", False
        told = ",".join(map(_encode, _sequence(found, new)))
        replacing = False
        if found.deleted or found.inserted:
            whole = _reset(new)
            if replacing := len(whole) < len(told):
                told = whole
        return _document(new, revision, told), replacing


def _document(page: Page, revision: str, told: str) -> str:
    return f'{_encode(page_as_json(page, revision))[:-1]},"steps":[{told}]}}'


def _reset(page: Page) -> str:
    return _encode({"step": "reset", "rows": [row_as_json(row) for row in page.rows]})


def _sequence(found: PageDiff, new: Page) -> list[dict[str, Any]]:
    """Return ``found`` as steps of which each is done before the next."""
    rows = {row.key: row_as_json(row) for row in new.rows}
    told: list[dict[str, Any]] = [{"step": "delete", "id": key.plain} for key in found.deleted]
    for insertion in found.inserted:
        after = insertion.after
        for key in insertion.keys:
            verb, place = "move" if key in found.moved else "insert", after and after.plain
            told.append({"step": verb, "after": place, "row": rows[key]})
            after = key
    return told + [{"step": "update", "row": rows[key]} for key in found.updated if key not in found.moved]


def _encode(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
