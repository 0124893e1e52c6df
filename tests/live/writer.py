"""A writer in memory: what a reader got, a socket that can be made to lag, and who reads at its other end."""

from __future__ import annotations

from rowcast.live.frame import Frame
from rowcast.live.subscriber import Subscriber
from tests.live.open_row import Shown
from tests.model import Decoder, Event


class MemoryWire:
    """Delivers what is written, until ``hold``: the writer is full; or until it ``is_cut``: what is written is lost.

    Nobody notices a cable that is cut: the sender hears of it when the connection breaks.
    """

    def __init__(self, screen: Shown | None = None) -> None:
        self.frames: list[Frame] = []
        self.events: list[Event] = []
        self.is_full = False
        self.is_aborted = self.is_ended = False
        self.is_cut = False
        self.screen = screen
        self._decoder = Decoder()

    @property
    def last_id(self) -> str:
        """What the browser would send as ``Last-Event-ID``."""
        return self._decoder.last_id

    def write(self, frame: Frame) -> None:
        """Deliver ``frame``."""
        assert not self.is_full, "nothing may be written to a reader that lags"
        assert not self.is_aborted, "nothing may be written to a reader that was dropped"
        self.frames.append(frame)
        if self.is_cut:
            return
        for event in self._decoder.feed(frame.data):
            self.events.append(event)
            if self.screen is not None:
                self.screen.receive(event)

    def end(self) -> None:
        """Hear that the stream ends cleanly."""
        self.is_ended = True

    def abort(self) -> None:
        """Hear that the connection is dropped."""
        self.is_aborted = True

    def hold(self, subscriber: Subscriber) -> None:
        """Lag from now on."""
        self.is_full = True
        subscriber.filled()

    def drain(self, subscriber: Subscriber) -> None:
        """Lag no longer."""
        self.is_full = False
        subscriber.drained()
