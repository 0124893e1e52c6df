"""Export of a whole listing to a spreadsheet, written while it is read. Bounded: each holds a transaction open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing

from quart import Response, request

from rowcast.i18n import _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.error_handlers import shown
from rowcast.routes.answers.send_timeout import SendTimeoutResponse
from rowcast.routes.table.csv_encoder import CsvEncoder
from rowcast.routes.table.xlsx_encoder import XlsxEncoder
from rowcast.tables.listing import Listing
from rowcast.tables.read_in_batches import read_all
from rowcast.tables.table import Table

AT_ONCE = 2  # in one process; the feeds and these together take no more connections than there are
LONGEST = 600  # seconds: while one lasts, SQLite cannot shorten its log
ENCODERS: dict[str, type[CsvEncoder | XlsxEncoder]] = {"csv": CsvEncoder, "xlsx": XlsxEncoder}
TOO_MANY = _("Too many exports are under way.")


class CsvExports:
    """The exports of one table that are under way."""

    def __init__(self, table: Table, app_context: AppContext) -> None:
        self._table = table
        self._services = app_context

    async def respond(self, listing: Listing, format: str) -> Response:
        """Return the response that writes ``listing`` as ``csv`` or ``xlsx``, or the refusal of one more."""
        if self._services.exporting.total() >= AT_ONCE:
            return shown(503, TOO_MANY)
        text: AsyncGenerator[bytes] | bytes = b""
        if request.method != "HEAD":
            self._services.exporting[self._table.name] += 1
            chunks = self._chunks(listing, format)
            # Read before the answer begins, so that a database that does not answer is an error and no half of a file.
            text = _whole(await _next(chunks) or b"", chunks)
        response = SendTimeoutResponse(text, content_type=ENCODERS[format].content_type)
        response.headers.pop("Content-Length", None)
        response.timeout = LONGEST
        response.headers["Content-Disposition"] = f'attachment; filename="{self._table.name}.{format}"'
        return response

    async def _chunks(self, listing: Listing, format: str) -> AsyncGenerator[bytes]:
        try:
            async with self._services.database.read() as connection:
                with closing(ENCODERS[format](self._table.names)) as encoder:
                    told = encoder.begin()
                    async with aclosing(read_all(connection, self._table, listing)) as found:
                        async for rows in found:
                            yield told + encoder.rows(rows)
                            told = b""
                    yield told + encoder.end()
        finally:
            self._services.exporting[self._table.name] -= 1


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
