"""Server-Sent Events encoded as bytes. Imports nothing of ours.

The format is the "event stream" of the HTML standard, section 9.2.5.
"""

from __future__ import annotations

import re

END = b"\n\n"
_LINE_ENDS = re.compile("\r\n|\r|\n")  # str.splitlines() would split at characters that the format does not


def message(data: str, *, id: str | None = None, event: str | None = None, retry: int | None = None) -> bytes:
    """Return one message in UTF-8: its opening, what it holds, its end."""
    return opening(id=id, event=event, retry=retry) + text(data) + END


def opening(*, id: str | None = None, event: str | None = None, retry: int | None = None) -> bytes:
    """Return a message up to where its data begins; ``retry`` is in milliseconds.

    ``id`` and ``event`` must be of one line: raises ValueError otherwise.
    """
    fields = []
    for name, value in (("event", event), ("id", id), ("retry", retry)):
        if value is None:
            continue
        if _LINE_ENDS.search(str(value)) or "\0" in str(value):
            raise ValueError(f"{name} must be one line without NUL, not {value!r}")
        fields.append(f"{name}: {value}\n")
    return ("".join(fields) + "data: ").encode("utf-8", "replace")


def text(data: str) -> bytes:
    """Return ``data``, which may hold any line ends, as it stands in a message after its opening."""
    return _LINE_ENDS.sub("\ndata: ", data).encode("utf-8", "replace")
