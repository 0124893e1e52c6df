"""The protocol: one connection, which is itself the wire of its stream."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from webapp.bounded import BoundedProtocol
from webapp.live.frames import Frame
from webapp.live.subscriber import Subscriber
from webapp.routes.handover import EXTENSION

UNSENT = 64 * 1024  # bytes that the kernel holds for a reader beyond what is on its way; by default it is megabytes
UNACKNOWLEDGED = 30_000  # milliseconds after which the kernel gives up a peer that is gone without a word


class StreamProtocol(BoundedProtocol):
    """One connection; when a stream is handed over, it writes the stream's frames straight to its transport."""

    subscriber: Subscriber | None = None
    is_aborted = False
    _is_ending = False
    _is_chunked = True

    @property
    def is_full(self) -> bool:
        """Whether the transport has asked to pause."""
        return self.flow.write_paused

    def begin(self) -> None:
        """Prepare for the head of a stream: HTTP/1.0 knows no chunks, but uvicorn would send them."""
        if not self._is_chunked:
            self.cycle.chunked_encoding = False

    def write(self, frame: Frame) -> None:
        """Write ``frame``, to a connection of HTTP/1.1 in chunks."""
        if not self.transport.is_closing():  # it may be gone, and the hub not yet know
            for piece in frame.pieces:
                self.transport.write(piece.chunk if self._is_chunked else piece.data)

    def abort(self) -> None:
        """Drop the connection."""
        self.is_aborted = True
        self.transport.abort()

    async def run(self, subscriber: Subscriber, _receive: Any) -> None:
        """Tell ``subscriber`` what happens to the connection until it has ended or the client is gone."""
        self.subscriber = subscriber
        if self.is_full:
            subscriber.filled()
        if self.transport.is_closing():
            subscriber.closed()
        elif self._is_ending:  # the server began to end while this stream was prepared
            subscriber.end("shutdown")
        await subscriber.ended.wait()
        self.subscriber = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        if peer is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED)
        if peer is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)

    def on_headers_complete(self) -> None:
        """Offer this connection as a wire."""
        self._is_chunked = self.parser.get_http_version() != "1.0"
        cast(dict[str, Any], self.scope)["extensions"] = {EXTENSION: self}
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Hear that the reader does not take what was written."""
        super().pause_writing()
        if self.subscriber is not None:
            self.subscriber.filled()

    def resume_writing(self) -> None:
        """Hear that the reader has taken it."""
        super().resume_writing()
        if self.subscriber is not None:
            self.subscriber.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the reader is gone."""
        if self.subscriber is not None:
            self.subscriber.closed()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the stream cleanly, so that its reader resumes elsewhere."""
        self._is_ending = True
        super().shutdown()
        if self.subscriber is not None:
            self.subscriber.end("shutdown")
