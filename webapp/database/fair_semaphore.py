"""FairSemaphore: bounds how much is done at a time, in all and for each client; who waits is served client by client.

(Fair queuing: a client that asks for a thousand things waits for its own, and nobody else does.)
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

SLOW = 0.005  # seconds; whose work takes longer gets it done one by one, for it takes from others also while they wait
RECENTLY = 1.0  # seconds in which somebody else must have asked for that: who is alone has the machine for itself
REST = 2  # times what its work took, until who wants more at a time than that has its next turn
LONGEST_REST = 0.25  # seconds


@dataclass(frozen=True)
class Turn:
    """A place that ``client`` has."""

    client: str
    began: float = field(default_factory=time.perf_counter)


class FairSemaphore:
    """At most ``places`` at a time, of which no client has more than its ``share``, and one if its work is slow."""

    def __init__(self, places: int, share: int) -> None:
        self._free = places
        self._share = share
        self._at_work: Counter[str] = Counter()  # or at rest, which takes a place from the client and from nobody else
        self._asked: dict[str, float] = {}  # when; of the two clients that asked last
        self._slow: set[str] = set()  # clients whose last work was slow; forgotten when nothing more is asked
        self._waiting: dict[str, dict[asyncio.Future[None], None]] = {}  # by client, in the order of their turns

    async def acquire(self, clients: Collection[str]) -> Turn:
        """Wait for a place. What several ``clients`` want is the concern of the one that has asked least."""
        client = min(clients, key=self._asked_by)
        self._note(client)
        if self._has_place(client):
            self._take(client)
            return Turn(client)
        place = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, {})[place] = None
        try:
            await place
        except asyncio.CancelledError:
            self._leave(client, place)
            raise
        return Turn(client)

    def release(self, turn: Turn) -> None:
        """Give the place back."""
        took = time.perf_counter() - turn.began
        (self._slow.add if took > SLOW else self._slow.discard)(turn.client)
        self._free += 1
        if took > SLOW and turn.client in self._waiting and not self._is_alone(turn.client):
            rest = min(REST * took, LONGEST_REST)
            asyncio.get_running_loop().call_later(rest, self._end, turn.client)
            self._call_next()
        else:
            self._end(turn.client)

    def _end(self, client: str) -> None:
        self._at_work[client] -= 1
        if not self._at_work[client]:
            del self._at_work[client]
        self._call_next()
        if not self._asked_by(client):
            self._slow.discard(client)

    def _call_next(self) -> None:
        for client in tuple(self._waiting):
            while client in self._waiting and self._has_place(client):
                self._call(client)
            if not self._free:
                break

    def _note(self, client: str) -> None:
        self._asked.pop(client, None)
        self._asked[client] = time.perf_counter()
        if len(self._asked) > 2:
            del self._asked[next(iter(self._asked))]

    def _is_alone(self, client: str) -> bool:
        since = time.perf_counter() - RECENTLY
        return all(other == client or at < since for other, at in self._asked.items())

    def _asked_by(self, client: str) -> int:
        return self._at_work[client] + len(self._waiting.get(client, ()))

    def _has_place(self, client: str) -> bool:
        is_bounded = client in self._slow and not self._is_alone(client)
        return self._free > 0 and self._at_work[client] < (1 if is_bounded else self._share)

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
            self._free += 1
            self._end(client)
        elif others := self._waiting.get(client):
            others.pop(place, None)
            if not others:
                del self._waiting[client]
