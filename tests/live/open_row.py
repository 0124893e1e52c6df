"""OpenRow: a page that has one row open. It is told that there is news, and then asks how the row is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.copy import Copy
from tests.model import Event, Screen, parts


class OpenRow:
    """What it shows is its ``state``; ``ask`` returns how that is now."""

    def __init__(self, state: str, ask: Callable[[], Awaitable[str]]) -> None:
        self.state = state
        self._ask = ask
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_asking(self) -> bool:
        """Whether an answer is still to come."""
        return self._asking is not None and not self._asking.done()

    def copy(self) -> OpenRow:
        """Return another page that is as this one now is."""
        return OpenRow(self.state, self._ask)

    def receive(self, event: Event) -> None:
        """Ask, if there is news; what was asked before counts no longer."""
        if any(part.target.startswith("notice-") and "hx-get" in part.content for part in parts(event.data)):
            if self._asking is not None:
                self._asking.cancel()
            self._asking = asyncio.ensure_future(self._learn())

    async def _learn(self) -> None:
        self.state = await self._ask()


Shown = Screen | Copy | OpenRow
