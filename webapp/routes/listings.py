"""Listings: the table as a page, and as the part that search, sort and page links replace."""

from __future__ import annotations

from functools import partial

from quart import Blueprint, request

from webapp.linking import PAUSED, url
from webapp.messages import Message, _
from webapp.routes.answers import Answer, answering
from webapp.routes.export import Exports
from webapp.routes.problems import problem
from webapp.routes.readers import audience, own_origin, wanted, wants_part
from webapp.routes.reading import asked, pairs_of
from webapp.routes.services import Services
from webapp.routes.waiting import still
from webapp.tables.documents import as_json, page_as_json
from webapp.tables.listing import Listing
from webapp.tables.page import Page
from webapp.tables.table import Table


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
        page = await services.pages.read(table, listing)
        revision = page.revision(services.renderers.get(table, audience()).seed)
        return Answer(
            json=partial(listing_as_json, page, revision),
            part="_listing_part.html",
            page="index.html",
            context={
                "page": page,
                "listing": listing,
                "revision": revision,
                "was_paused": PAUSED in current(),
                "origin": own_origin(),
                **still(page, paused),
                "failed": bool(problems),
            },
            flash=next(iter(problems.values()), None),
            headers=_history(listing, paused) if wants_part() else {},
            # Two addresses for a page that stands still and one that does not; but a part says when it began to.
            stands_on=(revision, own_origin(), str(PAUSED in current())),
            is_kept=not paused,
        )

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
