"""What a feed is kept by, and how much of everything a hub may keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from webapp.tables.listing import Listing

Form = Literal["html", "json"]


@dataclass(frozen=True)
class Embed:
    """How a table stands in a page of others.

    In a frame it has a page of its own; otherwise it is a part of theirs, and ``origin`` is what its addresses begin
    with. ``theme`` is light, dark, or empty for what the system says.
    """

    origin: str = ""
    actions: bool = True
    theme: str = ""


@dataclass(frozen=True)
class Audience:
    """What else decides how a row looks: the reader's language, and where the table stands when it is embedded.

    Nothing personal is ever in a frame that is shared.
    """

    language: str
    embed: Embed | None = None


@dataclass(frozen=True)
class Key:
    """What a feed is kept by: the table's name, the listing, the audience, and the form in which it tells them."""

    table: str
    listing: Listing
    audience: Audience
    form: Form = "html"


@dataclass(frozen=True)
class Limits:
    """How many there may be of what a reader can make us hold; and how long, in seconds, things may last."""

    streams: int
    streams_per_client: int
    heartbeat: float
    stream_life: float
    stall: float
    linger: float
    feeds: int
    remembered: int


class Full(Exception):
    """As many feeds are open as may be."""
