"""XlsxEncoder: rows as an Excel workbook, written while they are read: memory does not grow with them.

XlsxWriter makes the workbook, which it can only write as a whole; its rows are put into the sheet on the way out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from rowcast.tables.serialization import plain_value

LAST_ROW = 1_048_576  # that a sheet of Excel has; what is more goes to the next sheet
LARGEST = 2**30  # bytes of a sheet, as XML; a zip file of the plain kind takes twice as many
LONGEST = 32_767  # characters that a cell holds; the rest of a longer text is left out
DIGITS = 10**15  # whole numbers from here on Excel rounds: they are text
FIRST_DAY = datetime(1900, 3, 1, tzinfo=UTC)  # before it Excel counts a day that there never was
DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
SHEETS = "xl/worksheets/"
# What XML cannot hold, and what looks like how Excel writes that (ECMA-376, ST_Xstring).
SPECIAL = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class XlsxEncoder:
    """Text stays text, with its leading zeros and all its digits, and is never a formula. Moments are in UTC."""

    content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._letters = [xl_col_to_name(place) for place in range(len(names))]
        self._sent = Sent()
        self._file = ZipFile(self._sent, "w", ZIP_DEFLATED, compresslevel=1)
        with ZipFile(_workbook(names, 1)) as made:
            sheet = made.read(f"{SHEETS}sheet1.xml")
        # Its second row only shows the looks; and how many rows there will be nobody knows yet.
        self._head, self._tail = re.split(b'<row r="2".*</row>', re.sub(b"<dimension [^>]*>", b"", sheet))
        self._count = 0
        self._begin_sheet()

    def begin(self) -> bytes:
        """Return how a file begins."""
        return self._sent.take()

    def rows(self, rows: Iterable[Iterable[Any]]) -> bytes:
        """Return what there is to be sent when these are the next rows."""
        for row in rows:
            if self._row == LAST_ROW or self._size > LARGEST:
                self._end_sheet()
                self._head = self._head.replace(b' tabSelected="1"', b"")  # or Excel changes all that are selected
                self._begin_sheet()
            self._row += 1
            cells = zip(self._letters, row, strict=True)
            told = "".join([_cell(f"{letter}{self._row}", value) for letter, value in cells if value is not None])
            self._size += self._sheet.write(f'<row r="{self._row}">{told}</row>'.encode("utf-8", "replace"))
        return self._sent.take()

    def end(self) -> bytes:
        """Return how a file ends."""
        self._end_sheet()
        with ZipFile(_workbook(self._names, self._count)) as made:
            for name in made.namelist():
                if not name.startswith(SHEETS):
                    self._file.writestr(name, made.read(name))
        self._file.close()
        return self._sent.take()

    def close(self) -> None:
        """Let go of a file that nobody wants to its end."""
        self._sheet.close()
        self._file.close()

    def _begin_sheet(self) -> None:
        self._count += 1
        self._row = 1  # the names of the columns
        self._size = 0
        self._sheet: IO[bytes] = self._file.open(f"{SHEETS}sheet{self._count}.xml", "w")
        self._sheet.write(self._head)

    def _end_sheet(self) -> None:
        self._sheet.write(self._tail)
        self._sheet.close()


class Sent(io.RawIOBase):
    """What was written and is still to be sent; nobody can go back in it."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, data: Any) -> int:
        """Keep ``data``."""
        self._kept += data
        return len(data)

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self._kept)
        self._kept.clear()
        return taken


def _workbook(names: Sequence[str], sheets: int) -> io.BytesIO:
    """Return a workbook of ``sheets``. Each has the names and a second row, of what ``_cell`` looks like: 2 and 3."""
    made = io.BytesIO()
    with Workbook(made, {"in_memory": True}) as book:
        head, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for _ in range(sheets):
            sheet = book.add_worksheet()
            sheet.set_column(0, len(names) - 1, 20)
            sheet.freeze_panes(1, 0)
            for place, name in enumerate(names):
                sheet.write_string(0, place, name, head)
            sheet.write_blank(1, 0, None, text)
            sheet.write_blank(1, 1, None, moment)
    made.seek(0)
    return made


def _cell(place: str, value: Any) -> str:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        if moment >= FIRST_DAY:
            return f'<c r="{place}" s="3"><v>{(moment - DAY_ZERO) / timedelta(days=1)!r}</v></c>'
    value = plain_value(value)
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < DIGITS):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    text = SPECIAL.sub(lambda found: f"_x{ord(found[0]):04X}_", str(value)[:LONGEST])
    return f'<c r="{place}" s="2" t="inlineStr"><is><t xml:space="preserve">{escape(text, quote=False)}</t></is></c>'
