"""CSV export of a whole listing, sent while it is read. Bounded, for it takes room, and time of the database.

All of it is read in one transaction, so that it is of one moment; but while that lasts, SQLite cannot shorten its log.
So it is read as fast as the database gives it, and waits for its reader in a file.
"""

from __future__ import annotations

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
from rowcast.routes.answers.spool import spooled
from rowcast.tables.listing import Listing
from rowcast.tables.read_in_batches import read_all
from rowcast.tables.serialization import plain_value
from rowcast.tables.table import Table

AT_ONCE = 20  # in one process; two of them are read, each for another client
EACH = 2  # for one client
LONGEST = 600  # seconds
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
        exporting, client = self._services.exporting, request.remote_addr or ""
        if exporting.total() >= AT_ONCE or exporting[client] >= EACH:
            return shown(503, TOO_MANY)
        text: AsyncGenerator[bytes] | bytes = b""
        if request.method != "HEAD":
            exporting[client] += 1
            chunks = self._counted(client, spooled(self._chunks(listing, client)))
            # Read before the answer begins, so that a database that does not answer is an error and no half of a file.
            text = _whole(await anext(chunks), chunks)
        response = SendTimeoutResponse(text, content_type="text/csv; charset=utf-8; header=present")
        response.headers.pop("Content-Length", None)
        response.timeout = LONGEST
        response.headers["Content-Disposition"] = f'attachment; filename="{self._table.name}.csv"'
        return response

    async def _counted(self, client: str, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        exporting = self._services.exporting
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        finally:
            exporting[client] -= 1
            if not exporting[client]:
                del exporting[client]

    async def _chunks(self, listing: Listing, client: str) -> AsyncGenerator[bytes]:
        turn = await self._services.export_turns.acquire((client,))
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
            self._services.export_turns.release(turn)


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
        yield first
        async for chunk in rest:
            yield chunk
