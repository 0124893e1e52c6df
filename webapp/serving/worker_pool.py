"""Several worker processes that serve one port on one machine; each has an app and a hub of its own."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from pydantic import SecretStr

from rowcast.app import create_app
from rowcast.config import BadSetting, Settings
from rowcast.live.worker_peers import WorkerPeers
from rowcast.serving.server import Server, bind, configuration, tell_address
from rowcast.serving.supervisor import CannotStart, Supervisor
from rowcast.serving.worker_process import SIGNALS

JUST_ACCEPTED = 0.1  # seconds in which the request of a connection that is already ours will have come


class WorkerServer(Server):
    """The server of one worker: tells its parent when it accepts, and ends when its parent is gone."""

    def __init__(self, *of: Any, accepts: Callable[[], None], lifeline: int) -> None:
        super().__init__(*of)
        self._accepts = accepts
        self._lifeline = lifeline

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear the signals that the parent has blocked for us until now."""
        with super().capture_signals():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            yield

    def begun(self, _sockets: list[socket.socket]) -> None:
        """Tell the parent."""
        self._accepts()
        asyncio.get_running_loop().add_reader(self._lifeline, self._orphaned)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave new connections to the other workers, then end."""
        for server in self.servers:
            server.close()
        # uvicorn drops whoever has not asked yet, and one that connected just now had no time to.
        await asyncio.sleep(JUST_ACCEPTED)
        await super().shutdown(sockets)

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._lifeline)
        self.should_exit = True


def serve_many(settings: Settings) -> None:
    """Serve with ``settings.workers`` processes until SIGINT or SIGTERM."""
    if settings.secret is None:  # a cookie that one has signed is read by another
        settings = settings.model_copy(update={"secret": SecretStr(secrets.token_hex())})
    sockets = bind_each(settings)
    peers = WorkerPeers(settings.workers + 1)  # one that is replaced ends after its replacement has begun

    def work(place: int, accepts: Callable[[], None], lifeline: int) -> None:
        for other in sockets[:place] + sockets[place + 1 :]:
            other.close()
        try:
            peers.join()
            app = create_app(settings, peers)
        except BadSetting as error:
            sys.exit(f"Error: {error}")
        server = WorkerServer(configuration(app, settings), accepts=accepts, lifeline=lifeline)
        server.run([sockets[place]])

    try:
        Supervisor(work, settings.workers, lambda: tell_address(sockets[:1])).run()
    except CannotStart:
        raise click.ClickException("A worker could not start; why, it has said above.") from None
    finally:
        peers.close()
        for bound in sockets:
            bound.close()


def bind_each(settings: Settings) -> list[socket.socket]:
    """Return a listening socket for each worker, all at one port; raises BadSetting when it cannot be had.

    Linux spreads connections evenly over sockets that share a port; a single one would give a burst of them to
    whichever worker wakes first. We hold all of them, so what waits at a dead worker's is taken by its replacement.
    """
    first = bind(settings)  # not shared, so that a port which another server has is refused
    if sys.platform != "linux":  # elsewhere the last of them would get all
        return [first, *(first.dup() for _ in range(settings.workers - 1))]
    settings = settings.model_copy(update={"port": first.getsockname()[1]})
    first.close()
    return [bind(settings, is_shared=True) for _ in range(settings.workers)]
