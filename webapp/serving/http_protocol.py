"""StreamingHttpProtocol: an HTTP connection that a stream can take over, and the lighter one that it then is."""

from __future__ import annotations

import asyncio
import socket
import weakref
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from rowcast.live.frame import Frame
from rowcast.live.subscriber import Subscriber
from rowcast.routes.answers.stream_response import EXTENSION
from rowcast.serving.request_limits import RequestLimitsProtocol
from rowcast.serving.unchunked_cycle import UnchunkedCycle

UNSENT = 64 * 1024  # bytes that the kernel holds for a reader beyond what is on its way; by default it is megabytes
UNACKNOWLEDGED = 30_000  # milliseconds after which the kernel gives up a peer that is gone without a word
LAST_CHUNK = b"0\r\n\r\n"


class StreamingHttpProtocol(RequestLimitsProtocol):
    """One connection, which offers itself to streams."""

    is_ending = False

    def hand_over(self, writer: StreamConnection) -> None:
        """Let ``writer`` hear of the connection from now on; for uvicorn the request is answered."""
        self._forget_deadline()
        self.flow.resume_reading()
        self.transport.set_protocol(writer)
        self.connections.discard(self)
        self.connections.add(writer)  # type: ignore[arg-type]  # the server tells those in it to end
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
        """Offer a writer for this request; a client may send the next before it is answered."""
        is_chunked = self.parser.get_http_version() != "1.0"  # which knows no chunks
        super().on_headers_complete()
        if not is_chunked:
            self.cycle.__class__ = UnchunkedCycle
        # Weakly: they hold the scope that this is in, and nobody would let go.
        offer = partial(_writer, weakref.ref(self), weakref.ref(self.cycle), is_chunked)
        cast(dict[str, Any], self.scope)["extensions"] = {EXTENSION: offer}

    def shutdown(self) -> None:
        """Hear that the server ends."""
        self.is_ending = True
        super().shutdown()


def _writer(
    protocol: weakref.ref[StreamingHttpProtocol], cycle: weakref.ref[RequestResponseCycle], is_chunked: bool
) -> StreamConnection:
    return StreamConnection(cast(Any, protocol()), cast(Any, cycle()), is_chunked)


class StreamConnection(asyncio.Protocol):
    """One connection that carries a stream: small, for there are thousands, and most of the time nothing happens.

    uvicorn is still to send the head. What its reader sends is not read: nothing is to follow a stream.
    """

    __slots__ = ("_connections", "_cycle", "_is_chunked", "_protocol", "_subscriber", "_transport", "is_full")

    def __init__(self, protocol: StreamingHttpProtocol, cycle: RequestResponseCycle, is_chunked: bool) -> None:
        cycle.keep_alive = False  # whoever follows a stream for minutes asks nothing else here
        self._cycle = cycle
        self._protocol = protocol
        self._transport = protocol.transport
        self._connections = protocol.connections
        self._is_chunked = is_chunked
        self._subscriber: Subscriber | None = None
        if not self._transport.is_closing():  # it refuses when it is gone
            # It then asks to pause as soon as the kernel does not take all: what waited here would be old.
            self._transport.set_write_buffer_limits(0)
        self.is_full = False  # whether the transport has asked to pause

    def write(self, frame: Frame) -> None:
        """Write ``frame``, to a connection of HTTP/1.1 in chunks."""
        transport = self._transport
        if transport.is_closing():  # it may be gone, and the hub not yet know
            return
        segments = frame.segments
        if len(segments) == 1:
            transport.write(segments[0].chunk if self._is_chunked else segments[0].data)
        else:
            transport.writelines([segment.chunk if self._is_chunked else segment.data for segment in segments])

    async def run(self, subscriber: Subscriber, _receive: Any) -> None:
        """Take the connection over; it runs by itself, and whoever waits for this need not stay."""
        protocol = self._protocol
        self._cycle.response_complete = True  # for uvicorn, which would report an answer without an end
        del self._protocol, self._cycle
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
