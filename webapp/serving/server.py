"""The server process: uvicorn with our protocol; it prints its address, and ends with status 0 on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
from collections.abc import Iterator
from typing import Any

import click
import uvicorn

from rowcast.config import BadSetting, Settings
from rowcast.mounting.mountable_app import MountableApp
from rowcast.serving.heap_trimming import trim_heap
from rowcast.serving.http_protocol import StreamingHttpProtocol

BACKLOG = 2048  # connections that wait to be accepted: a restart brings all readers back at once
# How many objects came and did not go when the new, the older and all are searched for those that hold each other.
# To go through all that 5,000 streams hold takes 0.1 s, in which nobody is told anything.
GARBAGE = 10_000, 50, 10
SHUTDOWN = 1  # seconds that unfinished requests have


class Server(uvicorn.Server):
    """uvicorn's server, which exits with 0 after SIGTERM and prints its address."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave on SIGINT, SIGTERM and SIGHUP; uvicorn would raise the signal again: the exit status would be -15."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup ignores SIGHUP, and so does a worker: it is for the parent.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.begun(sockets or [])

    def begun(self, sockets: list[socket.socket]) -> None:
        """Hear that connections are accepted; the address is printed."""
        tell_address(sockets)


def serve(app: MountableApp, settings: Settings) -> None:
    """Serve ``app`` until SIGINT, SIGTERM or SIGHUP; open streams then end cleanly within two seconds."""
    with bind(settings) as bound:
        Server(configuration(app, settings)).run([bound])


def configuration(app: MountableApp, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn is to serve ``app``, and let this process open many files and pause seldom."""
    # Each stream is an open file; what the shell allows by default is too few.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.set_threshold(*GARBAGE)
    gc.freeze()  # what was imported stays
    trim_heap()
    app.hears_signals = False  # our protocol ends the streams
    limits = {"request_timeout": settings.request_timeout, "header_limit": settings.header_limit}
    protocol = type("Protocol", (StreamingHttpProtocol,), limits)
    options: dict[str, Any] = {
        "http": protocol,
        "loop": "uvloop",
        "ws": "none",
        "lifespan": "on",
        "log_level": "warning",
        "server_header": False,
        "log_config": None,
        # Without a proxy of ours, whoever can reach us could sign the history with any address.
        "proxy_headers": bool(settings.proxies),
        "forwarded_allow_ips": list(settings.proxies),
        "timeout_graceful_shutdown": SHUTDOWN,
    }
    return uvicorn.Config(app, **options)


def bind(settings: Settings, *, is_shared: bool = False) -> socket.socket:
    """Return a listening socket; raises BadSetting when the address cannot be had.

    One that ``is_shared`` may have the port of others that are.
    """
    host, port = settings.host, settings.port
    try:
        return socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=BACKLOG,
            reuse_port=is_shared,
        )
    except (OSError, UnicodeError) as error:  # a name that no name server can be asked for is no Unicode, says Python
        number = getattr(error, "errno", None) or 0
        # Those of name servers are negative, and not the system's.
        reason = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or "there is no such name"
        raise BadSetting(f"{host}, port {port}, cannot be had: {reason}. Set ROWCAST_HOST or ROWCAST_PORT.") from None


def tell_address(sockets: list[socket.socket]) -> None:
    """Print where the server is."""
    for bound in sockets:
        host, port = bound.getsockname()[:2]
        click.echo(f"Rowcast is at http://{f'[{host}]' if ':' in host else host}:{port}/")
