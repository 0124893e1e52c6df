"""FeedKey: what identifies a feed, so that readers who see the same bytes share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rowcast.live.audience import Audience
from rowcast.tables.listing import Listing

Format = Literal["html", "json"]


@dataclass(frozen=True)
class FeedKey:
    """The table's name, the listing, the audience, and the format in which changes are told."""

    table: str
    listing: Listing
    audience: Audience
    format: Format = "html"
