"""EndSignals: hears that the server of others was told to end, for ASGI says so only when all streams have ended.

uvicorn waits for them without end, unless ``timeout_graceful_shutdown`` is set. So we hear the signal, as it does. The
handlers of an event loop (``add_signal_handler``) go on to work beside ours. Hypercorn's workers get no signal: it cuts
what is open after its ``graceful_timeout``.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], Any]


class EndSignals:
    """Between ``start`` and ``stop``, ``heard`` is called when a signal comes that the server handles, as it is too.

    Signals that nobody handles are left alone.
    """

    def __init__(self, heard: Callable[[], object]) -> None:
        self._heard = heard
        self._ours: dict[int, tuple[Handler, Handler]] = {}

    def start(self) -> None:
        """Begin to hear; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in NUMBERS:
            theirs = signal.getsignal(number)
            if callable(theirs) and theirs is not signal.default_int_handler:
                self._ours[number] = ours, _ = self._before(theirs), theirs
                signal.signal(number, ours)

    def stop(self) -> None:
        """Give back what was there before, unless somebody else has come meanwhile."""
        for number, (ours, theirs) in self._ours.items():
            if signal.getsignal(number) is ours:
                signal.signal(number, theirs)
        self._ours.clear()

    def _before(self, theirs: Handler) -> Handler:
        loop = asyncio.get_running_loop()

        def handle(number: int, frame: FrameType | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._heard)
            theirs(number, frame)

        return handle
