"""SendTimeoutResponse: a long response that ends when its reader takes nothing for too long."""

from __future__ import annotations

import asyncio

from hypercorn.typing import ASGISendCallable, ASGISendEvent
from quart import Response


class SendTimeoutResponse(Response):
    """A long response, which holds something open while it lasts."""


def with_send_timeout(send: ASGISendCallable, stall: float) -> ASGISendCallable:
    """Return ``send`` that raises TimeoutError when the reader takes nothing for ``stall`` seconds."""

    async def send_in_time(event: ASGISendEvent) -> None:
        async with asyncio.timeout(stall):
            await send(event)

    return send_in_time
