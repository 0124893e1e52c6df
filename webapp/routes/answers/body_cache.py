"""BodyCache: rendered response bodies by ETag, so that what looks the same is not rendered again."""

from __future__ import annotations

from collections.abc import Callable

KEPT = 4 * 1024 * 1024  # bytes, of bodies of 3 to 70 KB each


class BodyCache:
    """The last bodies by their tag, which stands for all that decides how they look (see ETags)."""

    def __init__(self, kept: int = KEPT) -> None:
        self._free = kept
        self._kept: dict[str, bytes] = {}

    def get(self, tag: str, make: Callable[[], str]) -> bytes:
        """Return the body of ``tag``, which ``make`` renders if it is not kept."""
        if (body := self._kept.pop(tag, None)) is None:
            body = make().encode()
            self._free -= len(body)
        self._kept[tag] = body
        while self._free < 0:
            oldest = next(iter(self._kept))  # the one that nobody has asked for for the longest time
            self._free += len(self._kept.pop(oldest))
        return body
