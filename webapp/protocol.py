"""The protocol: one connection. A stream that is handed over goes on by a lighter one, which is the wire itself."""

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
LAST_CHUNK = b"0\r\n\r\n"


class StreamProtocol(BoundedProtocol):
    """One connection, which offers itself to streams."""

    is_chunked = True  # HTTP/1.0 knows no chunks
    is_ending = False

    def wire(self) -> StreamWire:
        """Return the wire of a stream, of which uvicorn is still to send the head."""
        if not self.is_chunked:
            self.cycle.chunked_encoding = False  # uvicorn would send them
        self.cycle.keep_alive = False  # whoever follows a stream for minutes asks nothing else here
        return StreamWire(self)

    def hand_over(self, wire: StreamWire) -> None:
        """Let ``wire`` hear of the connection from now on; for uvicorn the request is answered."""
        self._forget_deadline()
        self.flow.resume_reading()
        self.transport.set_protocol(wire)
        self.connections.discard(self)
        self.connections.add(wire)  # type: ignore[arg-type]  # the server tells those in it to end
        self.cycle.response_complete = True
        # They hold each other, and this.
        self.parser = self.scope = self.cycle = None  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        if peer is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED)
        if peer is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)

    def on_headers_complete(self) -> None:
        """Offer a wire."""
        self.is_chunked = self.parser.get_http_version() != "1.0"
        cast(dict[str, Any], self.scope)["extensions"] = {EXTENSION: self}
        super().on_headers_complete()

    def shutdown(self) -> None:
        """Hear that the server ends."""
        self.is_ending = True
        super().shutdown()


class StreamWire(asyncio.Protocol):
    """One connection that carries a stream: small, for there are thousands, and most of the time nothing happens.

    What its reader sends is not read: nothing is to follow a stream.
    """

    __slots__ = ("_connections", "_is_chunked", "_protocol", "_subscriber", "_transport", "is_full")

    def __init__(self, protocol: StreamProtocol) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._connections = protocol.connections
        self._is_chunked = protocol.is_chunked
        self._subscriber: Subscriber | None = None
        # The transport then writes at once, and asks to pause as soon as the kernel does not take all of it.
        self._transport.set_write_buffer_limits(0)
        self.is_full = False  # whether the transport has asked to pause

    def write(self, frame: Frame) -> None:
        """Write ``frame``, to a connection of HTTP/1.1 in chunks."""
        transport = self._transport
        if transport.is_closing():  # it may be gone, and the hub not yet know
            return
        pieces = frame.pieces
        if len(pieces) == 1:
            transport.write(pieces[0].chunk if self._is_chunked else pieces[0].data)
        else:
            transport.writelines([piece.chunk if self._is_chunked else piece.data for piece in pieces])

    async def run(self, subscriber: Subscriber, _receive: Any) -> None:
        """Take the connection over; it runs by itself, and whoever waits for this need not stay."""
        protocol = self._protocol
        del self._protocol
        self.is_full = protocol.flow.write_paused
        if self._transport.is_closing():
            subscriber.closed()
            return
        self._subscriber = subscriber
        protocol.hand_over(self)
        if self.is_full:
            subscriber.filled()
        if protocol.is_ending:  # the server began to end while this stream was prepared
            self.shutdown()

    def end(self) -> None:
        """End the response, and with it the connection."""
        if not self._transport.is_closing():
            if self._is_chunked:
                self._transport.write(LAST_CHUNK)
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    def pause_writing(self) -> None:
        """Hear that the reader does not take what was written."""
        self.is_full = True
        if self._subscriber is not None:
            self._subscriber.filled()

    def resume_writing(self) -> None:
        """Hear that the reader has taken it."""
        self.is_full = False
        if self._subscriber is not None:
            self._subscriber.drained()

    def connection_lost(self, _error: Exception | None) -> None:
        """Hear that the reader is gone."""
        self._connections.discard(self)
        if self._subscriber is not None:
            self._subscriber.closed()
            self._subscriber = None

    def shutdown(self) -> None:
        """End the stream cleanly, so that its reader resumes elsewhere."""
        if self._subscriber is not None:
            self._subscriber.end("shutdown")
