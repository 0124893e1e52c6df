"""An event loop whose time passes only while all wait, and then at once.

A test of timers is as quick as what happens in it, and another program on the machine changes nothing. It is for tests
that wait for nothing outside: no threads, no sockets.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class ClockLoop(asyncio.SelectorEventLoop):
    """The event loop."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self.now


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: ClockLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:  # nothing is due
            return super().select(None)
        found = super().select(0)
        if not found:
            self._loop.now += max(0.0, timeout)
        return found
