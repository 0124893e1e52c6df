"""FeedKey: what identifies a feed, so that readers who see the same bytes share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rowcast.live.audience import Audience
from rowcast.tables.key import Key
from rowcast.tables.listing import Listing

Format = Literal["html", "json"]


@dataclass(frozen=True)
class FeedKey:
    """The table's name, the listing, the audience, and the format in which changes are told.

    With ``row`` it is not the listing, but that row alone, whatever page it is on.
    """

    table: str
    listing: Listing
    audience: Audience
    format: Format = "html"
    row: Key | None = None
