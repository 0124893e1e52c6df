"""BodyCache: rendered response bodies by ETag, so that what looks the same is not rendered again."""

from __future__ import annotations

from collections.abc import Callable

KEPT = 256  # bodies, 3 to 70 KB each


class BodyCache:
    """The last bodies by their tag, which stands for all that decides how they look (see ETags)."""

    def __init__(self, kept: int = KEPT) -> None:
        self._most = kept
        self._kept: dict[str, bytes] = {}

    def get(self, tag: str, make: Callable[[], str]) -> bytes:
        """Return the body of ``tag``, which ``make`` renders if it is not kept."""
        body = self._kept.pop(tag, None) or make().encode()
        if len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]  # the one that nobody has asked for for the longest time
        self._kept[tag] = body
        return body
