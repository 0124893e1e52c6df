"""Frame: the bytes of one event of a stream, made once and written to many readers. Knows no rows and no HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rowcast.live.sse import END, message, opening, text


@dataclass(frozen=True)
class FrameSegment:
    """Bytes that are in many frames, or go to many readers: one object, however slow they are to take it."""

    data: bytes

    @cached_property
    def chunk(self) -> bytes:
        """The segment as one chunk of an HTTP/1.1 body, made once for all readers (RFC 9112, 7.1)."""
        return b"%x\r\n%b\r\n" % (len(self.data), self.data)


@dataclass(frozen=True)
class Frame:
    """One event in segments, and the revision that a reader has after it."""

    revision: str
    segments: tuple[FrameSegment, ...]

    @property
    def data(self) -> bytes:
        """The event."""
        return b"".join(segment.data for segment in self.segments)

    @cached_property
    def size(self) -> int:
        """The length of the event, in bytes."""
        return sum(len(segment.data) for segment in self.segments)


def frame(revision: str, body: str) -> Frame:
    """Return the frame that carries ``body`` to all who are at one revision."""
    return Frame(revision, (FrameSegment(message(body, id=revision)),))


def rest(body: str) -> FrameSegment:
    """Return ``body`` as the rest of frames that begin differently."""
    return FrameSegment(text(body) + END)


def joined(revision: str, begin: str, shared: FrameSegment, *, retry: int | None = None) -> Frame:
    """Return the frame that carries ``begin`` to one reader, and then the rest, which others get as well."""
    return Frame(revision, (FrameSegment(opening(id=revision, retry=retry) + text(begin)), shared))
