"""RequestLimitsProtocol: an HTTP connection whose requests must come in time and in size."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class RequestLimitsProtocol(HttpToolsProtocol):
    """uvicorn's connection, which does not wait for the slow, nor collect what has no end."""

    request_timeout = 20.0  # seconds in which a request must have come, body and all; the server sets it
    header_limit = 64 * 1024  # bytes of one request's head, and of what follows its body; the server sets it
    _deadline: asyncio.TimerHandle | None = None
    _head = 0  # bytes of the headers that are complete
    _pending = 0  # bytes that have come since the last that were of use
    _is_in_head = _is_in_request = _is_of_use = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._is_of_use = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        # The parser itself collects an address or a header without end, and tells only when it ends; after the chunks
        # of a body come such headers as well.
        self._pending = self._pending + len(data) if self._is_in_request and not self._is_of_use else 0
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
        self._is_in_head = self._is_in_request = True
        self._expect_request()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; one that comes after the body (a trailer) is counted, and is no part of the head."""
        self._head += len(name) + len(value)
        if self._head > self.header_limit:
            self._refuse(TOO_LARGE)
        elif self._is_in_head:  # what follows a body is for nobody
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head of a request."""
        self._is_in_head = False
        self._is_of_use = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take some of the body."""
        self._is_of_use = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_in_request = False
        self._forget_deadline()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hear that the other side is gone."""
        self._forget_deadline()
        super().connection_lost(exc)

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
