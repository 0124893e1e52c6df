"""UnchunkedCycle: one request by HTTP/1.0 and its answer."""

from __future__ import annotations

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class UnchunkedCycle(RequestResponseCycle):
    """Answers without chunks, which HTTP/1.0 does not know: what has no length ends with the connection."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send the head, or a part of the body."""
        if message["type"] == "http.response.body":
            self.expected_content_length = len(message.get("body", b""))
        else:
            self.chunked_encoding = False
        await super().send(message)
