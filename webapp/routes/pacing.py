"""Pacing: a long response goes on only while its reader takes what is written."""

from __future__ import annotations

import asyncio

from hypercorn.typing import ASGISendCallable, ASGISendEvent
from quart import Response


class PacedResponse(Response):
    """A long response, which holds something open while it lasts."""


def paced(send: ASGISendCallable, stall: float) -> ASGISendCallable:
    """Return ``send`` that raises TimeoutError when the reader takes nothing for ``stall`` seconds."""

    async def send_in_time(event: ASGISendEvent) -> None:
        async with asyncio.timeout(stall):
            await send(event)

    return send_in_time
