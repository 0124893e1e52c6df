"""CSV export of a whole listing, written while it is read. Bounded: each holds a read transaction open."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from quart import Response, request

from rowcast.i18n import _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.error_handlers import shown
from rowcast.routes.answers.send_timeout import SendTimeoutResponse
from rowcast.tables.listing import Listing
from rowcast.tables.read_in_batches import read_all
from rowcast.tables.serialization import plain_value
from rowcast.tables.table import Table

AT_ONCE = 2  # in one process; the feeds and these together take no more connections than there are
LONGEST = 600  # seconds: while one lasts, SQLite cannot shorten its log
# What a spreadsheet may take for a formula (OWASP, "CSV injection"); the last four are as wide as a Chinese character.
FORMULAS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
TOO_MANY = _("Too many exports are under way.")


class CsvExports:
    """The exports of one table that are under way."""

    def __init__(self, table: Table, app_context: AppContext) -> None:
        self._table = table
        self._services = app_context

    async def respond(self, listing: Listing) -> Response:
        """Return the response that writes ``listing``, or the refusal of one more."""
        if self._services.exporting.total() >= AT_ONCE:
            return shown(503, TOO_MANY)
        text: AsyncGenerator[bytes] | bytes = b""
        if request.method != "HEAD":
            self._services.exporting[self._table.name] += 1
            chunks = self._chunks(listing)
            # Read before the answer begins, so that a database that does not answer is an error and no half of a file.
            text = _whole(await _next(chunks) or b"", chunks)
        response = SendTimeoutResponse(text, content_type="text/csv; charset=utf-8; header=present")
        response.headers.pop("Content-Length", None)
        response.timeout = LONGEST
        response.headers["Content-Disposition"] = f'attachment; filename="{self._table.name}.csv"'
        return response

    async def _chunks(self, listing: Listing) -> AsyncGenerator[bytes]:
        try:
            async with self._services.database.read() as connection:
                told = encode([[attribute.key for attribute in self._table.attributes]])
                async with aclosing(read_all(connection, self._table, listing)) as found:
                    async for rows in found:
                        yield told + encode(rows)
                        told = b""
                if told:
                    yield told
        finally:
            self._services.exporting[self._table.name] -= 1


def encode(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return ``rows`` as CSV (RFC 4180), all text in quotation marks and none of it a formula."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    value = plain_value(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


async def _whole(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        chunk: bytes | None = first
        while chunk is not None:
            yield chunk
            chunk = await _next(rest)


async def _next(chunks: AsyncGenerator[bytes]) -> bytes | None:
    """Return the next chunk, None after the last.

    A reader that leaves cancels this; but a read that is cut off keeps its transaction until the garbage is collected.
    """

    async def read() -> bytes | None:
        return await anext(chunks, None)

    task = asyncio.create_task(read())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        await chunks.aclose()
        raise
