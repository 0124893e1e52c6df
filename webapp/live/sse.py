"""Server-Sent Events as bytes. Imports nothing of ours.

The format is the "event stream" of the HTML standard, section 9.2.5.
"""

from __future__ import annotations

import re

_LINE_ENDS = re.compile("\r\n|\r|\n")  # str.splitlines() would split at characters that the format does not


def message(data: str, *, id: str | None = None, event: str | None = None, retry: int | None = None) -> bytes:
    """Return one message in UTF-8. ``data`` may hold any line ends; ``retry`` is in milliseconds.

    ``id`` and ``event`` must be of one line: raises ValueError otherwise.
    """
    lines = []
    for name, value in (("event", event), ("id", id), ("retry", retry)):
        if value is None:
            continue
        if _LINE_ENDS.search(str(value)) or "\0" in str(value):
            raise ValueError(f"{name} must be one line without NUL, not {value!r}")
        lines.append(f"{name}: {value}")
    lines += (f"data: {line}" for line in _LINE_ENDS.split(data))
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")
