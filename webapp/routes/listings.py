"""Listings: the table as a page, as the part that search, sort and page links replace, as a frame without script."""

from __future__ import annotations

from datetime import UTC, datetime

from quart import Blueprint, request

from webapp.live.shown import pack
from webapp.live.steps import Outline
from webapp.messages import Message, _
from webapp.rendering import url
from webapp.routes.answers import Answer, answering, audience, wanted, wants_part
from webapp.routes.export import Exports
from webapp.routes.problems import problem
from webapp.routes.reading import PAUSED, asked, pairs_of
from webapp.routes.services import Services
from webapp.tables.documents import as_json, page_as_json
from webapp.tables.listing import Listing, parse
from webapp.tables.page import Page, read_page
from webapp.tables.table import Table

REFRESH = 5  # seconds


def add_listings(routes: Blueprint, table: Table, services: Services) -> None:
    """Add the routes of the listings of ``table``."""

    exports = Exports(table, services)

    @routes.get("")
    @answering(table, services)
    async def index() -> Answer:
        """The rows of a listing, their total, and the page links."""
        listing, paused, problems = asked(table, request.args.items(multi=True))
        if problems and wanted() in ("json", "csv"):
            return bad_listing(problems)
        if wanted() == "csv":
            return Answer(csv=await exports.respond(listing))
        page = await read(listing)
        return Answer(
            json=listing_as_json(page, revision(page)),
            part="_listing_part.html",
            page="index.html",
            context={
                "page": page,
                "listing": listing,
                "revision": revision(page),
                "paused": paused,
                "shown": pack(Outline.of(page)) if paused else "",
                "was_paused": PAUSED in current(),
                "now": datetime.now(UTC),
                "origin": request.host_url,
                "failed": bool(problems),
            },
            flash=next(iter(problems.values()), None),
            headers=_history(listing, paused) if wants_part() else {},
            # Two addresses for a page that stands still and one that does not; but a part says when it began to.
            stands_on=(revision(page), request.host_url, str(PAUSED in current())),
        )

    @routes.get("/table")
    @answering(table, services)
    async def frame() -> Answer:
        """The table alone, refreshed by the browser itself: what readers without script have beside the form."""
        listing, _problems = parse(table, request.args.items(multi=True))
        page = await read(listing)
        return Answer(
            part="_table.html",
            page="frame.html",
            context={"page": page, "listing": listing},
            tells=False,
            headers={"Refresh": str(REFRESH)},
            stands_on=(revision(page),),
        )

    async def read(listing: Listing) -> Page:
        async with services.database.read() as connection:
            return await read_page(connection, table, listing)

    def revision(page: Page) -> str:
        return page.revision(services.renderers.get(table, audience()).seed)

    def current() -> list[tuple[str, str]]:
        return pairs_of(request.headers.get("HX-Current-URL", ""))

    def _history(listing: Listing, paused: bool) -> dict[str, str]:
        before = asked(table, current())[0]
        # One search, typed letter by letter, is one entry in the browser's history.
        typing = before.q and listing.q and before.but(q="") == listing.but(q="")
        return {"HX-Replace-Url" if typing else "HX-Push-Url": url(table, listing, paused=paused)}


def bad_listing(problems: dict[str, Message]) -> Answer:
    """Return the answer to a program that asked for a listing that does not exist."""
    return Answer(json=problem(400, _("There is no such listing."), problems), status=400)


def listing_as_json(page: Page, revision: str) -> dict[str, object]:
    """Return a listing as programs see it."""
    return {**page_as_json(page, revision), "rows": [as_json(row) for row in page.rows]}
