"""FairSemaphore: bounds how much is done at a time, in all and for each client; who waits is served client by client.

(Fair queuing: a client that asks for a thousand things waits for its own, and nobody else does.)
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection


class FairSemaphore:
    """At most ``places`` at a time, of which no client has more than its ``share``."""

    def __init__(self, places: int, share: int) -> None:
        self._free = places
        self._share = share
        self._at_work: Counter[str] = Counter()
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = {}  # by client, in the order of their turns

    async def acquire(self, clients: Collection[str]) -> str:
        """Wait for a place, and return the client that has it: of all who want the same, the one that asked least."""
        client = min(clients, key=self._asked_by)
        if self._has_place(client):
            self._take(client)
            return client
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, {})[place] = None
        try:
            await place
        except asyncio.CancelledError:
            self._leave(client, place)
            raise
        return client

    def release(self, client: str) -> None:
        """Give the place of ``client`` back."""
        self._free += 1
        self._at_work[client] -= 1
        if not self._at_work[client]:
            del self._at_work[client]
        for other in tuple(self._waiting):
            if self._has_place(other):
                self._call(other)
            elif not self._free:
                break

    def _asked_by(self, client: str) -> int:
        return self._at_work[client] + len(self._waiting.get(client, ()))

    def _has_place(self, client: str) -> bool:
        return self._free > 0 and self._at_work[client] < self._share

    def _take(self, client: str) -> None:
        self._free -= 1
        self._at_work[client] += 1

    def _call(self, client: str) -> None:
        places = self._waiting.pop(client)
        while places:
            place = next(iter(places))
            del places[place]
            if not place.cancelled():
                self._take(client)
                place.set_result(None)
                break
        if places:
            self._waiting[client] = places  # after all the others

    def _leave(self, client: str, place: asyncio.Future[None]) -> None:
        if not place.cancelled():  # it was called just before it left
            self.release(client)
        elif others := self._waiting.get(client):
            others.pop(place, None)
            if not others:
                del self._waiting[client]
