"""The server: uvicorn with a protocol that is the wire of its streams, and that ends them on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from typing import Any, cast

import click
import uvicorn
from quart import Quart
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from webapp.config import BadSetting, Settings
from webapp.live.frames import Frame
from webapp.live.subscriber import Subscriber
from webapp.routes.handover import EXTENSION

UNACKNOWLEDGED = 30_000  # milliseconds after which the kernel gives up a peer that is gone without a word
BACKLOG = 2048  # connections that wait to be accepted: a restart brings all readers back at once
SHUTDOWN = 1  # seconds that unfinished requests have


class StreamProtocol(HttpToolsProtocol):
    """One connection; when a stream is handed over, it writes the stream's frames straight to its transport."""

    subscriber: Subscriber | None = None

    @property
    def is_full(self) -> bool:
        """Whether the transport has asked to pause."""
        return self.flow.write_paused

    def write(self, frame: Frame) -> None:
        """Write ``frame`` as one chunk."""
        self.transport.write(frame.chunk)

    def abort(self) -> None:
        """Drop the connection."""
        self.transport.abort()

    async def run(self, subscriber: Subscriber, _receive: Any) -> None:
        """Tell ``subscriber`` what happens to the connection until it has ended or the client is gone."""
        self.subscriber = subscriber
        if self.is_full:
            subscriber.filled()
        if self.transport.is_closing():
            subscriber.closed()
        await subscriber.ended.wait()
        self.subscriber = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        peer = transport.get_extra_info("socket")
        if peer is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED)

    def on_headers_complete(self) -> None:
        """Offer this connection as a wire; HTTP/1.0 has no chunks, so its streams go by ``send``."""
        if self.parser.get_http_version() == "1.1":
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
        super().shutdown()
        if self.subscriber is not None:
            self.subscriber.end()


class Server(uvicorn.Server):
    """uvicorn's server, which exits with 0 after SIGTERM and prints its address."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave on SIGINT and SIGTERM; uvicorn would raise the signal again, and the exit status would be -15."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and print the address."""
        await super().startup(sockets)
        for bound in sockets or []:
            host, port = bound.getsockname()[:2]
            click.echo(f"Rowcast is at http://{f'[{host}]' if ':' in host else host}:{port}/")


def serve(app: Quart, settings: Settings) -> None:
    """Serve ``app`` until SIGINT or SIGTERM; open streams then end cleanly within two seconds."""
    options: dict[str, Any] = {
        "http": StreamProtocol,
        "loop": "uvloop",
        "ws": "none",
        "lifespan": "on",
        "log_level": "warning",
        "server_header": False,
        "timeout_graceful_shutdown": SHUTDOWN,
    }
    with bind(settings) as bound:
        Server(uvicorn.Config(app, **options)).run([bound])


def bind(settings: Settings) -> socket.socket:
    """Return the listening socket; raises BadSetting when the address cannot be had."""
    host, port = settings.host, settings.port
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
        )
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise BadSetting(f"{host}, port {port}, cannot be had: {reason}. Set ROWCAST_HOST or ROWCAST_PORT.") from None
