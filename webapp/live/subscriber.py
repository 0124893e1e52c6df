"""Subscriber: one open connection that follows a feed. It holds no queue: what it cannot take now, it is behind by."""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from rowcast.live.frame import Frame
from rowcast.tables.listing import BEYOND

TOKEN = re.compile("[A-Za-z0-9_-]{16}")  # of a greeting; nothing else is passed on to other processes


class FrameWriter(Protocol):
    """One of two ways to write: straight to the transport, or by ASGI ``send``."""

    @property
    def is_full(self) -> bool:
        """Whether the reader must drain what was written before more is worth writing."""

    def write(self, frame: Frame) -> None:
        """Write ``frame``; never waits."""

    def end(self) -> None:
        """End the response, after all that was written."""

    def abort(self) -> None:
        """Drop the connection, and with it what the reader has not taken."""


class Subscriber:
    """One open connection: what revision it has, and whether it is behind.

    ``life`` and ``stall`` are in seconds: how long the stream may live, and how long its reader may take nothing.
    ``page`` is the number that it asked for, which may be past the end.
    """

    __slots__ = (
        "_life",
        "_stall",
        "_stalled",
        "began_at",
        "bytes",
        "catch_up",
        "frames",
        "greeted_at",
        "is_behind",
        "lags",
        "left",
        "page",
        "reason",
        "revision",
        "token",
        "writer",
    )

    def __init__(self, writer: FrameWriter, *, life: float, stall: float, page: int = BEYOND) -> None:
        self.writer = writer
        self.page = page
        self.revision = ""
        self.is_behind = False
        self.token = secrets.token_urlsafe(12)
        self.greeted_at = 0.0
        self.catch_up: Callable[[Subscriber], None] | None = None  # the feed's, while it is subscribed
        self.left: Callable[[], None] | None = None  # to be called when it is over
        self.reason = ""  # why it is over
        self.began_at = time.monotonic()
        self.frames = 0
        self.bytes = 0
        self.lags = 0  # how often it fell behind
        self._stall = stall
        self._stalled: asyncio.TimerHandle | None = None
        # Random, so that the readers of one moment do not come back as one wave.
        self._life = asyncio.get_running_loop().call_later(life * random.uniform(0.8, 1.0), self.end, "life")  # noqa: S311

    @property
    def account(self) -> dict[str, str | float]:
        """What became of the stream, for the log."""
        seconds = round(time.monotonic() - self.began_at, 1)
        return {"reason": self.reason, "seconds": seconds, "frames": self.frames, "bytes": self.bytes}

    def push(self, frame: Frame) -> None:
        """Write ``frame``, or fall behind when the reader has not drained what came before."""
        if self.writer.is_full:
            self.lags += not self.is_behind
            self.is_behind = True
            return
        self.revision = frame.revision
        self.frames += 1
        self.bytes += frame.size
        self.writer.write(frame)

    def filled(self) -> None:
        """Hear from the writer that the reader lags: it has ``stall`` seconds to take what was written."""
        if self._stalled is None:
            self._stalled = asyncio.get_running_loop().call_later(self._stall, self.abort, "stalled")

    def drained(self) -> None:
        """Hear from the writer that it can take more: one frame brings a reader that is behind up to now."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        if self.is_behind and self.catch_up is not None:
            self.is_behind = False
            self.catch_up(self)

    def end(self, reason: str) -> None:
        """End the stream cleanly; a reader that takes nothing is dropped instead, for it would not see the end."""
        self.closed(reason)
        if self.writer.is_full:
            self.writer.abort()
        else:
            self.writer.end()

    def abort(self, reason: str) -> None:
        """Drop the connection."""
        self.closed(reason)
        self.writer.abort()

    def closed(self, reason: str = "left") -> None:
        """Hear that nothing more is to be written."""
        self.reason = self.reason or reason
        self._life.cancel()
        if self._stalled is not None:
            self._stalled.cancel()
        if self.left is not None:
            left, self.left = self.left, None
            left()
