"""The protocol: one connection, which is itself the wire of its stream, and which does not wait for the slow."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from webapp.live.frames import Frame
from webapp.live.subscriber import Subscriber
from webapp.routes.handover import EXTENSION

UNSENT = 64 * 1024  # bytes that the kernel holds for a reader beyond what is on its way; by default it is megabytes
UNACKNOWLEDGED = 30_000  # milliseconds after which the kernel gives up a peer that is gone without a word
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class StreamProtocol(HttpToolsProtocol):
    """One connection; when a stream is handed over, it writes the stream's frames straight to its transport."""

    request_timeout = 20.0  # seconds in which a request must have come, body and all; the server sets it
    header_limit = 64 * 1024  # bytes of one request's head; the server sets it
    subscriber: Subscriber | None = None
    _deadline: asyncio.TimerHandle | None = None
    is_aborted = False
    _is_ending = False
    _is_chunked = True
    _head = 0  # bytes of the headers that are complete
    _pending = 0  # bytes that have come while the head was not
    _is_in_head = False

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
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_in_head:
            # The parser itself collects an address or a header without end, and tells only when it ends.
            self._pending += len(data)
            if self._pending > self.header_limit:
                self._refuse(TOO_LARGE)
                return
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._deadline is None and self.timeout_keep_alive_task is None:
            self._expect_request()  # blank lines begin no message, but they have ended the wait for one

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._head = self._pending = 0
        self._is_in_head = True
        self._expect_request()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._head += len(name) + len(value)
        if self._head > self.header_limit:
            self._refuse(TOO_LARGE)
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Offer this connection as a wire."""
        self._is_in_head = False
        self._is_chunked = self.parser.get_http_version() != "1.0"
        cast(dict[str, Any], self.scope)["extensions"] = {EXTENSION: self}
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._forget_deadline()
        super().on_message_complete()

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
        self._forget_deadline()
        if self.subscriber is not None:
            self.subscriber.closed()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End the stream cleanly, so that its reader resumes elsewhere."""
        self._is_ending = True
        super().shutdown()
        if self.subscriber is not None:
            self.subscriber.end("shutdown")

    def _expect_request(self) -> None:
        # uvicorn itself waits for ever: a client that sends a byte now and then would hold the connection.
        self._forget_deadline()
        self._deadline = self.loop.call_later(self.request_timeout, self._refuse, TOO_SLOW)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, answer: bytes) -> None:
        if self.transport.is_closing():
            return
        # Once the app has begun to answer, a second answer would be taken for part of the first.
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()
