"""Spool: lets what is written at its own pace wait for its reader, in a file without a name."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing

PIECE = 64 * 1024  # bytes that the reader is given at a time


async def spooled(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield what ``chunks`` yields, which is taken at once, however slowly this is.

    When this is closed, or fails, ``chunks`` ends after the chunk that is under way, and is closed.
    """
    with tempfile.TemporaryFile() as file:
        written = taken = 0
        is_wanted, has_news = True, asyncio.Event()

        async def fill() -> None:
            nonlocal written
            async with aclosing(chunks):
                while is_wanted and (chunk := await anext(chunks, None)) is not None:
                    file.write(chunk)
                    file.flush()
                    written += len(chunk)
                    has_news.set()

        filling = asyncio.create_task(fill())
        filling.add_done_callback(lambda _: has_news.set())
        try:
            while not filling.done() or taken < written:
                if taken == written:
                    has_news.clear()
                    await has_news.wait()
                    continue
                piece = os.pread(file.fileno(), PIECE, taken)
                taken += len(piece)
                yield piece
            filling.result()
        finally:
            is_wanted = False
            await asyncio.gather(filling, return_exceptions=True)
