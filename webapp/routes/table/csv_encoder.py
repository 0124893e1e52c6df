"""CsvEncoder: rows as CSV that opens right in Excel and LibreOffice, as far as CSV can. Knows no request."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rowcast.tables.serialization import plain_value

BOM = "\ufeff"  # without it Excel takes UTF-8 for the system's own encoding
# What a spreadsheet may take for a formula (OWASP, "CSV injection"); the last four are as wide as a Chinese character.
SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
FORMULA = re.compile(f"[{SIGNS}\t\r\n]")
# Where semicolons or tabs separate, as in a German Excel, a cell begins after each, whatever quotation marks say.
INNER = re.compile(f'([;\t\r\n][\\s"]*+)([{SIGNS}]?)')


class CsvEncoder:
    """RFC 4180, all text in quotation marks, and none of it a formula. Moments are in UTC, to the second."""

    content_type = "text/csv; charset=utf-8; header=present"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def begin(self) -> bytes:
        """Return how a file begins: with the names of the columns."""
        return BOM.encode() + _encode([self._names])

    def rows(self, rows: Iterable[Iterable[Any]]) -> bytes:
        """Return the next rows."""
        return _encode([_cell(value) for value in row] for row in rows)

    def end(self) -> bytes:
        """Return how a file ends."""
        return b""

    def close(self) -> None:
        """Let go of a file that nobody wants to its end."""


def _encode(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        # With a zone, or without seconds, it is text to LibreOffice.
        return value.replace(tzinfo=None).isoformat(timespec="seconds")
    value = plain_value(value)
    if not isinstance(value, str):
        return value
    value = INNER.sub(lambda found: f"{found[1]}'{found[2]}" if found[2] else found[1], value)
    return f"'{value}" if FORMULA.match(value) else value
