"""InterWorkerRelay: passes a browser's answer to a stream's greeting on to the worker that holds the stream.

By datagram sockets between the workers of one machine: the answer may reach any of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rowcast.live.worker_peers import WorkerPeers

LONGEST = 1024  # bytes of a message; a token has 16


class InterWorkerRelay:
    """``tell`` takes a token to all other workers, where ``heard`` is called with it; what cannot go is dropped."""

    def __init__(self, peers: WorkerPeers, heard: Callable[[str], object]) -> None:
        self._peers = peers
        self._heard = heard

    def start(self) -> None:
        """Begin to listen."""
        asyncio.get_running_loop().add_reader(self._peers.inbox, self._hear)

    def tell(self, token: str) -> None:
        """Tell the others; never waits."""
        message = token.encode()
        if len(message) > LONGEST:
            return
        for outbox in self._peers.outboxes:
            # One that is dead or that has no time: the browser's log lacks a line, and nothing else.
            with suppress(OSError):
                outbox.send(message)

    def stop(self) -> None:
        """Listen no longer."""
        asyncio.get_running_loop().remove_reader(self._peers.inbox)

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            self._heard(self._peers.inbox.recv(LONGEST).decode())
