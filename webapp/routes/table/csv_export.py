"""Export of a whole listing to a spreadsheet, sent while it is read. Bounded, for it takes room and time.

All of it is read in one transaction, so that it is of one moment; but while that lasts, SQLite cannot shorten its log.
So it is read as fast as the database gives it, and waits for its reader in a file.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, closing

from quart import Response, request

from rowcast.i18n import _
from rowcast.routes.answers.app_context import AppContext
from rowcast.routes.answers.error_handlers import shown
from rowcast.routes.answers.send_timeout import SendTimeoutResponse
from rowcast.routes.answers.spool import spooled
from rowcast.routes.table.csv_encoder import CsvEncoder
from rowcast.routes.table.xlsx_encoder import XlsxEncoder
from rowcast.tables.listing import Listing
from rowcast.tables.read_in_batches import read_all
from rowcast.tables.table import Table

AT_ONCE = 20  # in one process; two of them are read, each for another client
EACH = 2  # for one client
LONGEST = 600  # seconds
ENCODERS: dict[str, type[CsvEncoder | XlsxEncoder]] = {"csv": CsvEncoder, "xlsx": XlsxEncoder}
TOO_MANY = _("Too many exports are under way.")


class CsvExports:
    """The exports of one table that are under way."""

    def __init__(self, table: Table, app_context: AppContext) -> None:
        self._table = table
        self._services = app_context

    async def respond(self, listing: Listing, format: str) -> Response:
        """Return the response that writes ``listing`` as ``csv`` or ``xlsx``, or the refusal of one more."""
        exporting, client = self._services.exporting, request.remote_addr or ""
        if exporting.total() >= AT_ONCE or exporting[client] >= EACH:
            return shown(503, TOO_MANY)
        text: AsyncGenerator[bytes] | bytes = b""
        if request.method != "HEAD":
            exporting[client] += 1
            chunks = self._counted(client, spooled(self._chunks(listing, format, client)))
            # Read before the answer begins, so that a database that does not answer is an error and no half of a file.
            text = _whole(await anext(chunks), chunks)
        response = SendTimeoutResponse(text, content_type=ENCODERS[format].content_type)
        response.headers.pop("Content-Length", None)
        response.timeout = LONGEST
        response.headers["Content-Disposition"] = f'attachment; filename="{self._table.name}.{format}"'
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

    async def _chunks(self, listing: Listing, format: str, client: str) -> AsyncGenerator[bytes]:
        turn = await self._services.export_turns.acquire((client,))
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
            self._services.export_turns.release(turn)


async def _whole(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk
