"""Audience: what besides the listing decides how rows look, shared by many readers. Knows no person and no request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EmbedOptions:
    """How a table stands in a page of others.

    In a frame it has a page of its own; otherwise it is a part of theirs, and its addresses begin with our ``origin``.
    ``theme`` is light, dark, or empty for what the system says.
    """

    origin: str = ""
    actions: bool = True
    theme: str = ""


@dataclass(frozen=True)
class Audience:
    """What else decides how a row looks: the reader's language, where the table stands when it is embedded, and the
    path (``prefix``, like ``/admin``) that all our paths begin with.

    Nothing personal is ever in a frame that is shared.
    """

    language: str
    embed: EmbedOptions | None = None
    prefix: str = ""
