"""StreamResponse: a routed stream hands its connection over to the hub; no generator, no queue.

There are two ways to write. On our server the connection itself becomes the writer: one chunk of bytes, made once, goes
straight to every socket, and neither a task nor anything of the request stays. On any other ASGI server the writer is
``send``, and a task waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPResponseBodyEvent, HTTPResponseStartEvent
from quart import Response
from quart.asgi import ASGIHTTPConnection
from quart.typing import ResponseTypes
from quart.utils import encode_headers

from rowcast.live.feed_key import FeedKey
from rowcast.live.frame import Frame
from rowcast.live.hub import Hub
from rowcast.live.limits import TooManyFeeds
from rowcast.live.subscriber import FrameWriter, Subscriber
from rowcast.routes.answers.send_timeout import SendTimeoutResponse, with_send_timeout

EXTENSION = "rowcast.writer"  # where our server puts into the ASGI scope what makes the connection a writer


class StreamResponse(Response):
    """The head of a stream, and what it is to follow: the feed of ``key``, from the revision ``have`` on."""

    def __init__(self, hub: Hub, key: FeedKey, have: str, client: str, refusal: Response) -> None:
        super().__init__(mimetype="text/event-stream")
        self.headers.update({"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self.hub, self.key, self.have, self.client, self.refusal = hub, key, have, client, refusal


class StreamingHttpConnection(ASGIHTTPConnection):
    """Quart's connection, but a StreamResponse is not sent: it is followed, after Quart's own tasks have ended."""

    stream: StreamResponse | None = None

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one request."""
        await super().__call__(receive, send)
        if self.stream is not None:
            await self._follow(self.stream, receive, send)

    async def _send_response(self, send: ASGISendCallable, response: ResponseTypes) -> None:
        if isinstance(response, StreamResponse):
            self.stream = response
        elif isinstance(response, SendTimeoutResponse):
            await super()._send_response(with_send_timeout(send, self.app.config["STALL"]), response)
        else:
            await super()._send_response(send, response)

    async def _follow(self, stream: StreamResponse, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        try:
            # Asked again: others may have come since the route asked.
            await stream.hub.feed(stream.key, stream.client, again=True)
            is_full = stream.hub.is_full(stream.client)
        except TooManyFeeds:
            is_full = True
        if is_full:
            await super()._send_response(send, stream.refusal)
            return
        extensions = cast(dict[str, Any], self.scope.get("extensions") or {})
        offered: Callable[[], RunnableFrameWriter] | None = extensions.get(EXTENSION)
        writer: RunnableFrameWriter = offered() if offered else AsgiFrameWriter(send)
        head = {"type": "http.response.start", "status": 200, "headers": encode_headers(stream.headers)}
        await send(cast(HTTPResponseStartEvent, head))
        await stream.hub.feed(stream.key, stream.client, again=True)
        # From here to the subscription nothing is awaited: the feed cannot be dropped in between.
        subscriber = stream.hub.subscribe(stream.key, writer, stream.have, stream.client)
        subscriber.left = partial(stream.hub.unsubscribe, stream.key, subscriber, stream.client)
        await writer.run(subscriber, receive)


class RunnableFrameWriter(FrameWriter, Protocol):
    """A writer that tells the subscriber what happens to the connection."""

    async def run(self, subscriber: Subscriber, receive: ASGIReceiveCallable) -> None:
        """Begin to tell; it may be that it goes on by itself after that."""


class AsgiFrameWriter:
    """Writes by ASGI ``send``: one frame at a time is under way, and the reader is full until it is gone."""

    def __init__(self, send: ASGISendCallable) -> None:
        self._send = send
        self._frame: Frame | None = None
        self._written = asyncio.Event()
        self._over = asyncio.Event()
        self._is_aborted = False

    @property
    def is_full(self) -> bool:
        """Whether a frame is under way."""
        return self._frame is not None

    def write(self, frame: Frame) -> None:
        """Write ``frame``."""
        self._frame = frame
        self._written.set()

    def end(self) -> None:
        """End the response."""
        self._over.set()

    def abort(self) -> None:
        """ASGI cannot drop a connection; to return without an end makes the server do it."""
        self._is_aborted = True
        self._over.set()

    async def run(self, subscriber: Subscriber, receive: ASGIReceiveCallable) -> None:
        """Send what is written until the subscriber has ended or the client is gone."""
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._pump(subscriber)),
            asyncio.create_task(_disconnect(receive)),
            asyncio.create_task(self._over.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            subscriber.closed()
        if not self._is_aborted:
            last = {"type": "http.response.body", "body": b"", "more_body": False}
            await self._send(cast(HTTPResponseBodyEvent, last))

    async def _pump(self, subscriber: Subscriber) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            if self._frame is not None:
                subscriber.filled()
                body = {"type": "http.response.body", "body": self._frame.data, "more_body": True}
                await self._send(cast(HTTPResponseBodyEvent, body))
                self._frame = None
                subscriber.drained()


async def _disconnect(receive: ASGIReceiveCallable) -> None:
    # The first messages are the request itself.
    while (await receive())["type"] != "http.disconnect":
        pass
